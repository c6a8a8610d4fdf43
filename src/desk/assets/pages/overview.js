// All plants, the one that needs most attention first.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { repeat } from "../vendor/lit-html/directives/repeat.js";
import { alarmsOf, changed, concerned, store } from "../store.js";
import { badge, bar, curve, levelOn, pointLink, reading } from "../parts.js";
import { grouped } from "../format.js";
import { say, textOf } from "../words.js";

const chosen = { filter: "all" };
const FILTERS = {
  unanswered: (it) => it.alarms.some((alarm) => alarm.unanswered && !alarm.aside),
  urgent: (it) => it.level <= 2,
  complaints: (it) => it.complaints > 0,
  lost: (it) => it.plant.head.online !== true,
  all: () => true,
};

const value = (cell) => (cell?.[1] === null || cell?.[2] >= 4 ? undefined : cell?.[1]);

// Of several instruments the one that says the worst.
function worst(at, fits, score) {
  const { card, plant } = at;
  let best = null;
  card.tags.forEach((tag, n) => {
    const cell = plant.tags[n];
    if (!fits(tag) || value(cell) === undefined) return;
    const points = score(tag, value(cell));
    if (!best || points < best.points) best = { tag, cell, n, points };
  });
  return best;
}

export function standing(index) {
  const card = store.catalogue.plants[index];
  const plant = store.plants[index];
  const alarms = alarmsOf(index);
  const active = alarms.filter((alarm) => alarm.active);
  const at = { card, plant };
  const need = (tag) => Math.max(1, ...tag.limits.filter((it) => it.below).map((it) => it.at));
  const isOut = (tag, quantity) => tag.point === "finished-water" && tag.quantity === quantity;
  return {
    index, card, plant, alarms, active,
    level: Math.min(9, ...active.map((alarm) => alarm.level)),
    concerned: concerned(index),
    complaints: store.records.filter((it) => it.plant === card.id && it.record.kind === "ticket").length,
    pressure: worst(at, (tag) => tag.point === "tap-water" && tag.quantity === "pressure", (tag, v) => v / need(tag)),
    residual: worst(at, (tag) => isOut(tag, card.residual), (_, v) => v),
    turbidity: worst(at, (tag) => isOut(tag, "turbidity"), (_, v) => -v),
    tank: worst(at, (tag) => tag.quantity === "level" && tag.point !== "process" && tag.point !== "raw-water", (tag, v) => v / tag.range[1]),
  };
}

export const rank = (a, b) =>
  a.level - b.level || b.concerned.any - a.concerned.any ||
  (b.plant.head.online !== null) - (a.plant.head.online !== null) || b.card.people - a.card.people;

function cell(at, found, withBar = true) {
  if (!found) return html`<td>–</td>`;
  const level = levelOn(at.alarms, found.tag.id);
  const village = at.card.byVillage.get(found.tag.village);
  return html`<td><a class="plain" href=${pointLink(at.card, found.tag)}>${village ? html`<small>${textOf(village.title)}</small> ` : nothing}
    ${reading(at.plant, found.tag, found.cell, level)}</a>
    ${withBar ? bar(found.tag, value(found.cell), 64) : nothing} ${curve(at.plant.trends[found.n], 54, 16)}</td>`;
}

export function online(plant) {
  const { head } = plant;
  if (head.online === null) return html`<span class="muted">${say("unheard")}</span>`;
  if (!head.online) return html`<strong class="gone">⏱ ${say("offline")}</strong>`;
  return head.signed ? nothing : html`<span class="unsigned" title=${say("unsigned-long")}>${say("unsigned")}</span>`;
}

function row(at) {
  const counts = [1, 2, 3, 4].map((level) => [level, at.active.filter((it) => it.level === level).length]);
  const gone = at.alarms.filter((it) => it.unanswered && !it.active && !it.aside).length;
  const calls = (level) => at.active.some((it) => it.level === level && it.unanswered);
  return html`<tr data-plant=${at.card.id} class=${at.plant.head.online === false ? "offline" : ""}>
    <th scope="row"><a href=${`#/plant/${at.card.id}`}>${textOf(at.card.title)}</a> <small>${textOf(at.card.county)}</small><br>
      ${counts.filter(([, n]) => n).map(([level, n]) => html`${badge(level, calls(level) ? "unacknowledged" : "acknowledged")}<small>×${n}</small> `)}
      ${gone ? html`<small>${say("returned-n", { n: gone })}</small>` : nothing} ${online(at.plant)}</th>
    <td class="number">${grouped(at.card.people)}${at.concerned.any ? html`<br><small class="gone">${say("concerned-n", { n: grouped(at.concerned.any) })}</small>` : nothing}</td>
    ${cell(at, at.pressure)}${cell(at, at.residual)}${cell(at, at.turbidity)}${cell(at, at.tank)}
    <td class="number">${at.active.length || "–"}</td><td class="number">${at.complaints || "–"}</td></tr>`;
}

export function view() {
  const all = store.plants.map((_, at) => standing(at)).sort(rank);
  const shown = all.filter(FILTERS[chosen.filter]);
  const sum = (kind) => grouped(all.reduce((n, it) => n + it.concerned[kind], 0));
  return html`<h1>${say("overview")}</h1>
    <div class="tools" role="group" aria-label=${say("filter")}>
      ${Object.keys(FILTERS).map((it) => html`<button class="chip" aria-pressed=${String(chosen.filter === it)}
        @click=${() => { chosen.filter = it; changed(); }}>${say("plants-" + it)} ${all.filter(FILTERS[it]).length}</button>`)}
      <span class="gap"></span>
      <span>${say("people-affected", { pressure: sum("pressure"), dry: sum("dry"), quality: sum("quality") })}</span>
    </div>
    <div class="scroll" tabindex="0" role="region" aria-label=${say("overview")}>
    <table class="plants"><thead><tr><th>${say("plant")}</th><th>${say("people")}</th><th>${say("worst-pressure")}</th><th>${say("residual")}</th>
      <th>${say("turbidity")}</th><th>${say("tank")}</th><th>${say("alarms")}</th><th>${say("complaints")}</th></tr></thead>
      <tbody>${repeat(shown, (it) => it.card.id, row)}</tbody></table></div>
    ${shown.length ? nothing : html`<p class="empty">${say("nothing-matches")}</p>`}`;
}
