// All plants, the one that needs most attention first.

import { html, noChange, nothing } from "../vendor/lit-html/lit-html.js";
import { repeat } from "../vendor/lit-html/directives/repeat.js";
import { alarmsOf, changed, concerned, isOld, store, trendsOf, wall } from "../store.js";
import { badge, bar, curve, levelOn, oldSign, pointLink, reading } from "../parts.js";
import { grouped } from "../format.js";
import { language, say, textOf } from "../words.js";

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
  return {
    index, card, plant, alarms, active,
    level: Math.min(9, ...active.map((alarm) => alarm.level)),
    concerned: concerned(index),
    complaints: complaints().get(card.id) ?? 0,
  };
}

// The instruments that say the worst of a plant.
function figures(at) {
  const need = (tag) => Math.max(1, ...tag.limits.filter((it) => it.below).map((it) => it.at));
  const isOut = (tag, quantity) => tag.point === "finished-water" && tag.quantity === quantity;
  return [
    worst(at, (tag) => tag.point === "tap-water" && tag.quantity === "pressure", (tag, v) => v / need(tag)),
    worst(at, (tag) => isOut(tag, at.card.residual), (_, v) => v),
    worst(at, (tag) => isOut(tag, "turbidity"), (_, v) => -v),
    worst(at, (tag) => tag.quantity === "level" && tag.point !== "process" && tag.point !== "raw-water", (tag, v) => v / tag.range[1]),
  ];
}

// How many complaints there are of each plant.
let counted = { records: null, newest: null, of: new Map() };
function complaints() {
  const { records } = store;
  if (counted.records !== records || counted.newest !== records.at(-1)) {
    const of = new Map();
    records.forEach((it) => it.record.kind === "ticket" && of.set(it.plant, (of.get(it.plant) ?? 0) + 1));
    counted = { records, newest: records.at(-1), of };
  }
  return counted.of;
}

export const rank = (a, b) =>
  a.level - b.level || b.concerned.any - a.concerned.any ||
  (b.plant.head.online !== null) - (a.plant.head.online !== null) || b.card.people - a.card.people;

function cell(at, found, withBar = true) {
  if (!found) return html`<td role="cell">–</td>`;
  const level = levelOn(at.alarms, found.tag.id);
  const village = at.card.byVillage.get(found.tag.village);
  return html`<td role="cell"><a class="plain" href=${pointLink(at.card, found.tag)}>${village ? html`<small>${textOf(village.title)}</small> ` : nothing}
    ${reading(at.plant, found.tag, found.cell, level)}</a>
    ${withBar ? bar(found.tag, value(found.cell), 64) : nothing} ${curve(trendsOf(at.plant, at.index)[found.n], 54, 16)}</td>`;
}

export function online(plant) {
  const { head } = plant;
  if (head.online === null) return html`<span class="muted">${say("unheard")}</span>`;
  if (!head.online) return html`<strong class="gone">${oldSign()} ${say("offline")}</strong>`;
  return head.signed ? nothing : html`<span class="unsigned" title=${say("unsigned-long")}>${say("unsigned")}</span>`;
}

function row(at) {
  const counts = [1, 2, 3, 4].map((level) => [level, at.active.filter((it) => it.level === level).length]);
  const gone = at.alarms.filter((it) => it.unanswered && !it.active && !it.aside).length;
  const calls = (level) => at.active.some((it) => it.level === level && it.unanswered);
  return html`<tr role="row" data-plant=${at.card.id} class=${at.plant.head.online === false ? "offline" : ""}>
    <th scope="row" role="rowheader"><a href=${`#/plant/${at.card.id}`}>${textOf(at.card.title)}</a> <small>${textOf(at.card.county)}</small><br>
      ${counts.filter(([, n]) => n).map(([level, n]) => html`${badge(level, calls(level) ? "unacknowledged" : "acknowledged")}<small>×${n}</small> `)}
      ${gone ? html`<small>${say("returned-n", { n: gone })}</small>` : nothing} ${online(at.plant)}</th>
    <td role="cell" class="number">${grouped(at.card.people)}${at.concerned.any ? html`<br><small class="gone">${say("concerned-n", { n: grouped(at.concerned.any) })}</small>` : nothing}</td>
    ${figures(at).map((it) => cell(at, it))}
    <td role="cell" class="number">${at.active.length || "–"}</td><td role="cell" class="number">${at.complaints || "–"}</td></tr>`;
}

// Of many plants those in sight are drawn first, the others a few at a time: what nobody sees must
// not keep what somebody sees waiting. News is drawn at once; figures that only go on take turns, so
// that no frame has all of them.
const AT_ONCE = 12;
const TURNS = 4;
const HIDDEN_TURNS = 2;
const A_TIME = 8;
const OLD_MS = 2000;
const AGAIN_MS = 250;
const sight = { ids: new Set(), rows: new WeakSet(), observer: null, frame: 0, there: new Set(), again: null };
const held = new Map(); // id of a plant → its row, of what it tells, and when it was drawn

// What is old grows older, though nothing comes.
const versionOf = (plant) => `${plant.version ?? 0}${isOld() ? ` ${Math.floor(wall() / 10000)}` : ""}`;
const newsOf = ({ plant, alarms, complaints }) => ({ plant, alarms, complaints, online: plant.head.online, lang: language() });
const isSame = (news, before) => Object.keys(news).every((key) => news[key] === before[key]);

// Which rows are drawn in this frame, of those that are not as they should be.
function due(old) {
  const now = performance.now();
  const first = old.filter((it) => !it.row);
  const [inSight, hidden] = [true, false].map((seen) => old.filter((it) => it.row && sight.ids.has(it.at.card.id) === seen)
    .sort((a, b) => a.row.drawn - b.row.drawn));
  const isNews = (it) => !isSame(it.news, it.row.news);
  const isUrgent = (it) => isNews(it) || now - it.row.drawn > OLD_MS;
  return [
    ...(sight.ids.size ? first.slice(0, A_TIME) : first.filter((it) => it.n < AT_ONCE)),
    ...inSight.filter(isUrgent), ...inSight.filter((it) => !isUrgent(it)).slice(0, TURNS),
    ...hidden.filter(isNews).slice(0, A_TIME), ...hidden.filter((it) => !isNews(it)).slice(0, HIDDEN_TURNS),
  ];
}

function rows(shown) {
  sight.frame++;
  const all = shown.map((at, n) => ({ at, n, row: held.get(at.card.id), news: newsOf(at) }));
  const old = all.filter(({ at, row, news }) => !row || row.version !== versionOf(at.plant) || !isSame(news, row.news));
  const chosen = due(old);
  for (const { at, news } of chosen) {
    held.set(at.card.id, { html: row(at), news, version: versionOf(at.plant), drawn: performance.now(), frame: sight.frame });
  }
  clearTimeout(sight.again);
  if (old.length > chosen.length) sight.again = setTimeout(changed, old.some((it) => !it.row) ? 0 : AGAIN_MS);
  const there = shown.filter((at) => held.has(at.card.id)).map((at) => ({ id: at.card.id, row: held.get(at.card.id) }));
  const before = sight.there;
  sight.there = new Set(there.map((it) => it.id));
  return there.map((it) => ({ ...it, isNew: it.row.frame === sight.frame || !before.has(it.id) }));
}

export function drawn() {
  sight.observer ??= new IntersectionObserver((entries) => {
    entries.forEach((it) => sight.ids[it.isIntersecting ? "add" : "delete"](it.target.dataset.plant));
    changed();
  }, { rootMargin: "200px" });
  document.querySelectorAll("table.plants tr[data-plant]").forEach((it) => {
    if (sight.rows.has(it)) return;
    sight.rows.add(it);
    sight.observer.observe(it);
  });
}

export function leave() {
  clearTimeout(sight.again);
  sight.observer?.disconnect();
  Object.assign(sight, { ids: new Set(), rows: new WeakSet(), there: new Set(), observer: null });
}

// Rows are boxes of their own, not parts of one table's layout: roles say what they are.
const COLUMNS = ["plant", "people", "worst-pressure", "residual", "turbidity", "tank", "alarms", "complaints"];

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
    <table class="plants" role="table"><thead role="rowgroup"><tr role="row">${COLUMNS.map((it) => html`<th role="columnheader">${say(it)}</th>`)}</tr></thead>
      <tbody role="rowgroup">${repeat(rows(shown), (it) => it.id, (it) => (it.isNew ? it.row.html : noChange))}</tbody></table></div>
    ${shown.length ? nothing : html`<p class="empty">${say("nothing-matches")}</p>`}`;
}
