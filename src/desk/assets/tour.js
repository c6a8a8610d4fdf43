// Five steps for a first visit; the last ends with the first acknowledged alarm.

import { html, nothing } from "./vendor/lit-html/lit-html.js";
import { allAlarms, changed, store } from "./store.js";
import { mayAnswer } from "./answers.js";
import { say } from "./words.js";

const STEPS = [
  { key: "tour-1", at: "#app > header" },
  { key: "tour-2", at: ".scheme", hash: () => `#/plant/${store.catalogue.plants[0].id}` },
  { key: "tour-3", at: "footer" },
  { key: "tour-4", at: "table.alarms", hash: () => "#/alarms" },
  { key: "tour-5", at: "table.alarms", hash: () => "#/alarms" },
];

const tour = { step: 0, running: false, answered: null };

export function begin() {
  Object.assign(tour, { step: 1, running: true, answered: null });
  go();
}

// Whoever has not been here before.
export const greet = () => {
  if (!localStorage.getItem("toured") && mayAnswer()) begin();
};

function end() {
  localStorage.setItem("toured", "yes");
  tour.running = false;
  document.querySelectorAll(".toured").forEach((it) => it.classList.remove("toured"));
  changed();
}

function go() {
  const step = STEPS[tour.step - 1];
  if (step.hash && location.hash !== step.hash()) location.hash = step.hash();
  changed();
  requestAnimationFrame(() => requestAnimationFrame(() => {
    document.querySelectorAll(".toured").forEach((it) => it.classList.remove("toured"));
    if (tour.running) document.querySelector(step.at)?.classList.add("toured");
  }));
}

function next() {
  if (tour.step === STEPS.length) return end();
  tour.step += 1;
  go();
}

const answers = () => store.records.filter(({ record }) => record.kind === "alarm" && record.change === "acknowledged").length;

export function guide() {
  if (!tour.running) return nothing;
  const last = tour.step === STEPS.length;
  if (last) {
    tour.answered ??= answers();
    if (answers() > tour.answered) {
      return html`<div class="tour" role="dialog" aria-label=${say("tour")}><p>${say("tour-done")}</p>
        <p class="buttons"><button class="main" @click=${end}>${say("done")}</button></p></div>`;
    }
  }
  const waits = last && !allAlarms().some((alarm) => alarm.unanswered && !alarm.aside);
  return html`<div class="tour" role="dialog" aria-label=${say("tour")}>
    <p><b>${tour.step}/${STEPS.length}</b> ${say(STEPS[tour.step - 1].key)}${waits ? html`<br><em>${say("tour-waits")}</em>` : nothing}</p>
    <p class="buttons"><button @click=${end}>${say("tour-skip")}</button>
      ${last ? nothing : html`<button class="main" @click=${next}>${say("next")}</button>`}</p></div>`;
}
