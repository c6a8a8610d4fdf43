// A trainee's exercise: what they are told, what they can do, who is on the way.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { call, changed, now, store } from "../store.js";
import { mayAnswer, name, once, tell } from "../answers.js";
import { clock, span } from "../format.js";
import { addWords, say, textOf } from "../words.js";
import { hear, shown } from "../drill.js";

const state = { menu: null, verb: "", words: [], sure: false, error: "", busy: false, reflected: false };

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
  hear();
}

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
    state.error = error.status ? error.message : say("not-sent");
    tell(state.error, true);
    return false;
  } finally {
    state.busy = false;
    hear();
  }
}

// A word of the menu as people call it.
function wordOf(verb, at, word) {
  const { menu } = state;
  const named = (list) => list.find((it) => it.id === word);
  const found = (verb === "check" && named(menu.checks)) || (verb === "send-crew" && named(menu.jobs)) || named(menu.villages);
  if (found) return textOf(found.title);
  if (verb === "diagnose") {
    const cause = named(menu.causes);
    return cause ? textOf(cause) : word;
  }
  const key = `ex-word-${word}`;
  const text = say(key);
  return text === key ? word : text;
}

// A deed as people say it.
export function phrase(deed) {
  const [verb, ...words] = deed.split(" ");
  const shownWords = state.menu ? words.map((word, at) => wordOf(verb, at, word)) : words;
  return [say("ex-verb-" + verb), ...shownWords].join(" · ");
}

const choose = (verb) => {
  Object.assign(state, { verb, words: [], sure: false, error: "" });
  changed();
};

function verbs() {
  const known = (verb) => state.menu.verbs.some((it) => it.name === verb);
  return html`<section class="panel" aria-labelledby="ex-do"><h2 id="ex-do">${say("ex-do")}</h2>
    ${state.verb ? panel(state.menu.verbs.find((it) => it.name === state.verb)) : nothing}
    ${GROUPS.map(([group, list]) => html`<div class="ex-group"><h3>${say("ex-group-" + group)}</h3>
      <p class="buttons">${list.filter(known).map((verb) => html`<button ?disabled=${!mayAnswer()} aria-pressed=${String(state.verb === verb)} @click=${() => choose(verb)}>${say("ex-verb-" + verb)}</button>`)}</p></div>`)}</section>`;
}

// Two steps: what and where, then what will follow, and yes.
function panel(verb) {
  const words = verb.wants.map((want, at) => {
    const list = verb.words[at];
    const label = say("ex-want-" + want.replace(/[?…]/g, "").toLowerCase());
    const set = (event) => { state.words[at] = event.target.value.trim(); state.sure = false; changed(); };
    return html`<label>${label} ${list
      ? html`<select @change=${set} .value=${state.words[at] ?? ""}><option value=""></option>${list.map((word) => html`<option value=${word} ?selected=${state.words[at] === word}>${wordOf(verb.name, at, word)}</option>`)}</select>`
      : html`<input size="8" .value=${state.words[at] ?? ""} @input=${set}>`}</label>`;
  });
  const isWhole = verb.wants.every((want, at) => want.endsWith("?") || state.words[at]);
  const deed = [verb.name, ...state.words.filter(Boolean)].join(" ");
  const takes = verb.name === "check" ? state.menu.checks.find((it) => it.id === state.words[0])?.minutes
    : verb.name === "send-crew" ? state.menu.jobs.find((it) => it.id === state.words[0])?.minutes : verb.minutes;
  const step = state.sure
    ? html`<p class="sure" role="alert">${say("ex-sure", { deed: phrase(deed) })} ${takes ? say("ex-takes", { minutes: Math.round(takes) }) : say("ex-at-once")}</p>
      <p class="buttons"><button class="main" ?disabled=${state.busy} @click=${() => act(deed)}>${say("ex-confirm")}</button><button @click=${() => choose("")}>${say("ex-cancel")}</button></p>`
    : html`<p class="buttons"><button class="main" ?disabled=${!isWhole} @click=${() => { state.sure = true; changed(); }}>${say("ex-next")}</button><button @click=${() => choose("")}>${say("ex-cancel")}</button></p>`;
  return html`<div class="ex-panel"><h3>${say("ex-verb-" + verb.name)}</h3>${words}${step}${state.error ? html`<p class="error" role="alert">${state.error}</p>` : nothing}</div>`;
}

function diagnosis(view) {
  const set = (event) => event.target.value && act("diagnose " + event.target.value);
  return html`<section class="panel"><label>${say("ex-cause")} <select @change=${set} ?disabled=${!mayAnswer()}>
    <option value="">${say("ex-cause-none")}</option>${state.menu.causes.map((cause) => html`<option value=${cause.id} ?selected=${view.cause === cause.id}>${textOf(cause)}</option>`)}</select></label>
    ${view.hints && mayAnswer() ? html`<button @click=${() => act("take-hint")}>${say("ex-hint", { n: view.hints })}</button>` : nothing}</section>`;
}

const TOLD = new Set(["told", "returned", "hint", "failed", "branched"]);

export function line(entry, offset) {
  const at = html`<time>${clock(Date.parse(entry.at), offset, { seconds: false })}</time>`;
  if (entry.what === "told") return html`${at} <b>${say("ex-role-" + entry.from)}</b> ${textOf(entry.text)}`;
  if (entry.what === "returned") return html`${at} <b>${phrase(entry.deed)}</b> ${textOf(entry.says)}`;
  if (entry.what === "failed") return html`${at} <b>${phrase(entry.deed)}</b> <span class="error">${entry.why}</span>`;
  if (entry.what === "did") return html`${at} ${entry.who}: ${phrase(entry.deed)}`;
  if (entry.what === "raised") return html`${at} ▲ ${entry.alarm.rule} ${entry.alarm.tag ?? ""}`;
  if (entry.what === "hint") return html`${at} <b>${say("ex-hint-given")}</b> ${entry.text ? textOf(entry.text) : ""}`;
  if (entry.what === "happened") return html`${at} ⚙ ${entry.injection}`;
  if (entry.what === "branched") {
    const { left, to } = entry.left.at(-1);
    const time = (at) => clock(Date.parse(at), offset, { seconds: false });
    return html`${at} <b>⟲ ${say("ex-branched", { left: time(left), to: time(to), n: entry.left.length + 1 })}</b>`;
  }
  if (entry.what === "directed") return html`${at} ${entry.who}: ${entry.direction.direction}`;
  return at;
}

function inbox(view, offset) {
  const told = view.log.filter((entry) => TOLD.has(entry.what)).reverse();
  return html`<section class="panel" aria-labelledby="ex-inbox"><h2 id="ex-inbox">${say("ex-inbox")}</h2>
    ${view.questions.map((asked) => html`<div class="ex-question" role="alert"><p>${textOf(asked.text)}</p>
      <p class="buttons">${asked.choices.map((choice) => html`<button ?disabled=${!mayAnswer() || state.busy} @click=${() => act(`answer ${asked.id} ${choice.id}`)}>${textOf(choice.text)}</button>`)}</p></div>`)}
    <ol class="ex-log">${told.map((entry) => html`<li>${line(entry, offset)}</li>`)}</ol>${told.length ? nothing : html`<p class="muted">${say("ex-nothing-yet")}</p>`}</section>`;
}

function field(view, offset) {
  const mine = view.log.filter((entry) => entry.what === "did").reverse().slice(0, 12);
  return html`<section class="panel"><h2>${say("ex-field")}</h2>
    <ul class="ex-log">${view.errands.map((it) => html`<li>${phrase(it.deed)} — ${say("ex-due", { time: clock(Date.parse(it.due), offset, { seconds: false }), span: span(Math.max(0, Date.parse(it.due) - (now() || Date.parse(view.now)))) })}</li>`)}</ul>
    ${view.errands.length ? nothing : html`<p class="muted">${say("ex-nobody-away")}</p>`}
    <h2>${say("ex-mine")}</h2><ol class="ex-log">${mine.map((entry) => html`<li>${line(entry, offset)}</li>`)}</ol></section>`;
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

export function view() {
  const view = shown();
  if (!view || !state.menu) return html`<p role="status">${say("loading")}</p>`;
  const offset = store.catalogue.plants[0].utc_offset_s;
  return html`<div class="ex">${head(view)}${reflection(view)}<div class="ex-columns">${inbox(view, offset)}<div>${diagnosis(view)}${verbs()}</div>${field(view, offset)}</div></div>`;
}
