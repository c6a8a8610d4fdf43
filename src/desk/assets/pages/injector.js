// What an instructor lets happen beside the script: a kind of fault that can come to this plant, and
// its fields, which are those that the reader of files asks for. The forms are the editor's; the text
// that they fill in is the keys of an [[inject]], which nobody sees.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { repeat } from "../vendor/lit-html/directives/repeat.js";
import { changed } from "../store.js";
import { addWords, say } from "../words.js";
import { describe, onChange, place, post, state } from "../editor/state.js";
import { fields, mistakesAt, reveal } from "../editor/form.js";
import { nameOf, told } from "../editor/names.js";

// `begun` counts forms: each is drawn anew, so that none shows what another was given.
const own = { faults: null, kind: "", begun: 0, busy: false };

// Gives whether there is anything to choose from.
export async function enter() {
  if (own.faults) return true;
  place.path = "exercise/fault/";
  onChange(changed);
  const [said] = await Promise.all([post("open", {}).catch(() => null), addWords("words-editor.json"), dress()]);
  if (!said) return false;
  state.cards = said.cards;
  own.faults = said.faults;
  return true;
}

// The styles of the editor's forms, which the desk's pages do without.
const dress = () => new Promise((done) => {
  const link = document.createElement("link");
  Object.assign(link, { rel: "stylesheet", href: new URL("../editor/editor.css", import.meta.url).href, onload: done, onerror: done });
  document.head.append(link);
});

async function begin(kind) {
  own.kind = kind;
  Object.assign(state, { text: "", form: null, mistakes: [], holds: false, error: "", past: [], future: [] });
  changed();
  if (!kind) return;
  try {
    const said = await post("begin", { kind });
    // Somebody may have chosen another meanwhile.
    if (own.kind !== kind) return;
    own.begun++;
    Object.assign(state, { text: said.text, form: said.form, mistakes: said.mistakes, holds: said.holds });
  } catch (error) {
    if (own.kind === kind) Object.assign(state, { error: error.status ? error.message : say("not-sent") });
  }
  changed();
}

const goTo = (id) => requestAnimationFrame(() => document.getElementById(id)?.focus());

async function send(direct) {
  own.busy = true;
  changed();
  // What has just been typed is taken in first.
  await describe();
  if (!state.error && !state.holds) reveal(state.mistakes[0]?.path ?? []);
  else if (!state.error && await direct({ direction: "inject", toml: state.text })) {
    await begin("");
    goTo("inject-kind");
  }
  own.busy = false;
  changed();
}

async function leave() {
  await begin("");
  goTo("inject-kind");
}

// Where comes first, as people tell it; the kind is chosen above.
const inOrder = (all) => [...all.filter((it) => it.key === "target"), ...all.filter((it) => !["kind", "target"].includes(it.key))];

function form(direct) {
  const whole = mistakesAt([]);
  return html`<div class="ed-body">${whole.length ? html`<ul class="ed-wrong" role="alert">${whole.map((it) => html`<li>✗ ${told(it)}</li>`)}</ul>` : nothing}
    ${fields({ ...state.form, fields: inOrder(state.form.fields) })}
    <p class="buttons"><button class="main" ?disabled=${own.busy} @click=${() => send(direct)}>${say("ex-inject-now")}</button>
    <button ?disabled=${own.busy} @click=${leave}>${say("cancel")}</button></p></div>`;
}

export function view(direct) {
  return html`<section class="ex-inject" aria-labelledby="inject-title"><h3 id="inject-title">${say("ex-inject")}</h3>
    <label>${say("ex-fault")} <select id="inject-kind" .value=${own.kind} @change=${(event) => begin(event.target.value)}><option value="">${say("ed-choose")}</option>
      ${own.faults.map(({ part, kinds }) => html`<optgroup label=${say("ex-part-" + part)}>${kinds.map((kind) => html`<option value=${kind}>${nameOf(kind, "kind")}</option>`)}</optgroup>`)}</select></label>
    ${state.error ? html`<p class="error" role="alert">${state.error}</p>` : nothing}
    ${repeat(own.kind && state.form ? [own.begun] : [], (it) => it, () => form(direct))}
    <p class="muted">${say("ex-inject-not")}</p></section>`;
}
