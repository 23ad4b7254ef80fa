// Six charts from the gateway's own counters. Whoever cannot see them has each as a table.

import { html, useEffect, useRef, useState } from "./vendor/htm-preact.js";
import uPlot from "./vendor/uplot.js";
import { ask } from "./api.js";
import { number } from "./words.js";

const EVERY = 5000;
const SPANS = { 5: "5 minutes", 15: "15 minutes", 60: "an hour" };
const BY = ["provider", "model", "client", "target"];
const CHARTS = [
  ["requests", "Requests a second", { provider: "by provider", model: "by model", client: "by client", target: "calls that prompts wanted, by target" }],
  ["errors", "Errors a second", "by status"],
  ["latency", "Seconds to the end of an answer", "of LLM calls, over half a minute"],
  ["first", "Seconds to the first token", "of streams, over half a minute"],
  ["tokens", "Tokens a second", { target: "of all" }],
  ["cost", "Cost an hour", { target: "of all" }],
];
const HEIGHT = 170;
const TABLE_ROWS = 12;
const COLOURS = 9;

export function Traffic() {
  const [by, setBy] = useState("provider");
  const [span, setSpan] = useState("15");
  const [found, setFound] = useState(null);
  const [problem, setProblem] = useState("");
  const scheme = useScheme();
  useEffect(() => {
    const stop = new AbortController();
    let timer;
    const look = async () => {
      try {
        setFound(await ask(`traffic?by=${by}&minutes=${span}`, { signal: stop.signal }));
        setProblem("");
      } catch (error) {
        if (error.name === "AbortError") return;
        setProblem(error.message);
      }
      timer = setTimeout(look, EVERY);
    };
    look();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [by, span]);
  return html`
    <form class="settings" onSubmit=${(event) => event.preventDefault()}>
      <label>Told apart by <select value=${by} onChange=${(event) => setBy(event.target.value)}>
        ${BY.map((each) => html`<option value=${each}>${each}</option>`)}</select></label>
      <label>Of the last <select value=${span} onChange=${(event) => setSpan(event.target.value)}>
        ${Object.entries(SPANS).map(([minutes, words]) => html`<option value=${minutes}>${words}</option>`)}</select></label>
      <p class="dim">Counted since the console runs, every five seconds.</p>
    </form>
    ${problem && html`<p class="warn" role="alert">${problem}</p>`}
    <div class="charts">${found && CHARTS.map(([name, title, by_]) => html`
      <${Chart} key=${name} title=${title} about=${typeof by_ === "string" ? by_ : by_[found.by] ?? `by ${found.by}`}
        times=${found.times} chart=${found.charts[name]} scheme=${scheme} />`)}</div>`;
}

/** Changes when the colours do: what is painted has to be painted again. */
function useScheme() {
  const [scheme, setScheme] = useState(0);
  useEffect(() => {
    const changed = () => setScheme((old) => old + 1);
    const system = matchMedia("(prefers-color-scheme: dark)");
    addEventListener("archgw-scheme", changed);
    system.addEventListener("change", changed);
    return () => {
      removeEventListener("archgw-scheme", changed);
      system.removeEventListener("change", changed);
    };
  }, []);
  return scheme;
}

/** A colour of the style sheet: a canvas knows no variables. */
function colour(name) {
  const probe = document.createElement("span");
  probe.className = `colour-${name}`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

/** Of seconds since 1970. */
const clock = (at) => new Date(at * 1000).toTimeString().slice(0, 8);

function Chart({ title, about, times, chart, scheme }) {
  const place = useRef();
  const plot = useRef(null);
  const { names, values } = chart;
  const shape = `${names.join("|")}#${scheme}`;
  useEffect(() => {
    if (!names.length || !times.length) return undefined;
    const made = new uPlot(options(place.current.clientWidth, names), [times, ...values], place.current);
    plot.current = made;
    const watch = new ResizeObserver(() => made.setSize({ width: place.current.clientWidth, height: HEIGHT }));
    watch.observe(place.current);
    return () => {
      watch.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape, times.length > 0]);
  useEffect(() => plot.current?.setData([times, ...values]), [times, chart]);
  const now = names.map((name, index) => [name, values[index].findLast((each) => each != null)]);
  const anything = values.some((row) => row.some(Boolean));
  return html`<figure>
    <figcaption><h2>${title}</h2> <span class="dim">${about}</span></figcaption>
    <div class="plot" ref=${place} aria-hidden="true"></div>
    ${anything ? html`<ul class="legend">${now.map(([name, value], index) => html`
        <li><span class="key colour-${index % COLOURS}" aria-hidden="true"></span>${name} <b>${number(value)}</b></li>`)}</ul>
      <details><summary>As a table<span class="unseen">: ${title}</span></summary><${Table} title=${title} times=${times} names=${names} values=${values} /></details>`
    : html`<p class="dim">Nothing yet.</p>`}
  </figure>`;
}

function options(width, names) {
  const line = colour("line");
  const text = colour("dim");
  const axis = { stroke: text, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 }, font: "12px system-ui, sans-serif" };
  return {
    width, height: HEIGHT, legend: { show: false }, cursor: { y: false, points: { size: 6 } },
    scales: { y: { range: (_plot, least, most) => [0, most > 0 ? most * 1.1 : 1] } },
    axes: [{ ...axis, size: 32, space: 90, values: (_plot, ticks) => ticks.map(clock) }, { ...axis, size: 56, values: (_plot, ticks) => ticks.map(number) }],
    series: [{}, ...names.map((label, index) => ({ label, stroke: colour(index % COLOURS), width: 1.75, spanGaps: true }))],
  };
}

function Table({ title, times, names, values }) {
  const from = Math.max(0, times.length - TABLE_ROWS);
  const rows = times.slice(from).map((at, index) => [clock(at), from + index]).reverse();
  return html`<div class="scrolled" tabindex="0" role="region" aria-label="${title}, the newest values"><table>
    <thead><tr><th scope="col">Time</th>${names.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
    <tbody>${rows.map(([at, index]) => html`<tr><th scope="row">${at}</th>${values.map((row) => html`<td>${number(row[index])}</td>`)}</tr>`)}</tbody>
  </table></div>`;
}
