// Several alarms acknowledged at once: each is named before, and each is answered by itself. There
// is no way to choose all.

import { html, nothing } from "./vendor/lit-html/lit-html.js";
import { allAlarms, changed, live } from "./store.js";
import { mayAnswer, send } from "./answers.js";
import { badge, stateOf, subject, why } from "./parts.js";
import { say } from "./words.js";

export const chosen = new Set();
const list = { open: false, busy: false, told: new Map(), alarms: [] };

export function toggle(alarm) {
  if (!mayAnswer() || !alarm.unanswered || alarm.aside) return;
  chosen.has(alarm.id) ? chosen.delete(alarm.id) : chosen.add(alarm.id);
  changed();
}

export function clear() {
  chosen.clear();
  changed();
}

// Those chosen that still wait for an answer.
function waiting() {
  const found = allAlarms(live.plants).filter((it) => chosen.has(it.id) && it.unanswered && !it.aside);
  const ids = new Set(found.map((it) => it.id));
  for (const id of chosen) if (!ids.has(id)) chosen.delete(id);
  return found;
}

export function ask() {
  const alarms = waiting();
  if (!mayAnswer() || !alarms.length) return;
  Object.assign(list, { open: true, busy: false, alarms });
  list.told.clear();
  changed();
}

async function acknowledge() {
  list.busy = true;
  changed();
  for (const alarm of list.alarms) {
    try {
      const { reply } = await send(alarm, "ack");
      list.told.set(alarm.id, { text: say("state-" + (reply.done ?? reply.already).state) });
      chosen.delete(alarm.id);
    } catch (error) {
      list.told.set(alarm.id, { text: error.status ? error.message : say("not-sent"), bad: true });
    }
    changed();
  }
  list.busy = false;
  changed();
}

function close() {
  list.open = false;
  changed();
}

export function bar() {
  const count = mayAnswer() ? waiting().length : 0;
  return count ? html`<div class="chosen" role="group" aria-label=${say("chosen")}><b>${say("chosen-n", { n: count })}</b>
    <button class="main" @click=${ask}>${say("acknowledge-chosen")} <kbd>A</kbd></button><button @click=${clear}>${say("choose-none")}</button></div>` : nothing;
}

export function dialog() {
  if (!list.open) return nothing;
  const done = list.told.size === list.alarms.length;
  return html`<dialog class="form wide" aria-labelledby="several-title" @close=${close}>
    <h2 id="several-title">${say("acknowledge-these", { n: list.alarms.length })}</h2>
    <ul class="plainlist several" tabindex="0">${list.alarms.map((alarm) => {
      const told = list.told.get(alarm.id);
      return html`<li data-alarm=${alarm.id}>${badge(alarm.level, alarm.state)} <b>${subject(alarm)}</b> · ${alarm.title} <small>${why(alarm)}</small>
        ${told ? html`<em class=${told.bad ? "error" : "done"}>${told.bad ? "" : "✓ "}${told.text}</em>` : html`<em>${stateOf(alarm)}</em>`}</li>`;
    })}</ul>
    <p>${say("help-text")}</p>
    <p class="buttons">${done ? html`<button class="main" @click=${close} autofocus>${say("close")}</button>` : html`<button @click=${close} ?disabled=${list.busy}>${say("cancel")}</button>
      <button class="main" @click=${acknowledge} ?disabled=${list.busy} autofocus>${say("acknowledge-n", { n: list.alarms.length })}</button>`}</p></dialog>`;
}
