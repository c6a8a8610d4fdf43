// A person's answers: sent under a name of their own, so that sending again does nothing twice.

import { html, nothing } from "./vendor/lit-html/lit-html.js";
import { call, changed, store } from "./store.js";
import { say } from "./words.js";
import { subject, why, badge } from "./parts.js";

export const form = { open: null, error: "", busy: false };
export const said = { text: "", bad: false };

const MAY = new Set(["operator", "instructor"]);
// Nobody answers the past.
export const mayAnswer = () => MAY.has(store.role) && !store.replay;
// A link of somebody's own says who they are.
export const name = () => store.catalogue?.person || localStorage.getItem("name") || ofRole(store.catalogue?.by ?? "");
// When nobody has said who sits here, the desk names the operator.
const ofRole = (by) => (by === "operator" ? store.role : by);
export const setName = (next) => localStorage.setItem("name", next.trim());

const keyOf = () => "k" + Array.from(crypto.getRandomValues(new Uint8Array(12)), (it) => it.toString(16).padStart(2, "0")).join("");

export function tell(text, bad = false) {
  Object.assign(said, { text, bad });
  changed();
}

// Sends something; on a lost connection the same again, a few times, under one name.
export async function once(path, body) {
  const headers = { "Content-Type": "application/json", "Idempotency-Key": keyOf() };
  for (let attempt = 0; ; attempt++) {
    try {
      return await call(path, { method: "POST", headers, body: JSON.stringify(body) });
    } catch (error) {
      if (error.status || attempt === 3) throw error;
      await new Promise((done) => setTimeout(done, 400 * 2 ** attempt));
    }
  }
}

// Sends an answer.
export const send = (alarm, action, extra = {}) =>
  once("alarms/" + alarm.id.split("/").map(encodeURIComponent).join("/") + "/" + action, { by: name(), ...extra });

const refuse = () => tell(say(store.replay ? "replay-no-answer" : "only-looks-on"), true);

export async function answer(alarm, action, extra) {
  if (!mayAnswer()) return refuse();
  try {
    const { reply } = await send(alarm, action, extra);
    const state = (reply.done ?? reply.already).state;
    tell(`${subject(alarm)} · ${alarm.title}: ${say("state-" + state)}`);
    return true;
  } catch (error) {
    const text = error.status ? error.message : say("not-sent");
    if (form.open) form.error = text;
    tell(text, true);
    return false;
  }
}

export const acknowledge = (alarm) =>
  alarm.unanswered ? answer(alarm, "ack") : tell(say("nothing-to-acknowledge"));

// Shelving, or taking out of service: how long, and why.
export function setAside(alarm, action = "shelve") {
  if (!mayAnswer()) return refuse();
  Object.assign(form, { open: { alarm, action }, error: "", busy: false });
  changed();
}

function close() {
  form.open = null;
  changed();
}

async function hand(event) {
  event.preventDefault();
  const fields = new FormData(event.target);
  const note = [fields.get("reason"), fields.get("note")].filter(Boolean).join(": ").trim();
  if (!note) {
    form.error = say("reason-needed");
    return changed();
  }
  const extra = { note };
  if (form.open.action === "shelve") extra.for_min = Number(fields.get("minutes"));
  form.busy = true;
  changed();
  const done = await answer(form.open.alarm, form.open.action, extra);
  form.busy = false;
  if (done) close();
  else changed();
}

// The form; the shell opens it as a dialog once it is there.
export function dialog() {
  if (!form.open) return nothing;
  const { alarm, action } = form.open;
  const { longest_min, reasons, out_of_service_reasons } = store.catalogue.handling;
  const listed = action === "shelve" ? reasons : out_of_service_reasons;
  const times = [15, 30, 60, 120, 240, 480].filter((it) => it < longest_min).concat(longest_min);
  return html`<dialog class="form" aria-labelledby="form-title" @close=${close}>
    <form @submit=${hand}>
      <h2 id="form-title">${say(action === "shelve" ? "shelve" : "out-of-service")}</h2>
      <p>${badge(alarm.level, alarm.state)} ${subject(alarm)} · ${alarm.title}<br><small>${why(alarm)}</small></p>
      ${alarm.level === 1 ? html`<p class="warning">${say("shelving-critical")}</p>` : nothing}
      ${action === "shelve" ? html`<label>${say("for-how-long")}
        <select name="minutes">${times.map((it) => html`<option value=${it} ?selected=${it === 60}>${say("span-min", { n: it })}</option>`)}</select></label>` : nothing}
      ${listed.length ? html`<label>${say("reason")}<select name="reason">${listed.map((it) => html`<option>${it}</option>`)}</select></label>` : nothing}
      <label>${say(listed.length ? "note" : "reason")}<input name="note" maxlength="300" autocomplete="off" ?required=${!listed.length} autofocus></label>
      <p class="error" role="alert">${form.error}</p>
      <p class="buttons"><button type="button" @click=${close}>${say("cancel")}</button>
      <button class="main" ?disabled=${form.busy}>${say("confirm")}</button></p>
    </form></dialog>`;
}
