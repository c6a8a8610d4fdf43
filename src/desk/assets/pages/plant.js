// One plant: the way of its water by height, its villages, its works, its alarms, what happened.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { repeat } from "../vendor/lit-html/directives/repeat.js";
import { alarmsOf, plantEvents, store, trendsOf } from "../store.js";
import { badge, bar, curve, levelOn, pointLink, reading, stateOf, subject, why } from "../parts.js";
import { clock, grouped } from "../format.js";
import { say, textOf } from "../words.js";
import { online, standing } from "./overview.js";
import { eventLine } from "./events.js";
import { scheme } from "./scheme.js";

const value = (cell) => (cell?.[1] === null || cell?.[2] >= 4 ? undefined : cell?.[1]);

function line(at, tag, n) {
  const level = levelOn(at.alarms, tag.id);
  return html`<tr data-tag=${tag.id}><th scope="row"><a href=${pointLink(at.card, tag)}>${textOf(tag.title)}</a> <small class="id">${tag.id}</small></th>
    <td>${reading(at.plant, tag, at.plant.tags[n], level)}</td><td>${tag.quantity === "state" ? nothing : bar(tag, value(at.plant.tags[n]))}</td>
    <td>${tag.quantity === "state" ? nothing : curve(trendsOf(at.plant, at.index)[n])}</td></tr>`;
}

function table(at, title, fits) {
  const rows = at.card.tags.map((tag, n) => [tag, n]).filter(([tag]) => fits(tag));
  if (!rows.length) return nothing;
  return html`<section><h2>${title}</h2><table class="values"><tbody>
    ${repeat(rows, ([tag]) => tag.id, ([tag, n]) => line(at, tag, n))}</tbody></table></section>`;
}

function villages(at) {
  const found = (village, quantity) => {
    const tags = at.card.tags.map((tag, n) => ({ tag, n, cell: at.plant.tags[n] }));
    return tags.filter(({ tag }) => tag.village === village.id && tag.point === "tap-water" && tag.quantity === quantity);
  };
  const cells = (list) => html`<td>${list.map(({ tag, n, cell }) => html`<a class="plain" href=${pointLink(at.card, tag)}>
    ${reading(at.plant, tag, cell, levelOn(at.alarms, tag.id))}</a> ${bar(tag, value(cell), 60)} ${curve(trendsOf(at.plant, at.index)[n], 50, 16)}<br>`)}</td>`;
  return html`<section class="wide"><h2>${say("villages")}</h2><div class="scroll" tabindex="0" role="region" aria-label=${say("villages")}><table class="values"><thead><tr><th>${say("village")}</th><th>${say("people")}</th>
    <th>${say("pressure")}</th><th>${say("residual")}</th><th>${say("turbidity")}</th></tr></thead><tbody>
    ${at.card.villages.map((village) => html`<tr><th scope="row">${textOf(village.title)}</th><td class="number">${grouped(village.people)}</td>
      ${cells(found(village, "pressure"))}${cells(found(village, at.card.residual))}${cells(found(village, "turbidity"))}</tr>`)}
    </tbody></table></div></section>`;
}

function standingAlarms(at) {
  const list = at.alarms.filter((alarm) => !alarm.aside);
  return html`<section class="wide"><h2>${say("current-alarms")} ${list.length}</h2>
    ${list.length ? html`<ul class="plainlist">${repeat(list, (it) => it.id, (alarm) => html`<li>${badge(alarm.level, alarm.state)}
      ${clock(alarm.at, at.card.utc_offset_s, { seconds: false })} <a href=${`#/alarms/${encodeURIComponent(alarm.id)}`}>${subject(alarm)} · ${alarm.title}</a>
      <small>${why(alarm)}</small> <em>${stateOf(alarm)}</em></li>`)}</ul>` : html`<p class="empty">${say("no-alarm")}</p>`}</section>`;
}

export function view({ index }) {
  const at = standing(index);
  at.alarms = alarmsOf(index);
  const events = plantEvents(at.card.id).slice(-40).reverse();
  const works = (tag) => ["raw-water", "process", "finished-water"].includes(tag.point) && tag.quantity !== "state" && tag.quantity !== "level";
  const head = at.plant.head;
  return html`<h1>${textOf(at.card.title)} <small>${textOf(at.card.county)} · ${say("people-n", { n: grouped(at.card.people) })} ${online(at.plant)}</small></h1>
    <p class="fiction">${textOf(at.card.fiction)}</p>
    ${scheme(at)}
    <p class="tools"><a class="button" href=${`#/map/${at.card.id}`}>${say("map")}</a> <a class="button" href="#/tickets">${say("tickets")}</a></p>
    ${standingAlarms(at)}
    ${villages(at)}
    <div class="columns">
      ${table(at, say("works"), works)}
      ${table(at, say("tanks"), (tag) => tag.quantity === "level")}
      ${table(at, say("running"), (tag) => tag.quantity === "state")}
      ${table(at, say("network"), (tag) => tag.point === "network" && !["level", "state"].includes(tag.quantity))}
    </div>
      <section class="wide"><h2>${say("events")}</h2><div class="events" tabindex="0" role="region" aria-label=${say("events")}><ul class="plainlist">${events.map((entry) => eventLine(entry, at.card))}</ul></div></section>
    ${head.messages === null ? nothing : html`<p class="muted">${say("counters", { messages: grouped(head.messages), readings: grouped(head.readings), lost: head.lost, refused: head.refused })}</p>`}`;
}
