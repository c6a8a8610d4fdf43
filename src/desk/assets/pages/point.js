// One instrument: what it has shown, what it is held against, its alarms, and why.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { alarmsOf, call, changed, plantEvents, store } from "../store.js";
import { acknowledge, mayAnswer, setAside } from "../answers.js";
import { badge, levelOn, reading, stateOf, why } from "../parts.js";
import { clock, figure, unitOf, withUnit } from "../format.js";
import { language, say, sourceOf, textOf } from "../words.js";
import { eventLine } from "./events.js";

const SPANS = { "1": 1, "6": 6, "24": 24, "72": 72, "168": 168 };
const DAY = 86400000;
// What else can be drawn: the same hours of another day, dashed or dotted.
const BEFORE = { yesterday: { by: DAY, dash: [7, 4] }, "last-week": { by: 7 * DAY, dash: [2, 4] } };
const look = { key: "", hours: 6, history: null, before: {}, overlays: new Set(), table: false, error: "", why: null, rule: "", asked: 0 };
let plot = null;
let library = null;

// The plotting library is large, and no other page needs it.
function loadPlots() {
  library ??= new Promise((done, failed) => {
    const file = (name) => new URL("../vendor/" + name, import.meta.url);
    const style = Object.assign(document.createElement("link"), { rel: "stylesheet", href: file("uPlot.min.css") });
    const script = Object.assign(document.createElement("script"), { src: file("uPlot.iife.min.js"), onload: done, onerror: failed });
    document.head.append(style, script);
  });
  return library;
}

async function fetchHistory(card, tag, reached) {
  const to = reached + 1;
  const from = to - look.hours * 3600000;
  const ask = (shift) => call("history?" + new URLSearchParams({ plant: card.id, tag: tag.id, from: from - shift, to: to - shift, max: 1200 }));
  const overlays = [...look.overlays];
  try {
    const [history, ...before] = await Promise.all([ask(0), ...overlays.map((it) => ask(BEFORE[it].by))]);
    await loadPlots();
    Object.assign(look, { history, error: "", from, to, before: Object.fromEntries(overlays.map((it, n) => [it, before[n]])) });
  } catch (error) {
    look.error = error.message;
  }
  changed();
}

async function fetchWhy(card, tag) {
  if (!look.rule) return;
  const query = new URLSearchParams({ plant: card.id, rule: look.rule, tag: tag.id, lang: language() });
  if (store.replay) query.set("at", store.replay.at);
  const asked = look.rule;
  try {
    const { text } = await call("explain?" + query);
    if (look.rule === asked) look.why = text;
  } catch (error) {
    look.why = error.message;
  }
  changed();
}

function open(card, tag) {
  const key = `${card.id}/${tag.id}`;
  if (look.key === key) return;
  const standing = alarmsOf(store.catalogue.plants.indexOf(card)).find((it) => it.tag === tag.id);
  const rule = standing?.event.id.rule ?? tag.limits[0]?.rule ?? tag.rules[0] ?? "";
  Object.assign(look, { key, history: null, why: null, rule, asked: 0 });
  plot?.destroy();
  plot = null;
  fetchWhy(card, tag);
}

export function leave() {
  look.key = "";
  plot?.destroy();
  plot = null;
}

// History is fetched again when a reading has come, at most every three seconds.
function refresh(card, tag, plant, cell) {
  const at = cell?.[0] ?? 0;
  const asked = store.replay ? plant.head.reached : at;
  if (asked === look.asked || Date.now() - (look.askedAt ?? 0) < (store.replay ? 700 : 3000) || !plant.head.reached) return;
  Object.assign(look, { asked, askedAt: Date.now() });
  fetchHistory(card, tag, Math.max(plant.head.reached, at));
}

// Times of all curves in one column, as the plotting library wants it: readings that can be trusted
// and the others, samples, and other days moved to this one.
function columns() {
  const { points, samples } = look.history;
  const good = (flag) => flag !== null && flag < 3;
  const series = [
    points.map(([at, value, flag]) => [at, good(flag) ? value : null]),
    points.filter(([, , flag]) => !good(flag)).map(([at, value]) => [at, value]),
    samples.map(([at, value]) => [at, value]),
    ...Object.keys(BEFORE).map((it) => (look.before[it]?.points ?? []).filter(([, , flag]) => good(flag)).map(([at, value]) => [at + BEFORE[it].by, value])),
  ];
  const times = [...new Set(series.flat().map(([at]) => at))].sort((a, b) => a - b);
  const column = (one, isGap) => {
    const known = new Map(one);
    // A gap is a reading without a value; a time of another curve is none.
    return times.map((at) => (known.has(at) ? known.get(at) : isGap ? undefined : null));
  };
  return [times.map((at) => at / 1000), ...series.map((one, n) => column(one, n === 0 || n > 2))];
}

// A cross for each sample.
function crosses(it, n) {
  const { ctx } = it;
  const size = 5 * devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = "#0B5CAD";
  ctx.lineWidth = 2.5 * devicePixelRatio;
  it.data[n].forEach((value, k) => {
    if (value === null || value === undefined) return;
    const [x, y] = [it.valToPos(it.data[0][k], "x", true), it.valToPos(value, "y", true)];
    ctx.beginPath();
    for (const way of [-1, 1]) {
      ctx.moveTo(x - size, y - size * way);
      ctx.lineTo(x + size, y + size * way);
    }
    ctx.stroke();
  });
  ctx.restore();
}

// Draws once the place for it is on the page.
export function drawn({ index, tag }) {
  const card = store.catalogue.plants[index];
  const place = document.getElementById("trend");
  if (!place || !look.history || !self.uPlot) return;
  const data = columns();
  const drawnAs = `${look.key} ${language()} ${place.clientWidth} ${look.hours} ${look.history.points.length < 80}`;
  if (plot && plot.drawnAs === drawnAs && plot.root.isConnected) {
    plot.setData(data, false);
    plot.setScale("x", { min: look.from / 1000, max: look.to / 1000 });
    return;
  }
  plot?.destroy();
  const offset = card.utc_offset_s;
  const lines = tag.limits.map((it) => ({ at: it.at, level: store.catalogue.rules[it.rule]?.priority }));
  plot = new self.uPlot({
    width: Math.max(280, place.clientWidth), height: 260, legend: { show: false },
    cursor: { drag: { x: false, y: false } },
    tzDate: (s) => new Date((s + offset) * 1000 + new Date((s + offset) * 1000).getTimezoneOffset() * 60000),
    scales: { x: { min: look.from / 1000, max: look.to / 1000 }, y: { range: (_, low, high) => yRange(tag, low, high) } },
    axes: [
      { stroke: "#1F2328", grid: { stroke: "#BDBDBD", width: 1 }, values: (_, all) => all.map((s) => clock(s * 1000, offset, { seconds: false, date: look.hours > 24 })) },
      { stroke: "#1F2328", grid: { stroke: "#BDBDBD", width: 1 }, size: 60 },
    ],
    series: [{}, { stroke: "#1F2328", width: 1.5, points: { show: look.history.points.length < 80 } },
      { stroke: "#6A3D9A", width: 0, paths: () => null, points: { show: true, size: 6, stroke: "#6A3D9A" } },
      { stroke: "#0B5CAD", width: 0, paths: () => null, points: { show: false } },
      ...Object.values(BEFORE).map(({ dash }) => ({ stroke: "#4A4F55", width: 1.2, dash, points: { show: false } }))],
    hooks: { draw: [(it) => drawLimits(it, lines), (it) => crosses(it, 3)] },
  }, data, place);
  plot.drawnAs = drawnAs;
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
  const points = look.history.points.slice(-120).reverse();
  return html`<div class="scroll twin" tabindex="0" role="region" aria-label=${say("table")}><table><thead><tr><th>${say("time")}</th><th>${unitOf(tag) || say("value")}</th><th>${say("quality")}</th></tr></thead>
    <tbody>${points.map(([at, value, flag]) => html`<tr><td>${clock(at, card.utc_offset_s, { date: true })}</td><td class="number">${figure(tag, value)}</td><td>${say("flag-" + FLAGS[flag])}</td></tr>`)}</tbody></table></div>`;
}

export function view({ index, tag }) {
  const card = store.catalogue.plants[index];
  const plant = store.plants[index];
  const n = card.byTag.get(tag.id);
  const cell = plant.tags[n];
  open(card, tag);
  refresh(card, tag, plant, cell);
  const alarms = alarmsOf(index).filter((it) => it.tag === tag.id);
  const events = plantEvents(card.id).filter(({ record }) => (record.id?.tag ?? record.tag) === tag.id).slice(-30).reverse();
  const village = card.byVillage.get(tag.village);
  const pick = (hours) => { Object.assign(look, { hours, asked: 0, askedAt: 0 }); changed(); };
  const overlay = (it) => {
    look.overlays.has(it) ? look.overlays.delete(it) : look.overlays.add(it);
    pick(look.hours);
  };
  const none = look.history ? [...look.overlays].filter((it) => look.before[it] && !look.before[it].readings) : [];
  const choose = (event) => { Object.assign(look, { rule: event.target.value, why: null }); fetchWhy(card, tag); changed(); };
  return html`<h1>${textOf(tag.title)} <small>${tag.id} · <a href=${`#/plant/${card.id}`}>${textOf(card.title)}</a>${village ? ` · ${textOf(village.title)}` : ""}</small></h1>
    <p class="big">${reading(plant, tag, cell, levelOn(alarms, tag.id))} <small>${cell?.[0] ? clock(cell[0], card.utc_offset_s, { date: true }) : ""}
      ${cell?.[4] ? say("doubted-n", { n: cell[4] }) : ""}</small></p>
    <div class="tools" role="group" aria-label=${say("span")}>${Object.entries(SPANS).map(([key, hours]) => html`<button class="chip"
      aria-pressed=${String(look.hours === hours)} @click=${() => pick(hours)}>${say("span-h", { n: key })}</button>`)}
      ${Object.keys(BEFORE).map((it) => html`<button class="chip" aria-pressed=${String(look.overlays.has(it))} @click=${() => overlay(it)}>${it === "yesterday" ? "╌" : "┈"} ${say("overlay-" + it)}</button>`)}
      <button class="chip" aria-pressed=${String(look.table)} @click=${() => { look.table = !look.table; changed(); }}>${say("table")}</button>
      <button class="chip" @click=${() => fetchWhy(card, tag)}>${say("why-again")}</button></div>
    ${look.error ? html`<p class="error" role="alert">${look.error}</p>` : nothing}
    <div id="trend" role="img" aria-label=${say("trend-of", { what: textOf(tag.title), n: look.history?.readings ?? 0 })}></div>
    ${look.table && look.history ? twin(card, tag) : nothing}
    ${look.history?.samples.length ? html`<p class="samples">× ${say("samples-n", { n: look.history.samples.length })} ${look.history.samples.slice(-4).map(([at, value, sign, name]) => html`<span>${clock(at, card.utc_offset_s, { date: true, seconds: false })} <b>${sign === "=" ? "" : sign}${withUnit(tag, value)}</b> <small>${name}</small></span> `)}</p>` : nothing}
    ${none.map((it) => html`<p class="muted">${say("overlay-none", { when: say("overlay-" + it) })}</p>`)}
    <p class="muted">${look.history?.thinned ? say("thinned", { n: look.history.readings }) : nothing}
      ${tag.limits.map((it) => html`<span class="limit">┄ ${say(it.below ? "limit-below" : "limit-above", { limit: withUnit(tag, it.at) })} ${textOf(store.catalogue.rules[it.rule]?.title)}</span> `)}</p>
    <section class="wide"><h2>${say("alarms")} ${alarms.length}</h2>${alarms.length ? html`<ul class="plainlist">${alarms.map((alarm) => html`<li>${badge(alarm.level, alarm.state)}
      ${clock(alarm.at, card.utc_offset_s, { date: true, seconds: false })} ${alarm.title} <small>${why(alarm)}</small> <em>${stateOf(alarm)}</em>
      ${mayAnswer() && alarm.unanswered ? html`<button class="main" @click=${() => acknowledge(alarm)}>${say("acknowledge")}</button>` : nothing}
      ${mayAnswer() && !alarm.aside ? html`<button @click=${() => setAside(alarm)}>${say("shelve")}</button>` : nothing}<br>${alarm.advice}</li>`)}</ul>` : html`<p class="empty">${say("no-alarm")}</p>`}</section>
    ${tag.rules.length ? html`<section class="wide"><h2>${say("why")}</h2><label>${say("rule")} <select @change=${choose}>${tag.rules.map((id) => html`<option value=${id} ?selected=${id === look.rule}>${textOf(store.catalogue.rules[id]?.title)} · ${id}</option>`)}</select></label>
      ${rule(look.rule)}<pre class="why">${look.why ?? "…"}</pre></section>` : nothing}
    ${events.length ? html`<section class="wide"><h2>${say("events")}</h2><div class="events" tabindex="0" role="region" aria-label=${say("events")}><ul class="plainlist">${events.map((entry) => eventLine(entry, card))}</ul></div></section>` : nothing}`;
}

function rule(id) {
  const card = store.catalogue.rules[id];
  if (!card) return nothing;
  return html`<p>${textOf(card.advice)}<br><small>${card.condition} · ${sourceOf(card)}</small></p>`;
}
