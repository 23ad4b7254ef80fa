// A conversation with the gateway, as an application holds it, and why it went as it did.

import { html, useEffect, useRef, useState } from "./vendor/htm-preact.js";
import { ask, reason, request } from "./api.js";
import { Golden } from "./golden.js";
import { Outcome, Timeline, called } from "./timeline.js";

const SETTINGS = { listener: "", model: "", key: "", stream: true };
const ENVOY_WRITES = 700;
const TRIES = 6;

/** What was said outlives the view, not the tab. */
let kept = { turns: [], settings: SETTINGS };

export function Chat() {
  const [turns, setTurns] = useState(kept.turns);
  const [settings, setSettings] = useState(kept.settings);
  const [listeners, setListeners] = useState(null);
  const [shown, setShown] = useState(null);
  const [busy, setBusy] = useState(null);
  kept = { turns, settings };

  useEffect(() => {
    ask("listeners").then((found) => {
      setListeners(found);
      const names = found.map((each) => each.name);
      const first = names.includes("prompt") ? "prompt" : names[0] ?? "";
      setSettings((old) => (names.includes(old.listener) ? old : { ...old, listener: first }));
    }, () => setListeners([]));
  }, []);

  const change = (id, news) => setTurns((all) => all.map((each) => (each.id === id ? { ...each, ...news } : each)));

  const send = async (text) => {
    const id = crypto.randomUUID();
    const history = turns.filter((each) => each.ok).flatMap((each) => [each.asked, ...each.tools, each.said]);
    const messages = [...history, { role: "user", content: text }];
    const turn = { id, asked: messages.at(-1), messages, said: { role: "assistant", content: "" }, tools: [], ok: false };
    const stop = new AbortController();
    setTurns((all) => [...all, turn]);
    setShown(id);
    setBusy(stop);
    try {
      await converse(settings, messages, stop.signal, (news) => change(id, news));
    } catch (error) {
      change(id, { failed: error.name === "AbortError" ? "stopped" : error.message });
    }
    setBusy(null);
  };

  const anew = () => {
    busy?.abort();
    setTurns([]);
    setShown(null);
  };

  const current = turns.find((each) => each.id === shown) ?? turns.at(-1);
  return html`
    <section class="talk" aria-label="Conversation">
      <${Settings} settings=${settings} change=${setSettings} listeners=${listeners} anew=${anew} />
      <${Turns} turns=${turns} current=${current} show=${setShown} busy=${Boolean(busy)} listeners=${listeners} />
      <${Composer} send=${send} busy=${busy} disabled=${!settings.listener} />
    </section>
    <section class="why" aria-labelledby="why-title">
      <h2 id="why-title">Why</h2>
      <${Why} turn=${current} />
    </section>`;
}

/** One turn: the answer as it comes, its decision as soon as there is one, what the LLM took at the end. */
async function converse(settings, messages, signal, tell) {
  const began = performance.now();
  const body = { messages, stream: settings.stream, ...(settings.model && { model: settings.model }) };
  const { listener, key } = settings;
  const response = await request("chat", { body: { listener, key, body }, signal });
  const given = response.headers.get("x-request-id");
  const id = given && encodeURIComponent(given);
  const decided = id && listener === "prompt" ? ask(`decisions/${id}`) : null;
  decided?.then((record) => tell({ record }), () => {});
  if (!response.ok) {
    tell({ failed: `${response.status}: ${await reason(response)}` });
    return;
  }
  const heard = {};
  let text = "";
  const take = (piece) => {
    if (piece.error) throw new Error(piece.error.message ?? "the stream ended in an error");
    const said = piece.choices?.[0]?.delta?.content ?? piece.choices?.[0]?.message?.content;
    if (said) heard.first ??= performance.now() - began;
    text += said ?? "";
    const state = piece.metadata?.["x-arch-state"];
    // JSON in JSON in JSON: so it has been since v0.1.
    const tools = state && { tools: JSON.parse(JSON.parse(state).messages) };
    tell({ said: { role: "assistant", content: text }, ...tools });
  };
  if (response.headers.get("content-type")?.startsWith("text/event-stream")) {
    for await (const piece of events(response.body)) take(piece);
  } else {
    take(await response.json());
  }
  heard.all = performance.now() - began;
  const record = await decided?.catch(() => null);
  tell({ heard, ok: record?.outcome !== "refused" });
  if (record?.outcome === "forwarded") tell({ record: await told(`decisions/${id}`, (found) => found?.llm, signal) ?? record });
  if (id && !decided) tell({ call: await told(`calls/${id}`, Boolean, signal) });
}

/** The data of server-sent events, each as JSON. */
async function* events(body) {
  let rest = "";
  for await (const piece of body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + piece).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop();
    for (const line of lines) {
      const data = /^data: ?(.*)/.exec(line)?.[1];
      if (data && data !== "[DONE]") yield JSON.parse(data);
    }
  }
}

/** Envoy tells of a call once it is over, within a second. */
async function told(path, isThere, signal) {
  for (let tries = 0; tries < TRIES && !signal.aborted; tries++) {
    const found = await ask(path);
    if (isThere(found)) return found;
    await new Promise((done) => setTimeout(done, ENVOY_WRITES));
  }
  return null;
}

function Settings({ settings, change, listeners, anew }) {
  const set = (name) => (event) => {
    const { type, checked, value } = event.target;
    change((old) => ({ ...old, [name]: type === "checkbox" ? checked : value }));
  };
  const listener = listeners?.find((each) => each.name === settings.listener);
  return html`<form class="settings" onSubmit=${(event) => event.preventDefault()}>
    <label>Listener
      <select value=${settings.listener} onChange=${set("listener")}>
        ${listeners?.map((each) => html`<option value=${each.name}>${each.name}, port ${each.port}</option>`)}
      </select></label>
    <label>Model <input value=${settings.model} onInput=${set("model")} placeholder="the default one" spellcheck="false" /></label>
    ${listener?.auth && html`<label>Client's key <input type="password" autocomplete="off" value=${settings.key} onInput=${set("key")} placeholder="callers show one" /></label>`}
    <label class="check"><input type="checkbox" checked=${settings.stream} onChange=${set("stream")} /> Stream</label>
    <button type="button" onClick=${anew}>New conversation</button>
  </form>`;
}

function Turns({ turns, current, show, busy, listeners }) {
  const end = useRef();
  const length = turns.reduce((sum, each) => sum + each.said.content.length + (each.failed?.length ?? 0), turns.length);
  useEffect(() => {
    if (end.current) end.current.scrollTop = end.current.scrollHeight;
  }, [length]);
  if (listeners && !listeners.length) return html`<p class="empty">No gateway serves: <code>archgw up</code> starts one.</p>`;
  if (!turns.length) return html`<p class="empty">Say something, as a user of your application would. Beside it stands why the gateway did what it does.</p>`;
  return html`<div class="turns" ref=${end} role="log" aria-label="What was said" aria-busy=${busy} tabindex="0"><ol>
    ${turns.map((turn) => html`<li key=${turn.id} class=${turn === current ? "current" : ""}>
      <div class="asked"><span class="unseen">You: </span>${turn.asked.content}</div>
      <div class="said ${turn.failed ? "bad" : ""}"><span class="unseen">Gateway: </span>${turn.said.content}
        ${turn.failed && html`<span class="failure">${turn.failed}</span>`}
        ${!turn.said.content && !turn.failed && html`<span class="dim">…</span>`}</div>
      ${turn.record && html`<button class="link" aria-pressed=${turn === current} onClick=${() => show(turn.id)}>
        Why <${Outcome} record=${turn.record} /></button>`}
    </li>`)}
  </ol></div>`;
}

function Composer({ send, busy, disabled }) {
  const field = useRef();
  const submit = (event) => {
    event?.preventDefault();
    const text = field.current.value.trim();
    if (!text || busy) return;
    field.current.value = "";
    send(text);
  };
  const onKey = (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      submit();
    }
  };
  return html`<form class="composer" onSubmit=${submit}>
    <label class="unseen" for="prompt">Your message</label>
    <textarea id="prompt" ref=${field} rows="2" placeholder="Your message; Enter sends, Shift+Enter is a new line"
      disabled=${disabled} onKeyDown=${onKey}></textarea>
    ${busy ? html`<button type="button" onClick=${() => busy.abort()}>Stop</button>` : html`<button class="main" disabled=${disabled}>Send</button>`}
  </form>`;
}

function Why({ turn }) {
  if (!turn) return html`<p class="empty">The decision about what is said appears here, step by step.</p>`;
  if (!turn.record) {
    const why = turn.call || turn.heard ? "This listener forwards to LLMs and decides nothing about prompts." : "…";
    return html`<p class="empty">${why}</p>${turn.call && html`<p>${called(turn.call)}</p>`}`;
  }
  return html`
    <${Timeline} record=${turn.record} messages=${turn.messages} heard=${turn.heard} known=${known(turn)} />
    <p class="dim">Request <code>${turn.record.id}</code></p>
    <${Golden} key=${turn.id} record=${turn.record} messages=${turn.messages.filter((each) => typeof each.content === "string" && ["user", "assistant"].includes(each.role))} />`;
}

/** Target → arguments, from what the gateway says that it called: the application is told of it. */
function known(turn) {
  const calls = turn.tools.flatMap((each) => each.tool_calls ?? []).map((each) => each.function);
  return Object.fromEntries(calls.map((each) => [each.name, JSON.parse(each.arguments)]));
}
