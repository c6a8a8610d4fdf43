// The shell around every page: who, where, when; the alarm that matters most; how fresh all is.

import "./come-in.js";
import { html, nothing, render } from "./vendor/lit-html/lit-html.js";
import { allAlarms, changed, enter, isExercise, live, now, onChange, resync, seat, store, take, topAlarm, watchSeat, watchSilence } from "./store.js";
import { acknowledge, dialog, form, mayAnswer, name, said, setName, tell } from "./answers.js";
import { badge, plantIndex, subject, why } from "./parts.js";
import { clock, span, wallClock } from "./format.js";
import { loadWords, otherLanguage, say, setLang, textOf } from "./words.js";
import * as announce from "./announce.js";
import * as drill from "./drill.js";
import { begin, greet, guide } from "./tour.js";

// Each page is fetched when somebody opens it for the first time. It has `view(at)`, and may have
// `enter(at)`, `key(event, at)`, `drawn(at)` and `leave()`.
const PAGES = {
  overview: () => import("./pages/overview.js"),
  plant: () => import("./pages/plant.js"),
  point: () => import("./pages/point.js"),
  map: () => import("./pages/map.js"),
  alarms: () => import("./pages/alarms.js"),
  tickets: () => import("./pages/tickets.js"),
  exercise: () => import("./pages/exercise.js"),
  station: () => import("./pages/station.js"),
};
// The past is fetched when somebody asks for it.
let past = null;
const loaded = {};

const root = document.getElementById("app");
const shell = { help: false, go: false, spoken: "", page: "" };

// What is no escape stays as it is.
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

// Where the address leads: a page, and what it is about.
function route() {
  const [, page = "", ...rest] = location.hash.split("/").map(decoded);
  const index = plantIndex(rest[0]);
  if (page === "alarms" || page === "tickets") return { page, id: rest[0] ?? null };
  if (page === "overview") return { page };
  if ((page === "exercise" || page === "station") && store.catalogue.exercise) return { page };
  if (page === "plant" && index >= 0) return { page, index };
  if (page === "map" && index >= 0) return { page, index, quantity: rest[1] };
  if (page === "point" && index >= 0) {
    const card = store.catalogue.plants[index];
    const tag = card.tags[card.byTag.get(rest[1])];
    if (tag) return { page, index, tag };
  }
  // Who leads an exercise begins at their station, and one plant greets with itself.
  if (store.catalogue.exercise && (store.role === "instructor" || store.role === "evaluator")) return { page: "station" };
  return store.catalogue.plants.length === 1 ? { page: "plant", index: 0 } : { page: "overview" };
}

function load(at) {
  loaded[at.page] ??= PAGES[at.page]().then((page) => {
    loaded[at.page] = page;
    page.enter?.(at);
    changed();
  }, () => {
    // The desk cannot be reached; it is asked again.
    delete loaded[at.page];
    setTimeout(changed, 2000);
  });
}

// The page, once it is there.
const pageOf = (at) => (typeof loaded[at.page]?.view === "function" ? loaded[at.page] : null);

function body(at) {
  if (shell.page && shell.page !== at.page) loaded[shell.page]?.leave?.();
  shell.page = at.page;
  if (pageOf(at)) return pageOf(at).view(at);
  load(at);
  return html`<p role="status">${say("loading")}</p>`;
}

// An exercise has a page for those who play it, and one for those who lead and judge it.
function exerciseLinks(link) {
  const asked = drill.shown()?.questions.length ?? 0;
  const leads = store.role === "instructor" || store.role === "evaluator";
  return html`${link("exercise", "#/exercise", html`${say("exercise")}${asked ? html` <b>(${asked}?)</b>` : nothing}`)}
    ${leads ? link("station", "#/station", say("station")) : nothing}`;
}

function header(at) {
  const { catalogue } = store;
  const all = allAlarms();
  const open = all.filter((it) => it.unanswered && !it.aside).length;
  const active = all.filter((it) => it.active).length;
  const own = catalogue.plants[at.index ?? 0];
  const speed = store.plants.find((it) => it.head.speed)?.head.speed;
  const link = (page, hash, text) => html`<a href=${hash} aria-current=${at.page === page ? "page" : nothing}>${text}</a>`;
  return html`<header>
    <strong class="brand">${catalogue.plants.length === 1 ? textOf(own.title) : catalogue.title ? textOf(catalogue.title) : say("plants")}</strong>
    <nav aria-label=${say("pages")}>${link("overview", "#/overview", say("overview"))}
      ${link("plant", `#/plant/${own.id}`, say("plant"))}
      ${link("map", `#/map/${own.id}`, say("map"))}
      ${link("alarms", "#/alarms", say("alarms-nav", { n: active, open }))}
      ${link("tickets", "#/tickets", say("tickets"))}
      ${catalogue.exercise ? exerciseLinks(link) : nothing}</nav>
    <span class="gap"></span>
    <span class="clocks">${isExercise() ? html`${say("sim-time", { time: clock(now(), own.utc_offset_s, { date: true }) })} ${speed ? html`<b>×${Number(speed.toFixed(1))}</b>` : nothing}` : nothing}
      ${say("wall-time", { time: wallClock(store.wall || Date.now()) })}</span>
    <button class="lang" @click=${() => { setLang(otherLanguage()); changed(); }} lang=${otherLanguage() === "zh" ? "zh-CN" : "en"}>${otherLanguage() === "zh" ? "中文" : "English"}</button>
    <label class="who">${say("role-" + store.role)} <input aria-label=${say("your-name")} .value=${name()} maxlength="60" size="8"
      @change=${(event) => setName(event.target.value)} ?disabled=${!mayAnswer() || store.catalogue.person}></label>
    <button @click=${() => { shell.help = true; changed(); }} aria-label=${say("help")}>?</button>
  </header>`;
}

// One browser has one seat: another link takes it from the pages that are open.
function taken() {
  if (!store.seat) return nothing;
  const { role, person } = store.seat;
  return html`<div class="banner" role="alert">${say("seat-taken", { who: say("role-" + role) + (person ? ` ${person}` : "") })}<span class="gap"></span>
    <button class="main" @click=${() => location.reload()}>${say("reload")}</button></div>`;
}

// Whoever looks at the past is told what happens now.
function nowCalls() {
  const top = store.replay ? topAlarm(live.plants) : null;
  const isOld = top && allAlarms().some((it) => it.id === top.id && it.unanswered);
  return top && top.level <= 2 && !isOld ? html`<aside class="banner p${top.level}-line" aria-label=${say("now")}>${badge(top.level, top.state)} <b>${say("now")}:</b> ${subject(top)} · ${top.title}<span class="gap"></span>
    <button class="main" @click=${() => past.leave()}>${say("back-to-live")}</button></aside>` : nothing;
}

function banner() {
  const top = topAlarm();
  if (!top) return nothing;
  const calls = !store.replay && top.level === 1 && Date.now() < announce.voice.until;
  return html`<aside class="banner p${top.level}-line${calls ? " calling" : ""}" aria-label=${say("most-urgent")}>${badge(top.level, top.state)} <span>${clock(top.at, top.card.utc_offset_s, { seconds: false })}
    ${store.catalogue.plants.length > 1 ? textOf(top.card.title) + " · " : ""}<b>${subject(top)}</b> · ${top.title} · ${why(top)} — ${say("state-" + top.state)}
    ${calls && announce.voice.times > 1 ? html`<b class="again">${say("called-times", { n: announce.voice.times })}</b>` : nothing}</span><span class="gap"></span>
    ${mayAnswer() ? html`<button class="main" @click=${() => acknowledge(top)}>${say("acknowledge")} <kbd>A</kbd></button>` : nothing}
    <a class="button" href=${`#/alarms/${encodeURIComponent(top.id)}`}>${say("open")}</a></aside>`;
}

// Why nothing that is shown is of now, above all that is shown. When the desk itself is not heard,
// the footer says so.
function doubt() {
  const { state, monitor, since } = store.link;
  const why = monitor !== "runs" ? monitor : state === "lost" ? "deaf" : null;
  if (!why || store.replay || store.lostAt !== null) return nothing;
  return html`<div class="banner doubt" role="alert"><b>${say("doubt-" + why, { time: since ? wallClock(since) : "" })}</b> ${say("values-old")}</div>`;
}

function footer() {
  const heads = store.plants.map((it) => it.head);
  const sum = (of) => heads.reduce((n, head) => n + of(head), 0);
  const aside = allAlarms().filter((it) => it.state === "shelved").length;
  const refused = sum((head) => head.refused) || Object.values(store.refused).reduce((n, it) => n + it, 0);
  const link = store.lostAt ? html`<strong class="lost" role="status">${say("stream-lost", { span: span(performance.now() - store.lostAt) })}</strong>`
    : html`<span class=${store.link.state === "lost" ? "lost" : ""}>${say("link-" + store.link.state)}${store.link.reason ? ` (${store.link.reason})` : ""}</span>`;
  const newest = Math.max(0, ...heads.map((head) => head.heard_at ?? 0));
  const age = newest && now() ? say("last-message", { time: clock(newest, store.catalogue.plants[0].utc_offset_s) }) : say("no-message");
  return html`<footer>${link}<span>${age}</span><span>${say("quarantined-n", { n: refused })}</span><span>${say("shelved-n", { n: aside })}</span>
    <span>${say("calls-n", { n: sum((head) => head.calls) })}</span>${heads.some((head) => head.flood) ? html`<strong>${say("flood")}</strong>` : nothing}
    <span class="gap"></span><span class=${said.bad ? "error" : ""} role="status" id="said">${said.text}</span>
    ${store.replay ? nothing : html`<button class="replay" @click=${() => replay()}>◀◀ ${say("replay")}</button>`}
    <button class="sound" aria-pressed=${String(announce.voice.sound)} title=${say("sound-long")} @click=${() => announce.setSound(!announce.voice.sound)}>${say(announce.voice.sound ? "sound-on" : "sound-off")}</button></footer>`;
}

function help() {
  const keys = [["A", "acknowledge"], ["S", "shelve"], ["T", "trend"], ["R", "reset"], ["/", "search"], ["X", "choose-several"], ["G O", "overview"], ["G P", "plant"], ["G M", "map"], ["G A", "alarms"], ["G T", "tickets"], ["G R", "replay"], ["G L", "back-to-live"], [", .", "replay-jump"], ["↑ ↓", "choose"], ["Space", "freeze-run"], ["?", "help"]];
  const close = () => { shell.help = false; changed(); };
  return shell.help ? html`<dialog class="form" aria-labelledby="help-title" @close=${close}><h2 id="help-title">${say("help")}</h2>
    <dl>${keys.map(([key, what]) => html`<dt><kbd>${key}</kbd></dt><dd>${say(what)}</dd>`)}</dl>
    <p>${say("help-text")}</p><p class="buttons"><button @click=${() => { close(); begin(); }}>${say("tour")}</button><button class="main" @click=${close}>${say("close")}</button></p></dialog>` : nothing;
}

// What is not said at once is said at most every ten seconds.
function summarise() {
  const all = allAlarms();
  const text = say("alarms-count", { n: all.filter((it) => it.active).length, open: all.filter((it) => it.unanswered && !it.aside).length });
  if (text !== shell.spoken) {
    shell.spoken = text;
    changed();
  }
}

function page() {
  if (store.error) return html`<main class="door"><h1>Sanmen</h1><p role="alert">${say("come-in")}</p><p class="muted">${store.error}</p></main>`;
  if (!store.ready) return html`<main class="door"><h1>Sanmen</h1><p role="status">${say(store.lostAt ? "no-desk" : "loading")}</p></main>`;
  const at = route();
  return html`${isExercise() ? html`<aside class="exercise" aria-label="演练 EXERCISE">演练 EXERCISE · ${textOf(store.catalogue.title) || store.plants.find((it) => it.head.exercise).head.exercise}</aside>` : nothing}
    ${store.replay ? past.frame() : nothing}${header(at)}${taken()}${doubt()}${nowCalls()}${banner()}<main tabindex="-1" id="main">${body(at)}</main>${store.replay ? past.bar() : nothing}${footer()}${guide()}${dialog()}${help()}
    <div class="unseen" role="alert">${announce.voice.text}</div><div class="unseen" aria-live="polite">${shell.spoken}</div>`;
}

let due = false;
function draw() {
  due = false;
  document.title = store.ready ? `${allAlarms().filter((it) => it.unanswered && !it.aside).length || ""} ${say("title")}`.trim() : "Sanmen";
  document.body.classList.toggle("is-exercise", store.ready && isExercise());
  document.body.classList.toggle("is-replay", store.replay !== null);
  document.body.classList.toggle("is-lost", store.ready && store.lostAt !== null && !store.replay);
  render(page(), root);
  document.querySelectorAll("dialog:not([open])").forEach((it) => it.showModal());
  if (store.ready && !store.error) {
    const at = route();
    pageOf(at)?.drawn?.(at);
  }
}

onChange(() => {
  if (due) return;
  due = true;
  // A hidden page draws nothing until it is looked at again.
  const drawDue = () => due && draw();
  if (document.hidden) document.addEventListener("visibilitychange", drawDue, { once: true });
  else requestAnimationFrame(drawDue);
});

function keys(event) {
  const typing = event.target.closest?.("input, select, textarea");
  if (event.ctrlKey || event.metaKey || event.altKey || typing || form.open || !store.ready) return;
  if (event.target.closest?.("button, a") && event.key === "Enter") return;
  const at = route();
  if (shell.go) {
    shell.go = false;
    const own = store.catalogue.plants[at.index ?? 0].id;
    const key = event.key.toLowerCase();
    const to = { o: "#/overview", a: "#/alarms", t: "#/tickets", p: `#/plant/${own}`, m: `#/map/${own}` }[key];
    if (to) location.hash = to;
    if (key === "r" && !store.replay) replay();
    if (key === "l" && store.replay) past.leave();
    return;
  }
  if (event.key === "g" || event.key === "G") shell.go = true;
  else if (event.key === "?") { shell.help = true; changed(); }
  else if (store.replay && past.key(event)) return;
  else if (pageOf(at)?.key?.(event, at)) return;
  else if (event.key.toLowerCase() === "a" && topAlarm()) acknowledge(topAlarm());
}

// Looks at the past, at a moment or at its end.
async function replay(at) {
  try {
    past ??= await import("./replay.js");
    await past.begin(at);
  } catch (error) {
    tell(error.status ? error.message : say("no-desk"), true);
  }
}

function arrive() {
  if (!store.catalogue) return;
  if (location.hash.startsWith("#token=")) return location.reload();
  // A link to a moment: #/replay/MS/page.
  const moment = location.hash.match(/^#\/replay\/(\d+)(\/.*)?$/);
  if (moment) {
    history.replaceState(null, "", "#" + (moment[2] ?? "/"));
    replay(Number(moment[1]));
  }
  const at = route();
  pageOf(at)?.enter?.(at);
  if (at.page === "point") drill.look(`open-trend ${at.tag.id}`);
  if (at.page === "alarms" && at.id) drill.look("open-alarm " + at.id.split("/").slice(1, 3).join(" "));
  changed();
  document.getElementById("main")?.focus({ preventScroll: true });
}

const KINDS = ["state", "record", "link", "tick", "exercise", "station", "resync"];

function listen() {
  if (self.SharedWorker) {
    const worker = new SharedWorker("stream-worker.js", { name: `sanmen ${seat()}` }); // not all hear the same
    worker.port.onmessage = (event) => take(event.data);
    worker.port.postMessage({ after: store.id });
    addEventListener("pagehide", () => worker.port.postMessage("bye"));
    addEventListener("pageshow", (event) => event.persisted && location.reload());
    return;
  }
  // Without workers each page has a stream of its own, while somebody looks at it.
  let source = null;
  const open = () => {
    source?.close();
    source = new EventSource("api/stream" + (store.id ? "?after=" + encodeURIComponent(store.id) : ""));
    source.onopen = () => take({ kind: "open" });
    source.onerror = () => { source.close(); take({ kind: "lost" }); setTimeout(() => document.hidden || open(), 1000); };
    for (const kind of KINDS) {
      source.addEventListener(kind, (event) => take({ kind, id: event.lastEventId, data: event.data }));
    }
  };
  document.addEventListener("visibilitychange", () => (document.hidden ? source?.close() : open()));
  open();
}

// What comes soon is drawn at once; a word of waiting before it would only keep it waiting.
const SOON_MS = 300;
try {
  const words = loadWords();
  const late = setTimeout(() => words.then(draw, () => {}), SOON_MS);
  const { snapshot } = await enter();
  // The page comes while the state is on its way; if it does not, it is asked for again.
  const { page } = route();
  const fetched = PAGES[page]().then((it) => (loaded[page] = it), () => {});
  await Promise.all([words, fetched, resync(snapshot)]);
  clearTimeout(late);
  if (!store.error) {
    listen();
    watchSilence();
    watchSeat();
    if (store.catalogue.exercise) drill.begin();
    greet();
    setInterval(summarise, 10000);
    setInterval(announce.listen, 1000);
    onChange(announce.listen);
    addEventListener("hashchange", arrive);
    addEventListener("keydown", keys);
    addEventListener("resize", changed);
    arrive();
    if (!document.hidden) draw(); // the first values wait for no frame
  }
} catch (error) {
  store.error = error.message;
}
changed();
