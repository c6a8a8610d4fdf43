// One instrument: what it has shown, what it is held against, its alarms, and why.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { alarmsOf, call, changed, plantEvents, store } from "../store.js";
import { acknowledge, mayAnswer, setAside } from "../answers.js";
import { badge, levelOn, reading, stateOf, why } from "../parts.js";
import { clock, figure, unitOf, withUnit } from "../format.js";
import { language, say, textOf } from "../words.js";
import { eventLine } from "./events.js";

const SPANS = { "1": 1, "6": 6, "24": 24, "72": 72, "168": 168 };
const view = { key: "", hours: 6, history: null, table: false, error: "", why: null, rule: "", asked: 0 };
let plot = null;
let library = null;

// The plotting library is large, and no other page needs it.
function loadPlots() {
  library ??= new Promise((done, failed) => {
    const style = Object.assign(document.createElement("link"), { rel: "stylesheet", href: "vendor/uPlot.min.css" });
    const script = Object.assign(document.createElement("script"), { src: "vendor/uPlot.iife.min.js", onload: done, onerror: failed });
    document.head.append(style, script);
  });
  return library;
}

async function fetchHistory(card, tag, reached) {
  const to = reached + 1;
  const query = new URLSearchParams({ plant: card.id, tag: tag.id, from: to - view.hours * 3600000, to, max: 1200 });
  try {
    const history = await call("history?" + query);
    await loadPlots();
    Object.assign(view, { history, error: "", from: to - view.hours * 3600000, to });
  } catch (error) {
    view.error = error.message;
  }
  changed();
}

async function fetchWhy(card, tag) {
  if (!view.rule) return;
  const query = new URLSearchParams({ plant: card.id, rule: view.rule, tag: tag.id, lang: language() });
  const asked = view.rule;
  try {
    const { text } = await call("explain?" + query);
    if (view.rule === asked) view.why = text;
  } catch (error) {
    view.why = error.message;
  }
  changed();
}

export function open(card, tag) {
  const key = `${card.id}/${tag.id}`;
  if (view.key === key) return;
  const standing = alarmsOf(store.catalogue.plants.indexOf(card)).find((it) => it.tag === tag.id);
  const rule = standing?.event.id.rule ?? tag.limits[0]?.rule ?? tag.rules[0] ?? "";
  Object.assign(view, { key, history: null, why: null, rule, asked: 0 });
  plot?.destroy();
  plot = null;
  fetchWhy(card, tag);
}

export function leave() {
  view.key = "";
  plot?.destroy();
  plot = null;
}

// History is fetched again when a reading has come, at most every three seconds.
function refresh(card, tag, plant, cell) {
  const at = cell?.[0] ?? 0;
  if (at === view.asked || Date.now() - (view.askedAt ?? 0) < 3000 || !plant.head.reached) return;
  Object.assign(view, { asked: at, askedAt: Date.now() });
  fetchHistory(card, tag, Math.max(plant.head.reached, at));
}

function columns() {
  const points = view.history.points;
  const good = (flag) => flag !== null && flag < 3;
  return [
    points.map(([at]) => at / 1000),
    points.map(([, value, flag]) => (good(flag) ? value : null)),
    points.map(([, value, flag]) => (good(flag) ? null : value)),
  ];
}

// Draws once the place for it is on the page.
export function drawn(card, tag) {
  const place = document.getElementById("trend");
  if (!place || !view.history || !self.uPlot) return;
  const data = columns();
  const look = `${view.key} ${language()} ${place.clientWidth}`;
  if (plot && plot.look === look && plot.root.isConnected) {
    plot.setData(data, false);
    plot.setScale("x", { min: view.from / 1000, max: view.to / 1000 });
    return;
  }
  plot?.destroy();
  const offset = card.utc_offset_s;
  const lines = tag.limits.map((it) => ({ at: it.at, level: store.catalogue.rules[it.rule]?.priority }));
  plot = new self.uPlot({
    width: Math.max(280, place.clientWidth), height: 260, legend: { show: false },
    cursor: { drag: { x: false, y: false } },
    tzDate: (s) => new Date((s + offset) * 1000 + new Date((s + offset) * 1000).getTimezoneOffset() * 60000),
    scales: { x: { min: view.from / 1000, max: view.to / 1000 }, y: { range: (_, low, high) => yRange(tag, low, high) } },
    axes: [
      { stroke: "#1F2328", grid: { stroke: "#BDBDBD", width: 1 }, values: (_, all) => all.map((s) => clock(s * 1000, offset, { seconds: false, date: view.hours > 24 })) },
      { stroke: "#1F2328", grid: { stroke: "#BDBDBD", width: 1 }, size: 60 },
    ],
    series: [{}, { stroke: "#1F2328", width: 1.5, points: { show: view.history.points.length < 80 } },
      { stroke: "#6A3D9A", width: 0, paths: () => null, points: { show: true, size: 6, stroke: "#6A3D9A" } }],
    hooks: { draw: [(it) => drawLimits(it, lines)] },
  }, data, place);
  plot.look = look;
}

function yRange(tag, low, high) {
  const limits = tag.limits.map((it) => it.at);
  let [a, b] = [Math.min(low ?? tag.range[0], ...limits.filter((it) => it < (high ?? 0) * 3 + 1)), Math.max(high ?? tag.range[1], ...limits.filter((it) => it < (high ?? 0) * 3 + 1))];
  const margin = Math.max((b - a) * 0.08, 1e-6);
  if (a === b) [a, b] = [a - 1, b + 1];
  return [a - margin, b + margin];
}

function drawLimits(it, lines) {
  const { ctx, bbox } = it;
  ctx.save();
  ctx.strokeStyle = "#0B5CAD";
  ctx.setLineDash([6, 4]);
  for (const line of lines) {
    const y = it.valToPos(line.at, "y", true);
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  }
  ctx.restore();
}

const FLAGS = { 1: "good", 2: "unchecked", 3: "suspect", 4: "failed", 9: "missing" };

function twin(card, tag) {
  const points = view.history.points.slice(-120).reverse();
  return html`<div class="scroll twin" tabindex="0" role="region" aria-label=${say("table")}><table><thead><tr><th>${say("time")}</th><th>${unitOf(tag) || say("value")}</th><th>${say("quality")}</th></tr></thead>
    <tbody>${points.map(([at, value, flag]) => html`<tr><td>${clock(at, card.utc_offset_s, { date: true })}</td><td class="number">${figure(tag, value)}</td><td>${say("flag-" + FLAGS[flag])}</td></tr>`)}</tbody></table></div>`;
}

export function point(index, tag) {
  const card = store.catalogue.plants[index];
  const plant = store.plants[index];
  const n = card.byTag.get(tag.id);
  const cell = plant.tags[n];
  open(card, tag);
  refresh(card, tag, plant, cell);
  const alarms = alarmsOf(index).filter((it) => it.tag === tag.id);
  const events = plantEvents(card.id).filter(({ record }) => (record.id?.tag ?? record.tag) === tag.id).slice(-30).reverse();
  const village = card.byVillage.get(tag.village);
  const pick = (hours) => { Object.assign(view, { hours, asked: 0, askedAt: 0 }); changed(); };
  const choose = (event) => { Object.assign(view, { rule: event.target.value, why: null }); fetchWhy(card, tag); changed(); };
  return html`<h1>${textOf(tag.title)} <small>${tag.id} · <a href=${`#/plant/${card.id}`}>${textOf(card.title)}</a>${village ? ` · ${textOf(village.title)}` : ""}</small></h1>
    <p class="big">${reading(plant, tag, cell, levelOn(alarms, tag.id))} <small>${cell?.[0] ? clock(cell[0], card.utc_offset_s, { date: true }) : ""}
      ${cell?.[4] ? say("doubted-n", { n: cell[4] }) : ""}</small></p>
    <div class="tools" role="group" aria-label=${say("span")}>${Object.entries(SPANS).map(([key, hours]) => html`<button class="chip"
      aria-pressed=${String(view.hours === hours)} @click=${() => pick(hours)}>${say("span-h", { n: key })}</button>`)}
      <button class="chip" aria-pressed=${String(view.table)} @click=${() => { view.table = !view.table; changed(); }}>${say("table")}</button>
      <button class="chip" @click=${() => fetchWhy(card, tag)}>${say("why-again")}</button></div>
    ${view.error ? html`<p class="error" role="alert">${view.error}</p>` : nothing}
    <div id="trend" role="img" aria-label=${say("trend-of", { what: textOf(tag.title), n: view.history?.readings ?? 0 })}></div>
    ${view.table && view.history ? twin(card, tag) : nothing}
    <p class="muted">${view.history?.thinned ? say("thinned", { n: view.history.readings }) : nothing}
      ${tag.limits.map((it) => html`<span class="limit">┄ ${say(it.below ? "limit-below" : "limit-above", { limit: withUnit(tag, it.at) })} ${textOf(store.catalogue.rules[it.rule]?.title)}</span> `)}</p>
    <section class="wide"><h2>${say("alarms")} ${alarms.length}</h2>${alarms.length ? html`<ul class="plainlist">${alarms.map((alarm) => html`<li>${badge(alarm.level, alarm.state)}
      ${clock(alarm.at, card.utc_offset_s, { date: true, seconds: false })} ${alarm.title} <small>${why(alarm)}</small> <em>${stateOf(alarm)}</em>
      ${mayAnswer() && alarm.unanswered ? html`<button class="main" @click=${() => acknowledge(alarm)}>${say("acknowledge")}</button>` : nothing}
      ${mayAnswer() && !alarm.aside ? html`<button @click=${() => setAside(alarm)}>${say("shelve")}</button>` : nothing}<br>${alarm.advice}</li>`)}</ul>` : html`<p class="empty">${say("no-alarm")}</p>`}</section>
    ${tag.rules.length ? html`<section class="wide"><h2>${say("why")}</h2><label>${say("rule")} <select @change=${choose}>${tag.rules.map((id) => html`<option value=${id} ?selected=${id === view.rule}>${textOf(store.catalogue.rules[id]?.title)} · ${id}</option>`)}</select></label>
      ${rule(view.rule)}<pre class="why">${view.why ?? "…"}</pre></section>` : nothing}
    ${events.length ? html`<section class="wide"><h2>${say("events")}</h2><div class="events" tabindex="0" role="region" aria-label=${say("events")}><ul class="plainlist">${events.map((entry) => eventLine(entry, card))}</ul></div></section>` : nothing}`;
}

function rule(id) {
  const card = store.catalogue.rules[id];
  if (!card) return nothing;
  return html`<p>${textOf(card.advice)}<br><small>${card.condition} · ${card.source}</small></p>`;
}
