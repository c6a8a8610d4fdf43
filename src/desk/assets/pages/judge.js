// The evaluator's form: what is kept of it is shown, whoever fills it in under whatever name.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { call, changed, store } from "../store.js";
import { name, once, tell } from "../answers.js";
import { clock } from "../format.js";
import { say, textOf } from "../words.js";

const blank = () => ({ marks: {}, moments: [], better: [] });
// `upon` is the kept form that this one goes on from; `whose` is who it belongs to.
const state = { ...blank(), whose: null, upon: null, kept: [], touched: false };

const may = () => ["evaluator", "instructor"].includes(store.role);

// Shows what is kept of whoever writes here; what they have written since stays.
async function read() {
  const kept = await call("exercise/report/evaluations.json");
  Object.assign(state, { kept });
  take();
}

function take() {
  const own = state.kept.find((it) => it.evaluator === name()) ?? null;
  Object.assign(state, blank(), { upon: own, whose: name(), touched: false });
  if (!own) return;
  state.marks = Object.fromEntries(own.objectives.map(({ task, rating, remark }) => [task, { rating, remark }]));
  state.moments = own.marks.map((it) => ({ ...it }));
  state.better = own.improvements.map((it) => ({ ...it }));
}

export async function enter() {
  if (!may() || state.touched) return;
  await read().catch((error) => tell(error.status ? error.message : say("not-sent"), true));
}

function touch(change) {
  change();
  state.touched = true;
  changed();
}

// The form as it is kept beside the log.
function form() {
  const objectives = Object.entries(state.marks).map(([task, { rating = null, remark = "" }]) => ({ task, rating, remark }));
  const improvements = state.better.filter((it) => it.what.trim());
  // Another name's form is nobody's to write over.
  const upon = state.whose === name() ? state.upon : state.kept.find((it) => it.evaluator === name()) ?? null;
  return { evaluator: name(), objectives, marks: state.moments, improvements, upon };
}

async function save() {
  try {
    await once("exercise/judge", { by: name(), judgement: form() });
    await read();
    tell(say("ex-kept"));
  } catch (error) {
    tell(error.status ? error.message : say("not-sent"), true);
  }
  changed();
}

function improvements() {
  const field = (item, key, type = "text") => html`<label>${say("ex-better-" + key)} <input type=${type} maxlength="300" .value=${item[key]} @change=${(event) => touch(() => { item[key] = event.target.value; })}></label>`;
  return html`<h3>${say("ex-better")}</h3>${state.better.map((item, n) => html`<fieldset><legend>${say("ex-better-n", { n: n + 1 })}</legend>${field(item, "what")}${field(item, "owner")}${field(item, "due", /^(\d{4}-\d\d-\d\d)?$/.test(item.due) ? "date" : "text")}
    <button @click=${() => touch(() => { state.better.splice(n, 1); })}>${say("ex-better-drop")}</button></fieldset>`)}
    <button @click=${() => touch(() => { state.better.push({ what: "", owner: "", due: "" }); })}>${say("ex-better-add")}</button>`;
}

export function view(view) {
  if (!may()) return nothing;
  // Who has become somebody else, and has written nothing, sees what is theirs.
  if (!state.touched && state.whose !== name()) take();
  const set = (id, what, value) => touch(() => { state.marks[id] = { ...state.marks[id], [what]: value }; });
  const others = state.kept.filter((it) => it.evaluator !== name()).map((it) => it.evaluator || "–");
  return html`<section class="panel ex-judge"><h2>${say("ex-form")}</h2><p class="muted">${say("ex-form-text")}</p>
    ${others.length ? html`<p class="muted">${say("ex-form-others", { names: others.join(", ") })}</p>` : nothing}
    ${(view.tasks ?? []).map((goal) => html`<fieldset><legend>${textOf(goal.title)}</legend>${["P", "S", "M", "U"].map((mark) => html`<label title=${say("ex-mark-" + mark)}><input type="radio" name=${"mark-" + goal.id} .checked=${state.marks[goal.id]?.rating === mark} @change=${() => set(goal.id, "rating", mark)}> ${mark}</label>`)}
      <input aria-label=${say("ex-remark")} placeholder=${say("ex-remark")} maxlength="300" .value=${state.marks[goal.id]?.remark ?? ""} @change=${(event) => set(goal.id, "remark", event.target.value)}></fieldset>`)}
    <ul class="ex-log">${state.moments.map((mark) => html`<li>${clock(Date.parse(mark.at), store.catalogue.plants[0].utc_offset_s, { seconds: false })} ${mark.remark}</li>`)}</ul>
    ${improvements()}
    <p class="buttons"><button @click=${() => touch(() => { state.moments.push({ at: view.now, remark: prompt(say("ex-remark")) ?? "" }); })}>${say("ex-mark-now")}</button><button class="main" @click=${save}>${say("ex-save")}</button></p></section>`;
}
