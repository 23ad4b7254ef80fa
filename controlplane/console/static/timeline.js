// A decision, step by step, from its record (extproc/record/schema.json). Each part draws what it
// finds and is silent where there is nothing.

import { html } from "./vendor/htm-preact.js";
import { OUTCOMES, ms, number, share } from "./words.js";

/** `messages`: the conversation, where it is known; `heard`: when the answer came; `known`: target →
 * arguments, for whoever knows more of them than the record keeps. */
export function Timeline({ record, messages, heard, known = {} }) {
  const steps = [
    guard(record),
    targets(record),
    ...record.calls.map((each) => values(each, said(record, messages), known[each.target] ?? {})),
    asked(record),
    ...record.apis.map(api),
    llm(record, heard),
    outcome(record),
  ].filter(Boolean);
  return html`
    <ol class="timeline">
      ${steps.map(({ name, took, kind, body }) => html`<li class=${kind}>
        <h3>${name}${took != null && html`<span class="took">${ms(took)}</span>`}</h3>
        ${body}
      </li>`)}
    </ol>
    <${Stages} record=${record} heard=${heard} />`;
}

export function Outcome({ record }) {
  const kind = { refused: "bad", failed: "bad", cancelled: "warn", asked: "warn", dropped: "warn" }[record.outcome];
  return html`<span class="badge ${kind ?? "good"}">${OUTCOMES[record.outcome]}</span>`;
}

/** Share of a whole, as a bar; the tick is the threshold. */
function Bar({ of, at, kind }) {
  return html`<span class="bar ${kind ?? ""}" aria-hidden="true">
    <span class="fill" style=${{ width: `${100 * Math.max(0, Math.min(1, of))}%` }}></span>
    ${at != null && html`<span class="tick" style=${{ left: `${100 * at}%` }}></span>`}
  </span>`;
}

/** What the models took for it, who answer for all stages at once. */
function took(record, what) {
  return record.models_ms[what];
}

function guard(record) {
  const found = record.guard;
  if (!found) return null;
  const kind = found.refused_by ? "bad" : "good";
  return {
    name: "Guard", took: took(record, "guard"), kind,
    body: html`<p>${found.refused_by ? `refused by ${found.refused_by}` : "passed"}, judged ${found.verdict}</p>
      <p class="ranked"><span>attack</span><${Bar} of=${found.score} kind=${kind} /><b>${share(found.score)}</b></p>
      ${found.view !== "text" && html`<p class="dim">read as ${found.view}</p>`}
      ${found.toxicity != null && html`<p class="ranked"><span>toxicity</span><${Bar} of=${found.toxicity} kind=${kind} /><b>${share(found.toxicity)}</b></p>`}`,
  };
}

function targets(record) {
  const found = record.intent;
  if (!found) return null;
  const margin = found.margin == null ? "" : `, the best is ${share(found.margin)} ahead`;
  return {
    name: "Targets", took: took(record, "targets"), kind: found.name ? "good" : "",
    body: html`<ul class="ranking">${found.ranking.map((each) => html`
        <li class="ranked ${each.name === found.name ? "chosen" : ""}">
          <span>${each.name}${each.name === found.name && html`<span class="unseen">, chosen</span>`}</span>
          <${Bar} of=${each.score} at=${found.threshold} kind=${each.name === found.name ? "good" : ""} /><b>${share(each.score)}</b>
        </li>`)}</ul>
      <p class="dim">${found.name ? "" : "none fits: "}a target fits from ${share(found.threshold)} on${margin}</p>`,
  };
}

/** What the messages say, where that is known: of the records only the last one's text can be. */
function said(record, messages) {
  if (messages) return (number) => messages[number]?.content;
  const text = record.prompt?.text;
  return (number) => (number === record.messages - 1 ? text : undefined);
}

function values(call, textOf, known) {
  return {
    name: `Values of ${call.target}`, kind: call.doubtful || call.unusable.length ? "warn" : "good",
    body: html`
      <${Marked} call=${call} textOf=${textOf} />
      <dl class="values">${call.arguments.map((each) => html`<div>
        <dt>${each.name}</dt>
        <dd><${Value} argument=${each} textOf=${textOf} known=${known} />
          <span class="dim">${each.default ? "by default" : each.evidence ? `${share(each.evidence.confidence)} sure` : "from the whole"}</span></dd>
      </div>`)}
      ${call.unusable.map((name) => html`<div><dt>${name}</dt><dd class="warn">what was said cannot be used</dd></div>`)}</dl>
      <p class="dim">${share(call.confidence)} sure of the call${call.doubtful ? ", but its words leave a doubt" : ""}</p>`,
  };
}

function Value({ argument, textOf, known }) {
  if ("value" in argument) return html`<code>${JSON.stringify(argument.value)}</code>`;
  if (argument.name in known) return html`<code>${JSON.stringify(known[argument.name])}</code>`;
  return fromText(argument, textOf) ?? html`<span class="dim">${ARTICLES[argument.type]}, not kept</span>`;
}

const ARTICLES = {
  null: "null", boolean: "yes or no", integer: "a whole number", number: "a number",
  string: "a text", array: "a list", object: "an object",
};

/** Where the record keeps no value, the words that say it, if somebody knows the text. */
function fromText(argument, textOf) {
  const place = argument.evidence;
  const text = place && textOf(place.message);
  return typeof text === "string" ? `“${[...text].slice(place.start, place.end).join("")}”` : null;
}

/** The messages that say values, with the words marked. Places count characters, not UTF-16. */
function Marked({ call, textOf }) {
  const places = call.arguments.filter((each) => each.evidence).map((each) => ({ ...each.evidence, name: each.name }));
  const numbers = [...new Set(places.map((each) => each.message))].sort((a, b) => a - b);
  return numbers.map((number) => {
    const text = textOf(number);
    if (typeof text !== "string") return null;
    const letters = [...text];
    const parts = [];
    let at = 0;
    for (const place of places.filter((each) => each.message === number).sort((a, b) => a.start - b.start)) {
      if (place.start < at) continue;
      parts.push(letters.slice(at, place.start).join(""));
      parts.push(html`<mark>${letters.slice(place.start, place.end).join("")}<span class="of">${place.name}</span></mark>`);
      at = place.end;
    }
    parts.push(letters.slice(at).join(""));
    return html`<blockquote>${parts}</blockquote>`;
  });
}

function asked(record) {
  if (!record.asked) return null;
  const what = record.asked.parameters.join(", ");
  return {
    name: "Asks the user", kind: "warn",
    body: html`<p>${record.asked.for === "confirm" ? "whether to go ahead" : `for ${what}`}</p>`,
  };
}

function api(sent) {
  const bad = sent.failed || sent.status >= 400;
  return {
    name: "API call", took: sent.ms, kind: bad ? "bad" : "good",
    body: html`<p><code>${sent.method} ${sent.path}</code> of ${sent.upstream}: ${sent.failed ?? sent.status}</p>`,
  };
}

function llm(record, heard) {
  if (record.outcome !== "forwarded") return null;
  const first = heard?.first == null ? "" : `, the first words after ${ms(heard.first)}`;
  return {
    name: "LLM", took: heard?.all == null ? null : Math.max(0, heard.all - record.ms),
    kind: record.llm?.outcome === "failed" ? "bad" : "good",
    body: html`<p>${record.llm ? called(record.llm) : "asked"}${first}</p>`,
  };
}

/** What a call of an LLM came to, in a sentence. */
export function called(call) {
  const tried = call.attempts > 1 ? ` in ${call.attempts} attempts` : "";
  return [
    `${call.provider ?? "no provider"}${call.model ? `, ${call.model}` : ""}${tried}: ${call.outcome}${call.status ? ` (${call.status})` : ""}`,
    call.input_tokens != null && `${number(call.input_tokens)} tokens in, ${number(call.output_tokens ?? 0)} out`,
    call.cost != null && `cost ${number(call.cost)}`,
  ].filter(Boolean).join("; ");
}

function outcome(record) {
  const error = record.error;
  return {
    name: "Outcome", took: record.ms, kind: error ? "bad" : "",
    body: html`<p><${Outcome} record=${record} />${error && html` <code>${error.status} ${error.code}</code>`}
      ${record.confirmed && " as the user confirmed"}</p>`,
  };
}

/** When each stage ran, on one line of time. */
function Stages({ record, heard }) {
  const rows = [
    ...record.stages.filter((each) => each.ms >= 0.05).map((each) => ({ name: each.name, from: each.from_ms ?? 0, ms: each.ms })),
    ...record.apis.map((each) => ({ name: each.target, from: each.from_ms ?? 0, ms: each.ms, kind: "api" })),
  ];
  if (heard?.all > record.ms && record.outcome === "forwarded") {
    rows.push({ name: "LLM", from: record.ms, ms: heard.all - record.ms, kind: "llm" });
  }
  if (!rows.length) return null;
  const all = Math.max(...rows.map((each) => each.from + each.ms));
  const place = (each) => ({ left: `${(100 * each.from) / all}%`, width: `${Math.max(0.5, (100 * each.ms) / all)}%` });
  return html`<section class="stages" aria-label="Time by stage">
    <h3>Time <span class="took">${ms(all)}</span></h3>
    <ul>${rows.map((each) => html`<li><span>${each.name}</span>
      <span class="track" aria-hidden="true"><span class=${each.kind ?? ""} style=${place(each)}></span></span><b>${ms(each.ms)}</b></li>`)}</ul>
  </section>`;
}
