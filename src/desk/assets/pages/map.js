// The network as its file lays it out, shaded by what instruments have shown. What no instrument
// measures is hollow: nobody at a desk knows it, but those who lead an exercise or judge it.

import { html, svg, nothing } from "../vendor/lit-html/lit-html.js";
import { alarmsOf, call, changed, store } from "../store.js";
import { badge, levelOn, oldAt, oldSign, pointLink, staleness } from "../parts.js";
import { clock, figure, span, unitOf, withUnit } from "../format.js";
import { maySee, truth } from "../truth.js";
import { addWords, say, textOf } from "../words.js";

const SHADES = ["s0", "s1", "s2", "s3"];
const LOOKS = { 1: "▲1", 2: "◆2", 3: "●3", 4: "■4" };
const ORDER = ["pressure", null, "turbidity", "level", "flow", "conductivity", "temperature", "ph", "state"];
// Hours that ages are told apart by: to compare, and no limits.
const AGES = [6, 12, 24];
const look = { maps: {}, failed: "", quantity: "pressure", table: false, focus: null, plant: "", knows: false, truth: false };

export function enter({ quantity }) {
  if (quantity) Object.assign(look, { quantity, truth: quantity === "age" });
  if (maySee() && !look.knows) addWords("words-exercise.json").then(() => { look.knows = true; changed(); });
}
export const leave = () => { look.focus = null; };

function load(card) {
  if (look.maps[card.id]) return;
  look.maps[card.id] = "loading";
  call("map?plant=" + encodeURIComponent(card.id)).then((map) => {
    look.maps[card.id] = map;
    look.failed = "";
  }, (error) => {
    delete look.maps[card.id];
    look.failed = error.message;
  }).finally(changed);
}

// What can be chosen: what an instrument on the map measures.
function quantities(card, map) {
  const here = new Set([...map.nodes, ...map.links].flatMap((it) => it.tags));
  const measured = new Set(card.tags.filter((tag) => here.has(tag.id)).map((tag) => tag.quantity));
  return ORDER.map((it) => it ?? card.residual).filter((it) => measured.has(it));
}

// The instrument of a place that measures the chosen quantity, with its reading.
function measured(at, place, quantity) {
  for (const id of place.tags) {
    const n = at.card.byTag.get(id);
    const tag = at.card.tags[n];
    if (tag?.quantity === quantity) return { tag, cell: at.plant.tags[n], level: levelOn(at.alarms, id) };
  }
  return null;
}

const known = (found) => found?.cell?.[0] && found.cell[1] !== null && found.cell[2] < 9;
// What has failed is said, but nothing is shaded by it.
const trusted = (found) => known(found) && found.cell[2] < 4;

// Places in pixels: as large as the page allows, north up.
function layout(map) {
  const width = Math.max(300, Math.min(innerWidth - (innerWidth < 720 ? 24 : 48), 1240));
  const xs = map.nodes.map((it) => it.x);
  const ys = map.nodes.map((it) => it.y);
  const [left, right, low, high] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const [wide, tall] = [right - left || 1, high - low || 1];
  const [marginX, marginY] = [innerWidth < 720 ? 34 : 90, 34];
  const height = Math.round(Math.max(300, Math.min(width * (tall / wide), innerHeight - (store.replay ? 400 : 330), 620)));
  const scale = Math.min((width - 2 * marginX) / wide, (height - 2 * marginY) / tall);
  const x0 = (width - wide * scale) / 2;
  const y0 = (height - tall * scale) / 2;
  return { width, height, place: ({ x, y }) => [x0 + (x - left) * scale, y0 + (high - y) * scale] };
}

// Before an old value there is a clock.
const indent = (spot, line) => (spot.stale && line === 0 ? 14 : 0);

// Labels beside their places, where nothing else stands.
function labels(spots, width, height, all = spots) {
  const taken = all.map(({ x, y }) => [x - 9, y - 9, x + 9, y + 9]);
  const free = (box) => box[0] >= 2 && box[1] >= 2 && box[2] <= width - 2 && box[3] <= height - 2
    && taken.every((it) => box[2] <= it[0] || box[0] >= it[2] || box[3] <= it[1] || box[1] >= it[3]);
  for (const spot of spots) {
    const wide = Math.max(...spot.lines.map((line, k) => widthOf(line) + indent(spot, k))) + 4;
    const tall = spot.lines.length * 14;
    const tries = (spot.isBare ? [10] : [10, 26, 46]).flatMap((gap) => [[gap, -tall / 2], [-gap - wide, -tall / 2], [-wide / 2, -gap - tall], [-wide / 2, gap], [gap, gap - 8], [-gap - wide, gap - 8], [gap, 4 - gap - tall], [-gap - wide, 4 - gap - tall]]);
    for (const [dx, dy] of tries) {
      const box = [spot.x + dx, spot.y + dy, spot.x + dx + wide, spot.y + dy + tall];
      if (!free(box)) continue;
      taken.push(box);
      spot.box = box;
      break;
    }
  }
}

const widthOf = (text) => [...text].reduce((sum, it) => sum + (it.charCodeAt(0) > 0x2e7f ? 12.5 : 6.8), 0);

function nameOf(card, place) {
  const village = card.byVillage.get(place.village);
  return village ? textOf(village.title) : place.id;
}

const shadeOf = (value, [low, high]) => SHADES[Math.max(0, Math.min(3, Math.floor(((value - low) / (high - low || 1)) * 4)))];

function told(at, place, found) {
  const name = nameOf(at.card, place);
  const where = `${name}${name === place.id ? "" : " " + place.id} · ${say("node-" + place.kind)}${place.elevation_m === undefined ? "" : ` · ${Math.round(place.elevation_m)} m`}`;
  if (!found) return `${where} · ${say("unmeasured")}`;
  const stale = staleness(at.plant, found.tag, found.cell);
  const flag = { 3: "suspect", 4: "failed", 9: "missing" }[found.cell?.[2]];
  const value = known(found) ? (found.tag.quantity === "state" ? say(found.cell[1] > 0.5 ? "on" : "off") : withUnit(found.tag, found.cell[1])) : say("flag-missing");
  return [where, `${textOf(found.tag.title)} ${found.tag.id}: ${value}`, found.level ? say("priority-n", { n: found.level }) : "",
    flag ? say("flag-" + flag) : "", stale ? say("ago", { span: span(stale) }) : ""].filter(Boolean).join(" · ");
}

function symbol(kind, x, y, size, shade = "") {
  if (kind === "tank") return svg`<rect class=${shade} x=${x - size} y=${y - size} width=${2 * size} height=${2 * size}></rect>`;
  if (kind === "reservoir") return svg`<path class=${shade} d=${`M${x - size} ${y - size}h${2 * size}l${-size} ${2 * size}z`}></path>`;
  return svg`<circle class=${shade} cx=${x} cy=${y} r=${size}></circle>`;
}

function spotOf(at, spot, scale) {
  const { place, x, y, found, n } = spot;
  const hear = () => { look.focus = n; changed(); };
  const text = told(at, place, found);
  if (!found) {
    return svg`<g class="spot hollow" tabindex="-1" data-n=${n} role="img" aria-label=${text} @focus=${hear} @mouseenter=${hear}>
      <circle cx=${x} cy=${y} r="8" class="hit"></circle>${symbol(place.kind, x, y, place.kind === "junction" ? 3 : 6)}</g>`;
  }
  const { stale } = spot;
  const { level } = found;
  const shade = level || !trusted(found) ? "" : shadeOf(found.cell[1], scale);
  return svg`<a class="spot${level ? " a" + level : ""}${trusted(found) ? "" : " none"}${stale ? " stale" : ""}" href=${pointLink(at.card, found.tag)} data-n=${n} @focus=${hear} @mouseenter=${hear}>
    ${symbol(place.kind, x, y, 8, shade)}
    ${label(spot)}<title>${text}</title></a>`;
}

const label = (spot) => (spot.box ? svg`<g class="label"><rect x=${spot.box[0]} y=${spot.box[1]} width=${spot.box[2] - spot.box[0]} height=${spot.box[3] - spot.box[1]}></rect>
      ${spot.stale ? oldAt(spot.box[0] + 2, spot.box[1] + 1) : nothing}
      ${spot.lines.map((line, k) => svg`<text x=${spot.box[0] + 2 + indent(spot, k)} y=${spot.box[1] + 11 + k * 14} class=${k ? "name" : "figure"}>${line}</text>`)}</g>` : nothing);

function lineOf(at, link, ends) {
  const [[x1, y1], [x2, y2]] = ends;
  const [x, y] = [(x1 + x2) / 2, (y1 + y2) / 2];
  const turn = (Math.atan2(y2 - y1, x2 - x1) * 180) / Math.PI;
  const runs = measured(at, link, "state");
  const on = known(runs) && runs.cell[1] > 0.5;
  const shape = link.kind === "pump" ? svg`<circle r="6"></circle><path d="M-3 -4L5 0L-3 4z"></path>` : link.kind === "valve" ? svg`<path d="M-6 -4L6 4V-4L-6 4z"></path>` : nothing;
  return svg`<line x1=${x1} y1=${y1} x2=${x2} y2=${y2}></line>${shape === nothing ? nothing
    : svg`<g class="${link.kind}${on ? " runs" : ""}" transform=${`translate(${x.toFixed(1)} ${y.toFixed(1)}) rotate(${turn.toFixed(0)})`}>${shape}<title>${link.id}</title></g>`}`;
}

function places(at, map, quantity, place) {
  const spots = map.nodes.map((node) => ({ place: node, at: place(node), found: measured(at, node, quantity) }));
  for (const link of map.links) {
    const found = measured(at, link, quantity);
    if (!found) continue;
    const [[x1, y1], [x2, y2]] = [place(map.nodes[link.from]), place(map.nodes[link.to])];
    spots.push({ place: { ...link, kind: link.kind }, at: [(x1 + x2) / 2, (y1 + y2) / 2], found });
  }
  return spots.map(({ place: it, at: [x, y], found }, n) => {
    const level = found?.level;
    const value = known(found) ? (quantity === "state" ? say(found.cell[1] > 0.5 ? "on" : "off") : figure(found.tag, found.cell[1])) : "–";
    const stale = found ? staleness(at.plant, found.tag, found.cell) : 0;
    const sign = { 3: "?", 4: "×" }[found?.cell?.[2]] ?? "";
    const lines = found ? [`${level ? LOOKS[level] + " " : ""}${sign}${value}`, nameOf(at.card, it)] : [];
    return { place: it, x, y, found, n, lines, stale };
  });
}

// ---- the truth

// In truth a quantity is as in readings of it; age has none.
const tagOf = (card, quantity) => (quantity === "age" ? { quantity, unit: "h" } : card.tags.find((tag) => tag.quantity === quantity) ?? { quantity, unit: "" });
const trueFigure = (tag, value) => (tag.quantity === "age" ? value.toFixed(1) : figure(tag, value));
const trueValue = (tag, value) => (value === null ? "–" : `${trueFigure(tag, value)} ${unitOf(tag)}`.trim());

function truePlaces(at, map, quantity, place, told) {
  const k = told?.quantities.indexOf(quantity) ?? -1;
  const tag = tagOf(at.card, quantity);
  const spots = map.nodes.map((node, n) => {
    const [x, y] = place(node);
    const value = told?.nodes[node.id]?.[k] ?? null;
    const isBare = !node.village && !node.tags.length && node.kind === "junction";
    return { place: node, x, y, n, tag, value, found: measured(at, node, quantity), isBare, lines: [], stale: 0 };
  });
  // Of a village its worst tap has a label.
  const sign = ["age", "turbidity"].includes(quantity) ? 1 : -1;
  const worst = new Map();
  for (const spot of spots.filter((it) => it.value !== null && it.place.village)) {
    const before = worst.get(spot.place.village);
    if (!before || sign * (spot.value - before.value) > 0) worst.set(spot.place.village, spot);
  }
  for (const spot of spots.filter((it) => it.value !== null)) {
    if (spot.place.village && worst.get(spot.place.village) !== spot) continue;
    spot.lines = [trueValue(tag, spot.value), ...(spot.isBare ? [] : [nameOf(at.card, spot.place)])];
  }
  return spots;
}

const trueShade = ({ tag, value }, scale) => (tag.quantity === "age" ? SHADES[AGES.filter((it) => value >= it).length] : shadeOf(value, scale));

function toldTrue(at, { place, tag, value, found }) {
  const [where] = told(at, place, null).split(` · ${say("unmeasured")}`);
  const reading = known(found) ? `${say("ex-reading")} ${found.tag.id}: ${withUnit(found.tag, found.cell[1])}` : say("unmeasured");
  return `${where} · ${say("ex-true")}: ${trueValue(tag, value)} · ${reading}`;
}

// One of them can be reached by Tab, the others from there.
function trueSpot(at, spot, scale) {
  const { place, x, y, n, value } = spot;
  const hear = () => { look.focus = n; changed(); };
  return svg`<g class="spot" tabindex=${n === (look.focus ?? 0) ? "0" : "-1"} data-n=${n} role="img" aria-label=${toldTrue(at, spot)} @focus=${hear} @mouseenter=${hear}>
    ${symbol(place.kind, x, y, spot.isBare ? 5 : 8, value === null ? "" : trueShade(spot, scale))}${label(spot)}</g>`;
}

function trueLegend(tag, scale) {
  const bounds = tag.quantity === "age" ? AGES : [1, 2, 3].map((k) => scale[0] + (k * (scale[1] - scale[0])) / 4);
  const [first, ...rest] = bounds.map((it) => (tag.quantity === "age" ? it : figure(tag, it)));
  const bands = [`< ${first}`, `${first}–${rest[0]}`, `${rest[0]}–${rest[1]}`, `≥ ${rest[1]}`];
  return html`<p class="legend">${bands.map((band, k) => html`<span><svg width="14" height="14" aria-hidden="true"><circle class=${SHADES[k]} cx="7" cy="7" r="6"></circle></svg> ${band} ${unitOf(tag)}</span>`)}
    <span>□ ${say("node-tank")}</span><span>▽ ${say("node-reservoir")}</span></p>`;
}

function trueTwin(at, spots) {
  return html`<div class="scroll twin" tabindex="0" role="region" aria-label=${say("table")}><table><thead><tr><th>${say("where")}</th><th>${say("what")}</th><th>${say("height")}</th><th>${say("ex-true")}</th><th>${say("ex-reading")}</th></tr></thead>
    <tbody>${spots.map(({ place, tag, value, found }) => html`<tr><th scope="row">${nameOf(at.card, place)} <small class="id">${place.id}</small></th>
      <td>${say("node-" + place.kind)}</td><td class="number">${Math.round(place.elevation_m)} m</td><td class="number">${trueValue(tag, value)}</td>
      <td class="number">${known(found) ? html`<a href=${pointLink(at.card, found.tag)}>${withUnit(found.tag, found.cell[1])}</a>` : say("unmeasured")}</td></tr>`)}</tbody></table></div>`;
}

// Its map, whatever it says above and below.
function drawnTrue(at, map, quantity) {
  const { width, height, place } = layout(map);
  const told = truth();
  const spots = truePlaces(at, map, quantity, place, told);
  // Places with a name are labelled first; of the others, those for which there is room.
  labels(spots.filter((it) => it.lines.length).sort((a, b) => a.isBare - b.isBare), width, height, spots);
  const values = spots.filter((it) => it.value !== null).map((it) => it.value);
  const scale = values.length ? [Math.min(...values), Math.max(...values)] : [0, 1];
  const text = told?.at ? say("map-true-how", { time: clock(told.at, at.card.utc_offset_s, { seconds: false }) }) : say("map-true-none");
  return { width, height, place, text, chosen: spots[look.focus] && toldTrue(at, spots[look.focus]),
    drawn: spots.map((it) => trueSpot(at, it, scale)), below: html`${trueLegend(tagOf(at.card, quantity), scale)}${look.table ? trueTwin(at, spots) : nothing}` };
}

// ---- what is seen

function legend(scale, example) {
  const step = (scale[1] - scale[0]) / 4;
  return html`<p class="legend">${example ? SHADES.map((shade, k) => html`<span><svg width="14" height="14" aria-hidden="true"><circle class=${shade} cx="7" cy="7" r="6"></circle></svg>
      ${figure(example, scale[0] + k * step)}–${figure(example, scale[0] + (k + 1) * step)}</span>`) : nothing}
    <span><svg width="14" height="14" aria-hidden="true"><circle class="s" cx="7" cy="7" r="3"></circle></svg> ${say("unmeasured")}</span>
    ${[1, 2, 3, 4].map((level) => html`<span>${badge(level)} ${say("priority-n", { n: level })}</span>`)}
    <span>${oldSign()} ${say("old")}</span><span>? ${say("flag-suspect")}</span><span>□ ${say("node-tank")}</span><span>▽ ${say("node-reservoir")}</span></p>`;
}

function twin(at, spots, quantity) {
  const rows = [...spots].sort((a, b) => Boolean(b.found) - Boolean(a.found));
  return html`<div class="scroll twin" tabindex="0" role="region" aria-label=${say("table")}><table><thead><tr><th>${say("where")}</th><th>${say("what")}</th><th>${say("height")}</th>
    <th>${say("q-" + quantity)}</th><th>${say("state")}</th></tr></thead>
    <tbody>${rows.map(({ place, found }) => html`<tr><th scope="row">${found ? html`<a href=${pointLink(at.card, found.tag)}>${nameOf(at.card, place)}</a>` : nameOf(at.card, place)} <small class="id">${place.id}</small></th>
      <td>${say("node-" + place.kind)}</td><td class="number">${place.elevation_m === undefined ? "" : Math.round(place.elevation_m) + " m"}</td>
      <td class="number">${found && known(found) ? withUnit(found.tag, found.cell[1]) : "–"}</td>
      <td>${!found ? say("unmeasured") : html`${found.level ? badge(found.level) : nothing} ${say("flag-" + ({ 1: "good", 2: "unchecked", 3: "suspect", 4: "failed" }[found.cell?.[2]] ?? "missing"))}`}</td></tr>`)}</tbody></table></div>`;
}

export function view({ index }) {
  const at = { card: store.catalogue.plants[index], plant: store.plants[index], alarms: alarmsOf(index) };
  const { card } = at;
  if (look.plant !== card.id) Object.assign(look, { plant: card.id, focus: null });
  load(card);
  const map = look.maps[card.id];
  const head = html`<h1>${say("map")} <small><a href=${`#/plant/${card.id}`}>${textOf(card.title)}</a></small></h1>`;
  if (look.failed) return html`${head}<p class="error" role="alert">${look.failed}</p>`;
  if (!map || map === "loading") return html`${head}<p role="status">${say("loading")}</p>`;
  if (!map.nodes.length) return html`${head}<p class="empty">${say("map-empty")}</p>`;
  const knows = look.knows && index === 0 && maySee();
  const isTrue = knows && look.truth;
  const offered = isTrue ? ["pressure", card.residual, "turbidity", "age"] : [...quantities(card, map), ...(knows ? ["age"] : [])];
  const quantity = offered.includes(look.quantity) && (isTrue || look.quantity !== "age") ? look.quantity : offered[0];
  const { width, height, place, drawn, text, chosen, below } = isTrue ? drawnTrue(at, map, quantity) : drawnSeen(at, map, quantity);
  const ends = map.nodes.map(place);
  const pick = (it) => () => { Object.assign(look, { quantity: it, focus: null, truth: isTrue || it === "age" }); changed(); };
  const turn = () => { Object.assign(look, { truth: !isTrue, focus: null }); changed(); };
  return html`${head}
    <div class="tools" role="group" aria-label=${say("quantity")}>${offered.map((it) => html`<button class="chip" aria-pressed=${String(it === quantity)} @click=${pick(it)}>${say("map-" + it) === "map-" + it ? say("q-" + it) : say("map-" + it)}</button>`)}
      <span class="gap"></span>${knows ? html`<button class="chip" aria-pressed=${String(isTrue)} @click=${turn}>${say("map-true")}</button>` : nothing}
      <button class="chip" aria-pressed=${String(look.table)} @click=${() => { look.table = !look.table; changed(); }}>${say("table")}</button></div>
    <p class="fiction">${text}${map.unplaced ? " " + say("unplaced-n", { n: map.unplaced }) : ""}</p>
    <div class="netmap" id="netmap"><svg width=${width} height=${height} viewBox="0 0 ${width} ${height}" role="group" aria-label=${say("map-of", { what: say("q-" + quantity), plant: textOf(card.title) })}>
      <g class="links">${map.links.map((link) => lineOf(at, link, [ends[link.from], ends[link.to]]))}</g>
      ${drawn}</svg></div>
    <p class="told" role="status">${chosen ?? say("map-choose")}</p>
    ${below}`;
}

// The map of what instruments show.
function drawnSeen(at, map, quantity) {
  const { width, height, place } = layout(map);
  const spots = places(at, map, quantity, place);
  const named = spots.filter((it) => it.found);
  labels(named, width, height);
  const values = named.filter((it) => trusted(it.found)).map((it) => it.found.cell[1]);
  const scale = values.length ? [Math.min(...values), Math.max(...values)] : [0, 1];
  const chosen = spots[look.focus];
  return { width, height, place, text: say("map-how", { n: values.length, all: map.nodes.length }), chosen: chosen && told(at, chosen.place, chosen.found),
    drawn: [spots.filter((it) => !it.found).map((it) => spotOf(at, it, scale)), named.map((it) => spotOf(at, it, scale))],
    below: html`${legend(scale, values.length && quantity !== "state" ? named.find((it) => trusted(it.found)).found.tag : null)}${look.table ? twin(at, spots, quantity) : nothing}` };
}

// Arrows go to the nearest place in their direction, measured or not.
export function key(event) {
  const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  const from = event.target.closest?.("#netmap .spot");
  if (!way || !from) return false;
  const middle = (it) => { const box = it.querySelector("circle, rect, path").getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; };
  const [x, y] = middle(from);
  let best = null;
  for (const it of document.querySelectorAll("#netmap .spot")) {
    const [dx, dy] = middle(it).map((value, k) => value - [x, y][k]);
    const along = dx * way[0] + dy * way[1];
    const aside = Math.abs(dx * way[1]) + Math.abs(dy * way[0]);
    if (it !== from && along > 0.5 && aside <= along * 1.5 && (!best || along + aside < best.far)) best = { it, far: along + aside };
  }
  best?.it.focus();
  event.preventDefault();
  return true;
}
