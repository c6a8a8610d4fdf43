// Complaints: which, where they gather, and the alarms of their time and place.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { repeat } from "../vendor/lit-html/directives/repeat.js";
import { allAlarms, call, changed, now, store } from "../store.js";
import { badge } from "../parts.js";
import { clock } from "../format.js";
import { say, textOf } from "../words.js";

const HOUR = 3600000;
const HOURS = 24;
const GATHERED = 3; // so many of one place within an hour are more than chance
const LEVELS = { high: 1, medium: 2, low: 3 };
const PROBLEMS = ["low-pressure", "no-water", "turbid", "smell"];
const look = { tickets: null, asked: "", error: "", problem: "", cell: null, alarm: null };

export function enter({ id }) {
  Object.assign(look, { alarm: id ?? null, cell: null });
}

// Asked again when a complaint or an alarm has come, or another moment is shown.
function refresh() {
  const newest = store.records.filter(({ record }) => record.kind === "ticket" || record.kind === "alarm").at(-1);
  const asked = `${store.replay ? store.replay.at : "now"} ${newest ? newest.plant + newest.n : ""}`;
  if (asked === look.asked || look.busy) return;
  Object.assign(look, { asked, busy: true });
  call("tickets" + (store.replay ? "?until=" + store.replay.at : "")).then(({ tickets }) => {
    Object.assign(look, { tickets, error: "", busy: false });
  }, (error) => Object.assign(look, { error: error.message, busy: false })).finally(changed);
}

const cardOf = (ticket) => store.catalogue.plants.find((card) => card.id === ticket.plant);
const villageOf = (ticket) => {
  const village = cardOf(ticket)?.byVillage.get(ticket.village);
  return village ? textOf(village.title) : ticket.village;
};
const filed = (ticket) => Date.parse(ticket.filed_at);
const placeOf = (ticket) => `${ticket.plant}/${ticket.village}`;

const fits = (ticket) => (!look.problem || ticket.problem === look.problem)
  && (!look.cell || (placeOf(ticket) === look.cell.place && filed(ticket) >= look.cell.from && filed(ticket) < look.cell.from + HOUR))
  && (!look.alarm || ticket.alarms.some((it) => it.id === look.alarm));

// A strip for each village that has complained: how many in each hour of the last day.
function strip(tickets) {
  const offset = store.catalogue.plants[0].utc_offset_s * 1000;
  const end = Math.floor((Math.max(now(), ...tickets.map(filed)) + offset) / HOUR) * HOUR - offset + HOUR;
  const hours = Array.from({ length: HOURS }, (_, n) => end - (HOURS - n) * HOUR);
  const recent = tickets.filter((it) => filed(it) >= hours[0]);
  if (!recent.length) return html`<p class="empty">${say("no-ticket-recent")}</p>`;
  const rows = new Map();
  for (const ticket of recent) {
    const row = rows.get(placeOf(ticket)) ?? rows.set(placeOf(ticket), { ticket, counts: new Array(HOURS).fill(0) }).get(placeOf(ticket));
    row.counts[Math.floor((filed(ticket) - hours[0]) / HOUR)] += 1;
  }
  const sum = (row) => row.counts.reduce((a, b) => a + b, 0);
  const many = store.catalogue.plants.length > 1;
  const cell = (place, row, n) => {
    const count = row.counts[n];
    if (!count) return html`<td></td>`;
    const on = look.cell?.place === place && look.cell.from === hours[n];
    const heavy = count >= GATHERED;
    return html`<td><button class="cluster c${Math.min(3, count)}" aria-pressed=${String(on)} aria-label=${say("cluster-n", { n: count, where: villageOf(row.ticket), time: clock(hours[n], offset / 1000, { seconds: false }) })}
      @click=${() => { look.cell = on ? null : { place, from: hours[n] }; changed(); }}>${heavy ? "◆" : ""}${count}</button></td>`;
  };
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${say("cluster-strip")}><table class="strip"><caption>${say("cluster-strip")}</caption>
    <thead><tr><th>${say("village")}</th>${hours.map((at) => html`<th>${clock(at, offset / 1000, { seconds: false }).slice(0, 2)}</th>`)}<th>${say("sum")}</th></tr></thead>
    <tbody>${[...rows].sort((a, b) => sum(b[1]) - sum(a[1])).map(([place, row]) => html`<tr><th scope="row">${many ? textOf(cardOf(row.ticket)?.title) + " · " : ""}${villageOf(row.ticket)}</th>
      ${hours.map((_, n) => cell(place, row, n))}<td class="number">${sum(row)}</td></tr>`)}</tbody></table></div>`;
}

function alarmOf(ticket, beside, standing) {
  const card = cardOf(ticket);
  const tag = card?.tags[card.byTag.get(beside.tag)];
  const title = store.catalogue.rules[beside.rule]?.title;
  const offset = card?.utc_offset_s ?? 0;
  const stands = standing.get(beside.id);
  const href = stands ? `#/alarms/${encodeURIComponent(beside.id)}` : tag ? `#/point/${ticket.plant}/${tag.id}` : `#/plant/${ticket.plant}`;
  return html`<li>${badge(LEVELS[beside.priority], stands?.state ?? (beside.cleared_at ? "returned" : "acknowledged"))} <a href=${href}>${tag ? textOf(tag.title) + " · " : ""}${title ? textOf(title) : beside.rule}</a>
    <small>${clock(beside.raised_at, offset, { seconds: false })}–${beside.cleared_at ? clock(beside.cleared_at, offset, { seconds: false }) : ""}${beside.same_problem ? "" : " · " + say("other-problem")}</small></li>`;
}

function row(ticket, standing) {
  const offset = cardOf(ticket)?.utc_offset_s ?? 0;
  const many = store.catalogue.plants.length > 1;
  return html`<tr data-ticket=${`${ticket.plant}/${ticket.n}`}><td class="time">${clock(filed(ticket), offset, { date: true, seconds: false })}</td>
    ${many ? html`<td><a href=${`#/plant/${ticket.plant}`}>${textOf(cardOf(ticket)?.title)}</a></td>` : nothing}
    <th scope="row">${villageOf(ticket)}</th><td>${say("problem-" + ticket.problem)}</td><td>${say("channel-" + ticket.channel)}</td>
    <td class="time">${clock(Date.parse(ticket.noticed_at), offset, { seconds: false })}</td>
    <td>${ticket.alarms.length ? html`<ul class="beside">${ticket.alarms.slice(0, 3).map((it) => alarmOf(ticket, it, standing))}</ul>` : html`<span class="muted">${say("no-alarm-beside")}</span>`}</td></tr>`;
}

export function view() {
  refresh();
  const tickets = look.tickets ?? [];
  const shown = tickets.filter(fits);
  const standing = new Map(allAlarms().map((it) => [it.id, it]));
  const many = store.catalogue.plants.length > 1;
  const filtered = look.cell || look.alarm;
  return html`<h1>${say("tickets")} <small>${tickets.length}</small></h1>
    ${look.error ? html`<p class="error" role="alert">${look.error}</p>` : nothing}
    ${look.tickets === null ? html`<p role="status">${say("loading")}</p>` : strip(tickets)}
    <div class="tools" role="group" aria-label=${say("filter")}>
      ${PROBLEMS.map((it) => html`<button class="chip" aria-pressed=${String(look.problem === it)} @click=${() => { look.problem = look.problem === it ? "" : it; changed(); }}>${say("problem-" + it)} ${tickets.filter((ticket) => ticket.problem === it).length}</button>`)}
      ${filtered ? html`<button class="chip" aria-pressed="true" @click=${() => { Object.assign(look, { cell: null, alarm: null }); changed(); }}>${look.alarm ? say("beside-alarm", { id: look.alarm }) : say("one-cell")} ×</button>` : nothing}
      <span class="gap"></span><span class="muted">${say("shown-of", { shown: shown.length, all: tickets.length })}</span></div>
    <p class="fiction">${say("beside-how")}</p>
    <div class="scroll" tabindex="0" role="region" aria-label=${say("tickets")}><table class="tickets"><thead><tr><th>${say("filed")}</th>${many ? html`<th>${say("plant")}</th>` : nothing}<th>${say("village")}</th>
      <th>${say("what")}</th><th>${say("channel")}</th><th>${say("noticed")}</th><th>${say("alarms-beside")}</th></tr></thead>
      <tbody>${repeat(shown.slice(0, 200), (it) => `${it.plant}/${it.n}`, (it) => row(it, standing))}</tbody></table></div>
    ${shown.length || look.tickets === null ? nothing : html`<p class="empty">${say(tickets.length ? "nothing-matches" : "no-ticket")}</p>`}`;
}
