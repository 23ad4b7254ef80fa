// The frame: who may come in, four views, light and dark, how the gateway is.

import { html, render, useEffect, useRef, useState } from "./vendor/htm-preact.js";
import { ask, takeToken, useToken } from "./api.js";
import { Chat } from "./chat.js";
import { Config } from "./config.js";
import { Decisions } from "./decisions.js";
import { Traffic } from "./traffic.js";

const VIEWS = { chat: Chat, decisions: Decisions, traffic: Traffic, config: Config };
const TITLES = { chat: "Chat", decisions: "Decisions", traffic: "Traffic", config: "Config" };
const SCHEMES = { auto: "as the system", light: "light", dark: "dark" };
const LOOKS_EVERY = 5000;

function useView() {
  const read = () => (location.hash.slice(1).split("/")[0] in VIEWS ? location.hash.slice(1) : "chat").split("/");
  const [view, setView] = useState(read());
  useEffect(() => {
    const changed = () => {
      takeToken();
      setView(read());
    };
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  return view;
}

function App() {
  const [open, setOpen] = useState(Boolean(takeToken()));
  useEffect(() => {
    const locked = () => setOpen(false);
    addEventListener("archgw-locked", locked);
    return () => removeEventListener("archgw-locked", locked);
  }, []);
  return open ? html`<${Frame} />` : html`<${Door} onOpen=${() => setOpen(true)} />`;
}

function Door({ onOpen }) {
  const field = useRef();
  const enter = (event) => {
    event.preventDefault();
    useToken(field.current.value);
    onOpen();
  };
  return html`<main class="door">
    <h1>archgw console</h1>
    <p><code>archgw console</code> shows the link that opens it. Or paste that link here:</p>
    <form onSubmit=${enter}>
      <label>Link or token <input ref=${field} type="password" autocomplete="off" required autofocus /></label>
      <button class="main">Open</button>
    </form>
  </main>`;
}

function Frame() {
  const [view, detail] = useView();
  const main = useRef();
  const first = useRef(true);
  // Whoever goes to another view by keyboard or by ear is to be in it.
  useEffect(() => {
    document.title = `${TITLES[view]} · archgw console`;
    if (!first.current) {
      main.current.focus({ preventScroll: true });
    }
    first.current = false;
  }, [view]);
  const View = VIEWS[view];
  const skip = (event) => {
    event.preventDefault();
    main.current.focus();
  };
  return html`
    <a class="skip" href="#main" onClick=${skip}>Skip to the content</a>
    <header class="top">
      <p class="brand"><img src="/static/icon.svg" alt="" width="22" height="22" /> archgw</p>
      <nav aria-label="Views">
        ${Object.entries(TITLES).map(([name, title]) => html`
          <a href="#${name}" aria-current=${name === view ? "page" : undefined}>${title}</a>`)}
      </nav>
      <${State} />
      <${Scheme} />
    </header>
    <main id="main" key=${view} ref=${main} tabindex="-1" class="view ${view}" aria-labelledby="title">
      <h1 id="title" class="unseen">${TITLES[view]}</h1>
      <${View} detail=${detail} />
    </main>`;
}

function State() {
  const [state, setState] = useState("…");
  useEffect(() => {
    let timer;
    const look = async () => {
      try {
        setState((await ask("ready")).state);
      } catch {
        setState("console gone");
      }
      timer = setTimeout(look, LOOKS_EVERY);
    };
    look();
    return () => clearTimeout(timer);
  }, []);
  const kind = { ready: "good", "…": "" }[state] ?? "bad";
  return html`<p class="state" role="status">
    <span class="unseen">The gateway is </span><span class="dot ${kind}" aria-hidden="true"></span> ${state}
  </p>`;
}

function Scheme() {
  const [scheme, setScheme] = useState(localStorage.getItem("archgw-scheme") ?? "auto");
  useEffect(() => {
    document.documentElement.dataset.scheme = scheme;
    localStorage.setItem("archgw-scheme", scheme);
    // For what is painted, not styled.
    dispatchEvent(new Event("archgw-scheme"));
  }, [scheme]);
  return html`<label class="scheme"><span class="unseen">Colours </span>
    <select value=${scheme} onChange=${(event) => setScheme(event.target.value)}>
      ${Object.entries(SCHEMES).map(([name, words]) => html`<option value=${name}>${words}</option>`)}
    </select>
  </label>`;
}

render(html`<${App} />`, document.getElementById("app"));
