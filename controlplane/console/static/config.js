// What the gateway runs by: the file with what is wrong in it, the last reload, who holds what.

import { html, useEffect, useState } from "./vendor/htm-preact.js";
import { ask } from "./api.js";
import { duration } from "./words.js";

export function Config() {
  const [found, setFound] = useState(null);
  const [problem, setProblem] = useState("");
  const [asked, setAsked] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    ask("config", { signal: stop.signal }).then(
      (answer) => {
        setFound(answer);
        setProblem("");
      },
      (error) => error.name !== "AbortError" && setProblem(error.message),
    );
    return () => stop.abort();
  }, [asked]);
  return html`
    <form class="settings" onSubmit=${(event) => event.preventDefault()}>
      <button onClick=${() => setAsked(asked + 1)}>Look again</button>
      ${found && html`<p class="dim">${found.status.config}</p>`}
    </form>
    ${problem && html`<p class="warn" role="alert">${problem}</p>`}
    ${!found && !problem && html`<p class="empty" role="status">Looking at the config and whom it calls …</p>`}
    ${found && html`<div class="config-parts">
      <div class="facts">
        <${Versions} found=${found} />
        <${Reload} last=${found.status.last_reload} />
        <${Parts} status=${found.status} />
      </div>
      <${File} file=${found.file} />
    </div>`}`;
}

function Versions({ found }) {
  const { status, generations, newest_generation: newest } = found;
  return html`<section aria-labelledby="versions"><h2 id="versions">Versions</h2>
    <table><thead><tr><th scope="col">Held by</th><th scope="col">What</th><th scope="col">Version</th></tr></thead><tbody>
      <tr><th scope="row">control plane</th><td>config</td><td><code>${status.version || "none"}</code></td></tr>
      ${Object.entries(status.acknowledged).map(([what, version]) => html`
        <tr><th scope="row">Envoy, accepted</th><td>${KINDS[what] ?? what}</td><td><code>${version}</code></td></tr>`)}
      ${newest && html`<tr><th scope="row">control plane</th><td>prompts</td><td><code>${newest}</code></td></tr>`}
      ${Object.entries(generations).map(([process, held]) => html`
        <tr><th scope="row">${process}</th><td>prompts</td><td>${held.length
          ? html`<code>${held.at(-1)}</code>${held.at(-1) !== newest && html` <span class="warn">until the next prompt</span>`}`
          : html`<span class="dim">read with the first prompt</span>`}</td></tr>`)}
    </tbody></table></section>`;
}

const KINDS = { CDS: "clusters", LDS: "listeners", RDS: "routes" };

function Reload({ last }) {
  return html`<section aria-labelledby="reload"><h2 id="reload">Last reload</h2>
    ${last ? html`<p><span class="badge ${last.ok ? "good" : "bad"}">${last.ok ? "taken" : "refused"}</span>
        ${last.summary}, <span class="dim">${duration(last.ago_s)} ago</span></p>
      ${last.changes.length > 0 && html`<ul class="changes">${last.changes.map((each) => html`<li>${each}</li>`)}</ul>`}
      ${last.problems.length > 0 && html`<ul class="changes">${last.problems.map((each) => html`<li class=${each.severity}>line ${each.line}: ${each.message}</li>`)}</ul>`}`
    : html`<p class="dim">None since the start.</p>`}</section>`;
}

function Parts({ status }) {
  return html`<section aria-labelledby="parts"><h2 id="parts">What runs</h2>
    <table><thead><tr><th scope="col">Part</th><th scope="col">State</th></tr></thead><tbody>
      ${status.listeners.map((each) => html`<tr><th scope="row">${each.name} listener</th>
        <td>${each.address}:${each.port}, <span class=${each.healthy ? "good" : "bad"}>${each.healthy ? "healthy" : "not healthy"}</span></td></tr>`)}
      ${status.children.map((each) => html`<tr><th scope="row">${each.name}${each.name === "envoy" && ` ${status.envoy_version}`}</th>
        <td><span class=${each.state === "running" ? "good" : "bad"}>${each.state}</span> for ${duration(each.uptime_s)}${each.restarts > 0 && `, restarted ${each.restarts} times`}</td></tr>`)}
      ${status.upstreams.map((each) => html`<tr><th scope="row">${each.name}</th>
        <td>${each.address}, <span class=${each.cause ? "bad" : "good"}>${each.cause ? `cannot be reached: ${each.detail}` : "reachable"}</span></td></tr>`)}
    </tbody></table></section>`;
}

function File({ file }) {
  const lines = file.text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const at = (number) => file.problems.filter((each) => each.line === number);
  const count = file.problems.length;
  return html`<section class="file" aria-labelledby="file"><h2 id="file">The file as it is now</h2>
    <p>${count ? `${count} ${count === 1 ? "problem" : "problems"}, below the lines they are of` : "No problems."}</p>
    <div class="code" tabindex="0" role="region" aria-label="The config, line by line"><ol>
      ${lines.map((line, index) => html`<li><code>${marked(line, at(index + 1)[0])}</code>
        ${at(index + 1).map((each) => html`<div class="problem ${each.severity}"><b>${each.severity} ${each.code}</b> ${each.message}${each.hint && html` <span class="hint">${each.hint}</span>`}</div>`)}</li>`)}
    </ol></div></section>`;
}

/** The line with what is meant underlined. Columns count characters, from one. */
function marked(line, problem) {
  if (!problem) return line || " ";
  const letters = [...line];
  const from = problem.column - 1;
  const to = from + problem.length;
  return html`${letters.slice(0, from).join("")}<u class=${problem.severity}>${letters.slice(from, to).join("") || " "}</u>${letters.slice(to).join("")}`;
}
