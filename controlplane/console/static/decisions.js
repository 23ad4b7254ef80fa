// The decisions as they come, the newest first. Only the rows that are seen are drawn, so ten
// thousand are as quick as ten.

import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "./vendor/htm-preact.js";
import { ask } from "./api.js";
import { Golden } from "./golden.js";
import { Outcome, Timeline } from "./timeline.js";
import { OUTCOMES, clock, ms, share } from "./words.js";

const MOST = 10000;
const ROW = 34;
const BEYOND = 8;
const PAUSE = 1000;
const TELLS_EVERY = 5000;
const NO_FILTER = { text: "", outcome: "", target: "", client: "", slow: "" };

/** What has come so far outlives the view: the gateway itself remembers two thousand at most. */
const feed = { records: [], mark: "", heard: true };

export function Decisions({ detail }) {
  const [records, setRecords] = useState(feed.records);
  const [heard, setHeard] = useState(feed.heard);
  const [filter, setFilter] = useState(NO_FILTER);
  const [paused, setPaused] = useState(false);
  const [chosen, setChosen] = useState(detail ?? null);

  useEffect(() => {
    if (paused) return undefined;
    const stop = new AbortController();
    follow(stop.signal, () => {
      setRecords(feed.records);
      setHeard(feed.heard);
    });
    return () => stop.abort();
  }, [paused]);

  const shown = useMemo(() => chooseBy(records, filter), [records, filter]);
  const record = useMemo(() => records.find((each) => each.id === chosen), [records, chosen]);
  const targets = useMemo(() => [...new Set(records.flatMap(targetsOf))].sort(), [records]);
  const clients = useMemo(() => [...new Set(records.map((each) => each.client).filter(Boolean))].sort(), [records]);
  return html`
    <section class="list" aria-label="Decisions">
      <${Filter} filter=${filter} change=${setFilter} targets=${targets} clients=${clients} />
      <div class="counted">
        <p>${shown.length === records.length ? "" : `${shown.length} of `}${records.length} decisions</p>
        <${News} count=${records.length} />
        <button aria-pressed=${paused} onClick=${() => setPaused(!paused)}>${paused ? "Go on" : "Pause"}</button>
      </div>
      ${!heard && html`<p class="warn">No process that decides about prompts answers.</p>`}
      <${Rows} records=${shown} chosen=${chosen} choose=${setChosen} any=${records.length > 0} />
    </section>
    <section class="why" aria-labelledby="why-title">
      <h2 id="why-title">Why</h2>
      ${record ? html`<${Detail} key=${record.id} record=${record} />` : html`<p class="empty">Choose a decision: arrow keys move in the list.</p>`}
    </section>`;
}

/** Asks for what is new, again and again; each question waits until something is. */
async function follow(signal, tell) {
  while (!signal.aborted) {
    try {
      // Whoever was away is looked for, not waited for.
      const found = await ask(`decisions?after=${encodeURIComponent(feed.mark)}${feed.heard ? "" : "&wait=0"}`, { signal });
      const first = !feed.mark;
      feed.mark = found.mark;
      feed.heard = found.heard;
      if (found.records.length) feed.records = [...found.records.reverse(), ...feed.records].slice(0, MOST);
      tell();
      if (!found.heard || first) await pause(signal);
    } catch (error) {
      if (error.name === "AbortError" || error.status === 401) return;
      await pause(signal);
    }
  }
}

const pause = (signal) => new Promise((done) => {
  setTimeout(done, PAUSE);
  signal.addEventListener("abort", done);
});

function targetsOf(record) {
  return record.calls.map((each) => each.target);
}

function chooseBy(records, { text, outcome, target, client, slow }) {
  const words = text.trim().toLowerCase();
  const least = Number(slow);
  if (!words && !outcome && !target && !client && !least) return records;
  return records.filter((each) => (!outcome || each.outcome === outcome)
    && (!target || targetsOf(each).includes(target))
    && (!client || each.client === client)
    && each.ms >= least
    && (!words || [each.id, each.trace, each.prompt?.text, each.error?.code, each.guard?.refused_by, ...targetsOf(each)]
      .some((part) => part?.toLowerCase().includes(words))));
}

function Filter({ filter, change, targets, clients }) {
  const set = (name) => (event) => {
    const { value } = event.target;
    change((old) => ({ ...old, [name]: value }));
  };
  return html`<form class="settings" role="search" aria-label="Filter decisions" onSubmit=${(event) => event.preventDefault()}>
    <label>Find <input type="search" value=${filter.text} onInput=${set("text")} placeholder="id, target, error" /></label>
    <label>Outcome <select value=${filter.outcome} onChange=${set("outcome")}>
      <option value="">any</option>
      ${Object.entries(OUTCOMES).map(([name, words]) => html`<option value=${name}>${words}</option>`)}
    </select></label>
    <label>Target <select value=${filter.target} onChange=${set("target")}>
      <option value="">any</option>
      ${targets.map((name) => html`<option value=${name}>${name}</option>`)}
    </select></label>
    ${clients.length > 0 && html`<label>Client <select value=${filter.client} onChange=${set("client")}>
      <option value="">any</option>
      ${clients.map((name) => html`<option value=${name}>${name}</option>`)}
    </select></label>`}
    <label>At least <select value=${filter.slow} onChange=${set("slow")}>
      <option value="">0 ms</option>
      ${[10, 50, 100, 500, 1000].map((each) => html`<option value=${each}>${each} ms</option>`)}
    </select></label>
  </form>`;
}

/** Says to those who listen how many have come, and not each time. */
function News({ count }) {
  const [words, setWords] = useState("");
  const told = useRef({ count, timer: null });
  useEffect(() => {
    const state = told.current;
    if (count === state.count || state.timer) return;
    state.timer = setTimeout(() => {
      setWords(`${Math.max(0, latest.current - state.count)} new decisions`);
      state.count = latest.current;
      state.timer = null;
    }, TELLS_EVERY);
  }, [count]);
  const latest = useRef(count);
  latest.current = count;
  useEffect(() => () => clearTimeout(told.current.timer), []);
  return html`<p class="unseen" role="status">${words}</p>`;
}

function Rows({ records, chosen, choose, any }) {
  const box = useRef();
  const [seen, setSeen] = useState({ from: 0, height: 600 });
  const look = () => box.current && setSeen({ from: box.current.scrollTop, height: box.current.clientHeight });
  useEffect(() => {
    look();
    const watch = new ResizeObserver(look);
    watch.observe(box.current);
    return () => watch.disconnect();
  }, []);
  // What somebody looks at stays where it is while others come above it.
  const before = useRef(records);
  useLayoutEffect(() => {
    const old = before.current;
    before.current = records;
    if (!box.current.scrollTop || !old.length) return;
    const came = records.indexOf(old[0]);
    if (came > 0) box.current.scrollTop += came * ROW;
  }, [records]);

  const at = records.findIndex((each) => each.id === chosen);
  const go = (to) => {
    const index = Math.max(0, Math.min(records.length - 1, to));
    if (!records[index]) return;
    choose(records[index].id);
    const top = index * ROW;
    if (top < box.current.scrollTop) box.current.scrollTop = top;
    if (top + ROW > box.current.scrollTop + box.current.clientHeight) box.current.scrollTop = top + ROW - box.current.clientHeight;
    look();
  };
  const page = Math.max(1, Math.floor(seen.height / ROW) - 1);
  const steps = { ArrowDown: at + 1, ArrowUp: at < 0 ? 0 : at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: records.length - 1 };
  const onKey = (event) => {
    if (event.key in steps) {
      event.preventDefault();
      go(steps[event.key]);
    }
  };
  const first = Math.max(0, Math.floor(seen.from / ROW) - BEYOND);
  const last = Math.min(records.length, Math.ceil((seen.from + seen.height) / ROW) + BEYOND);
  const rows = records.slice(first, last).map((record, index) => ({ record, number: first + index }));
  const active = at >= first && at < last ? `decision-${chosen}` : undefined;
  return html`
    <div class="row heads" aria-hidden="true"><span>Time</span><span>Outcome</span><span>Target</span><span>Attack</span><span>Took</span></div>
    <div class="rows" ref=${box} role="listbox" aria-label="Decisions, the newest first" tabindex="0"
      aria-activedescendant=${active} onScroll=${look} onKeyDown=${onKey}>
      <div role="presentation" style=${{ height: `${records.length * ROW}px` }}>
        ${rows.map(({ record, number }) => html`<${Row} key=${record.id} record=${record} number=${number}
          of=${records.length} chosen=${record.id === chosen} choose=${choose} />`)}
      </div>
    </div>
    ${!records.length && html`<p class="empty">${any ? "None is so: change the filter." : "No prompt was decided yet. What comes is here at once."}</p>`}`;
}

function Row({ record, number, of, chosen, choose }) {
  const targets = targetsOf(record);
  return html`<div class="row ${chosen ? "chosen" : ""}" role="option" id="decision-${record.id}" aria-selected=${chosen}
    aria-posinset=${number + 1} aria-setsize=${of} style=${{ top: `${number * ROW}px` }} onClick=${() => choose(record.id)}>
    <span>${clock(record.at)}</span>
    <span><${Outcome} record=${record} /></span>
    <span class="wide" title=${targets.join(", ")}>${targets.join(", ") || html`<span class="dim">none</span>`}${record.error && html` <code>${record.error.code}</code>`}</span>
    <span>${record.guard ? share(record.guard.score) : "–"}</span>
    <span>${ms(record.ms)}</span>
  </div>`;
}

const ENVOY_WRITES = 1500;

/** With what the LLM's call came to, which is known after the decision. */
function useCompleted(record) {
  const [completed, setCompleted] = useState(record);
  useEffect(() => {
    if (record.outcome !== "forwarded") return undefined;
    let timer;
    const look = async (again) => {
      const found = await ask(`decisions/${encodeURIComponent(record.id)}`).catch(() => null);
      if (found) setCompleted(found);
      if (found && !found.llm && again) timer = setTimeout(look, ENVOY_WRITES, false);
    };
    look(true);
    return () => clearTimeout(timer);
  }, [record.id]);
  return completed;
}

function Detail({ record: chosen }) {
  const record = useCompleted(chosen);
  const prompt = record.prompt;
  return html`
    <p>${prompt == null ? html`<span class="dim">No message of a user.</span>`
      : "text" in prompt ? html`<q>${prompt.text}</q>`
      : html`<span class="dim">${prompt.characters} characters, not kept; hash <code>${prompt.hash}</code></span>`}</p>
    <${Timeline} record=${record} />
    <dl class="values">
      <div><dt>request</dt><dd><code>${record.id}</code></dd></div>
      ${record.trace && html`<div><dt>trace</dt><dd><code>${record.trace}</code></dd></div>`}
      ${record.client && html`<div><dt>client</dt><dd>${record.client}</dd></div>`}
      <div><dt>config</dt><dd><code>${record.generation}</code></dd></div>
      <div><dt>messages</dt><dd>${record.messages}${record.stream ? ", answered as a stream" : ""}</dd></div>
    </dl>
    <${Golden} key=${record.id} record=${record} />`;
}
