// A trainee's exercise: what they are told, what they can do, who is on the way.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { call, changed, now, store } from "../store.js";
import { mayAnswer, name, once, tell } from "../answers.js";
import { clock, span } from "../format.js";
import { addWords, say, textOf } from "../words.js";
import { hear, shown } from "../drill.js";
import { directed, failedBecause, inScript, known, phrase, placesOf, placeText, ruleOf, tagOf, wordOf } from "./deeds.js";
import * as refused from "./refused.js";

// `focus`: where somebody goes on who uses keys, once it is drawn.
const state = { menu: null, verb: "", words: [], sure: false, error: "", busy: false, reflected: false, focus: "" };

// Verbs by what they are for; those of alarms are given where alarms are.
const GROUPS = [
  ["look", ["check", "grab-sample", "open-quarantine"]],
  ["plant", ["start-pump", "stop-pump", "pump-auto", "set-dose", "set-coagulant", "reset-dosing", "cut-intake", "resume-intake", "start-generator", "close-valve", "open-valve"]],
  ["field", ["send-crew", "dispatch-tanker"]],
  ["public", ["publish-notice", "withdraw-notice", "reply-tickets"]],
  ["report", ["escalate", "report", "open-ledger", "request-upgrade"]],
  ["data", ["quarantine", "release", "rotate-key", "switch-broker"]],
];

export async function enter() {
  await addWords("words-exercise.json");
  state.menu ??= await call("exercise/menu").catch(() => null);
  known.menu = state.menu;
  hear();
}

// What was there is drawn anew, and with it goes the place of whoever uses keys: it is given back.
export function drawn() {
  const there = state.focus && document.querySelector(state.focus);
  if (!there) return;
  state.focus = "";
  there.focus();
}

const goTo = (focus) => { state.focus = focus; changed(); };
const buttonOf = (verb) => `[data-verb="${verb}"]`;

export async function act(deed) {
  if (!mayAnswer()) return tell(say("only-looks-on"), true);
  state.busy = true;
  changed();
  try {
    await once("exercise/act", { by: name(), deed });
    tell(say("ex-done", { deed: phrase(deed) }));
    Object.assign(state, { verb: "", words: [], sure: false, error: "" });
    return true;
  } catch (error) {
    state.error = error.status ? failedBecause(error.message) : say("not-sent");
    tell(state.error, true);
    return false;
  } finally {
    state.busy = false;
    hear();
  }
}

const choose = (verb) => {
  Object.assign(state, { verb, words: [], sure: false, error: "" });
  goTo(".ex-panel :is(select, input, button)");
};

function leave() {
  const { verb } = state;
  Object.assign(state, { verb: "", words: [], sure: false, error: "" });
  goTo(buttonOf(verb));
}

async function confirmed(deed) {
  const { verb } = state;
  if (!(await act(deed))) return goTo(".ex-panel .main");
  if (verb !== "open-quarantine") return goTo(buttonOf(verb));
  await refused.open();
  goTo("#ex-refused");
}

function answer(asked, choice) {
  act(`answer ${asked.id} ${choice.id}`).then((done) => done && goTo("#ex-inbox"));
}

function verbs(view) {
  if (view.ended) return nothing;
  const { menu } = state;
  const isKnown = (verb) => menu.verbs.some((it) => it.name === verb);
  return html`<section class="panel" aria-labelledby="ex-do"><h2 id="ex-do">${say("ex-do")}</h2>
    ${GROUPS.map(([group, list]) => html`<div class="ex-group"><h3>${say("ex-group-" + group)}</h3>
      <p class="buttons">${list.filter(isKnown).map((verb) => html`<button data-verb=${verb} ?disabled=${!mayAnswer()} aria-pressed=${String(state.verb === verb)} @click=${() => choose(verb)}>${say("ex-verb-" + verb)}</button>`)}</p>
      ${list.includes(state.verb) ? panel(menu.verbs.find((it) => it.name === state.verb)) : nothing}</div>`)}</section>`;
}

// What may follow a verb; places and pipes under the village that they serve.
function options(verb, at, list) {
  const one = (word, text) => html`<option value=${word} ?selected=${state.words[at] === word}>${text}</option>`;
  const places = placesOf(verb.name, at)?.filter((place) => list.includes(place.id));
  if (!places) return list.map((word) => one(word, wordOf(verb.name, at, Array(at).fill("").concat(word))));
  return [{ id: null }, ...state.menu.villages].map((village) => {
    const own = places.filter((place) => place.village === village.id);
    return own.length ? html`<optgroup label=${village.id ? textOf(village.title) : say("ex-works-and-mains")}>${own.map((place) => one(place.id, placeText(place)))}</optgroup>` : nothing;
  });
}

// Why a number is none that the plant can do, in the words of the server, which has the last one.
function outOfRange({ most }) {
  const [word] = state.words;
  const fits = Number(word) >= 0 && Number(word) <= most;
  return most && !fits ? failedBecause(`${word} is no number from 0 to ${most} mg/L`) : "";
}

// What may follow a verb of which the last may be many: once one is chosen, another may be.
function wanted({ wants }) {
  const last = wants.at(-1);
  if (!last?.endsWith("…")) return wants;
  const more = state.words.slice(wants.length - 1).filter(Boolean).length;
  return wants.concat(Array(more).fill(last + "?"));
}

// Two steps: what and where, then what will follow, and yes. Esc leaves it.
function panel(verb) {
  const words = wanted(verb).map((want, at) => {
    const list = verb.words[Math.min(at, verb.words.length - 1)];
    const label = say("ex-want-" + want.replace(/[?…]/g, "").toLowerCase());
    const set = (event) => { state.words[at] = event.target.value.trim(); Object.assign(state, { sure: false, error: "" }); changed(); };
    const wrong = state.error ? "ex-wrong" : nothing;
    return html`<label>${label} ${list
      ? html`<select aria-describedby=${wrong} @change=${set} .value=${state.words[at] ?? ""}><option value=""></option>${options(verb, at, list)}</select>`
      : html`${verb.most ? html`(0–${verb.most}) ` : nothing}<input size="8" aria-describedby=${wrong} aria-invalid=${String(Boolean(state.error))} .value=${state.words[at] ?? ""} @input=${set}>`}</label>`;
  });
  // Asked anew at each key: Enter may come before what was typed is drawn.
  const isWhole = () => verb.wants.every((want, at) => want.endsWith("?") || state.words[at]);
  const deed = [verb.name, ...state.words.filter(Boolean)].join(" ");
  const takes = verb.name === "check" ? state.menu.checks.find((it) => it.id === state.words[0])?.minutes
    : verb.name === "send-crew" ? state.menu.jobs.find((it) => it.id === state.words[0])?.minutes : verb.minutes;
  const next = () => {
    state.error = outOfRange(verb);
    state.sure = !state.error;
    goTo(state.error ? ".ex-panel input" : ".ex-panel .main");
  };
  const step = state.sure
    ? html`<p class="sure" role="alert">${say("ex-sure", { deed: phrase(deed) })} ${takes ? say("ex-takes", { minutes: Math.round(takes) }) : say("ex-at-once")}</p>
      <p class="buttons"><button class="main" ?disabled=${state.busy} @click=${() => confirmed(deed)}>${say("ex-confirm")}</button><button @click=${leave}>${say("ex-cancel")}</button></p>`
    : html`<p class="buttons"><button class="main" ?disabled=${!isWhole()} @click=${next}>${say("ex-next")}</button><button @click=${leave}>${say("ex-cancel")}</button></p>`;
  const keys = (event) => {
    if (event.key === "Escape") leave();
    else if (event.key === "Enter" && event.target.tagName === "INPUT" && isWhole()) next();
  };
  return html`<div class="ex-panel" role="group" aria-label=${say("ex-verb-" + verb.name)} @keydown=${keys}><h4>${say("ex-verb-" + verb.name)}</h4>${words}${state.error ? html`<p id="ex-wrong" class="error" role="alert">${state.error}</p>` : nothing}${step}</div>`;
}

// Named by a button: whoever goes through the list by keys has not named all that lies on the way.
function diagnosis(view) {
  if (view.ended) return nothing;
  const name = (event) => {
    event.preventDefault();
    const cause = new FormData(event.target).get("cause");
    if (cause) act("diagnose " + cause);
  };
  const hint = () => act("take-hint").then((done) => done && view.hints === 1 && goTo("#ex-inbox"));
  return html`<form class="panel" @submit=${name}><label>${say("ex-cause")} <select name="cause" ?disabled=${!mayAnswer()}>
    <option value="">${say("ex-cause-none")}</option>${state.menu.causes.map((cause) => html`<option value=${cause.id} ?selected=${view.cause === cause.id}>${textOf(cause)}</option>`)}</select></label>
    <button ?disabled=${!mayAnswer()}>${say("ex-name-cause")}</button>
    ${view.hints && mayAnswer() ? html`<button type="button" @click=${hint}>${say("ex-hint", { n: view.hints })}</button>` : nothing}</form>`;
}

const TOLD = new Set(["told", "returned", "hint", "failed", "branched"]);

export function line(entry, offset) {
  const at = html`<time>${clock(Date.parse(entry.at), offset, { seconds: false })}</time>`;
  if (entry.what === "told") return html`${at} <b>${say("ex-role-" + entry.from)}</b> ${textOf(entry.text)}`;
  if (entry.what === "returned") return html`${at} <b>${phrase(entry.deed)}</b> ${textOf(entry.says)}`;
  if (entry.what === "failed") return html`${at} <b>${phrase(entry.deed)}</b> <span class="error">${failedBecause(entry.why)}</span>`;
  if (entry.what === "did") return html`${at} ${entry.who}: ${phrase(entry.deed)}`;
  if (entry.what === "raised") return html`${at} ▲ ${ruleOf(entry.alarm.rule)}${entry.alarm.tag ? " · " + tagOf(entry.alarm.tag) : ""}`;
  if (entry.what === "hint") return html`${at} <b>${say("ex-hint-given")}</b> ${entry.text ? textOf(entry.text) : ""}`;
  if (entry.what === "happened") return html`${at} ⚙ ${say("ex-happened")}: ${inScript(entry.injection)}`;
  if (entry.what === "branched") {
    const { left, to } = entry.left.at(-1);
    const time = (at) => clock(Date.parse(at), offset, { seconds: false });
    return html`${at} <b>⟲ ${say("ex-branched", { left: time(left), to: time(to), n: entry.left.length + 1 })}</b>`;
  }
  if (entry.what === "directed") return html`${at} ${entry.who}: ${directed(entry.direction, offset)}`;
  return at;
}

function inbox(view, offset) {
  const told = view.log.filter((entry) => TOLD.has(entry.what)).reverse();
  return html`<section class="panel" aria-labelledby="ex-inbox"><h2 id="ex-inbox" tabindex="-1">${say("ex-inbox")}</h2>
    ${view.questions.map((asked) => html`<div class="ex-question" role="alert"><p>${textOf(asked.text)}</p>
      <p class="buttons">${asked.choices.map((choice) => html`<button ?disabled=${!mayAnswer() || state.busy} @click=${() => answer(asked, choice)}>${textOf(choice.text)}</button>`)}</p></div>`)}
    <ol class="ex-log" tabindex="0" aria-labelledby="ex-inbox">${told.map((entry) => html`<li>${line(entry, offset)}</li>`)}</ol>${told.length ? nothing : html`<p class="muted">${say("ex-nothing-yet")}</p>`}</section>`;
}

function field(view, offset) {
  const mine = view.log.filter((entry) => entry.what === "did").reverse().slice(0, 12);
  return html`<section class="panel"><h2>${say("ex-field")}</h2>
    <ul class="ex-log">${view.errands.map((it) => html`<li>${phrase(it.deed)} — ${say("ex-due", { time: clock(Date.parse(it.due), offset, { seconds: false }), span: span(Math.max(0, Date.parse(it.due) - (now() || Date.parse(view.now)))) })}</li>`)}</ul>
    ${view.errands.length ? nothing : html`<p class="muted">${say("ex-nobody-away")}</p>`}
    <h2 id="ex-mine">${say("ex-mine")}</h2><ol class="ex-log" tabindex="0" aria-labelledby="ex-mine">${mine.map((entry) => html`<li>${line(entry, offset)}</li>`)}</ol></section>`;
}

// What trainees think of it, before they know their marks.
const THOUGHTS = ["planned", "happened", "why", "keep", "change"];

function reflection(view) {
  if (!view.ended || !mayAnswer() || state.reflected) return nothing;
  const send = async (event) => {
    event.preventDefault();
    const fields = new FormData(event.target);
    const reflection = { who: name(), ...Object.fromEntries(THOUGHTS.map((key) => [key, fields.get(key)])) };
    try {
      await once("exercise/reflect", { by: name(), reflection });
      state.reflected = true;
    } catch (error) {
      tell(error.status ? error.message : say("not-sent"), true);
    }
    changed();
  };
  return html`<form class="panel ex-thoughts" @submit=${send}><h2>${say("ex-thoughts")}</h2>${THOUGHTS.map((key) => html`<label>${say("ex-thought-" + key)} <textarea name=${key} rows="2" maxlength="1000"></textarea></label>`)}
    <p class="buttons"><button class="main">${say("ex-save")}</button><button type="button" @click=${() => { state.reflected = true; changed(); }}>${say("ex-thoughts-skip")}</button></p></form>`;
}

const isOpen = (view) => view.ended && (state.reflected || !mayAnswer());

export function head(view) {
  const speed = view.ended ? say("ex-ended") : view.frozen ? say("ex-frozen") : `×${Number(view.speed.toFixed(1))}${view.attention ? " · " + say("ex-attend") : ""}`;
  return html`<section class="panel ex-head"><h1>${textOf(view.title)}</h1><p>${textOf(view.goal)}</p>
    <details><summary>${say("ex-briefing")}</summary><p>${textOf(view.briefing)}</p></details>
    ${view.branch > 1 ? html`<p role="status"><b>⟲ ${say("ex-branch", { n: view.branch })}</b></p>` : nothing}
    <p><b>${speed}</b> ${isOpen(view) ? html`<a class="button" href="api/exercise/report/report.html" target="_blank" rel="noopener">${say("ex-report")}</a>` : nothing}</p></section>`;
}

function shut() {
  refused.close();
  goTo(buttonOf("open-quarantine"));
}

export function view() {
  const view = shown();
  if (!view || !state.menu) return html`<p role="status">${say("loading")}</p>`;
  const offset = store.catalogue.plants[0].utc_offset_s;
  return html`<div class="ex">${head(view)}${reflection(view)}${refused.panel(shut)}<div class="ex-columns">${inbox(view, offset)}<div>${diagnosis(view)}${verbs(view)}</div>${field(view, offset)}</div></div>`;
}
