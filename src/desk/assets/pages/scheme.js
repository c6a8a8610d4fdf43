// The way of the water, drawn by height: works on the left, behind each place the next.

import { html, svg, nothing } from "../vendor/lit-html/lit-html.js";
import { levelOn, oldAt, pointLink, staleness } from "../parts.js";
import { figure, span, unitOf } from "../format.js";
import { say, textOf } from "../words.js";

const WIDTH = 136;
const STEP = 155;
const ROW = 15;
const TOP = 26;
const WORKS = new Set(["raw", "process", "finished"]);
const SHOWN = { raw: ["turbidity", "flow"], process: ["turbidity", "flow", "state"], finished: null, village: ["pressure", "turbidity"] };
const LOOKS = { 1: "▲1", 2: "◆2", 3: "●3", 4: "■4" };

function nameOf(card, station) {
  if (WORKS.has(station.kind)) return say("station-" + station.kind);
  const village = card.byVillage.get(station.id);
  return village ? textOf(village.title) : station.id;
}

// Where each box stands: column by how far down the water's way, row by height.
function layout(card, lines) {
  const boxes = card.scheme.map((station, at) => ({ station, at, lines: lines[at] }));
  const kept = boxes.filter(({ station, lines: own }) =>
    !["pump", "valve"].includes(station.kind) || own.length);
  const shown = new Set(kept.map((it) => it.at));
  const parent = (at) => {
    let from = card.scheme[at].from;
    while (from !== null && !shown.has(from)) from = card.scheme[from].from;
    return from;
  };
  const depth = (at) => { const from = parent(at); return from === null ? 0 : depth(from) + 1; };
  kept.forEach((it) => Object.assign(it, { parent: parent(it.at), column: depth(it.at), height: TOP + Math.max(1, it.lines.length) * ROW + 6 }));
  const heights = kept.map((it) => it.station.elevation_m).filter((it) => it !== null);
  const [low, high] = [Math.min(...heights), Math.max(...heights)];
  const columns = Math.max(...kept.map((it) => it.column)) + 1;
  let tallest = 300;
  for (let n = 0; n < columns; n++) {
    const own = kept.filter((it) => it.column === n);
    tallest = Math.max(tallest, own.reduce((sum, it) => sum + it.height + 16, 20));
  }
  const level = (it) => {
    const m = it.station.elevation_m ?? kept.find((other) => other.station.kind === "finished")?.station.elevation_m ?? low;
    return tallest - 30 - ((m - low) / (high - low || 1)) * (tallest - 120);
  };
  for (let n = 0; n < columns; n++) {
    const own = kept.filter((it) => it.column === n).sort((a, b) => level(a) - level(b));
    own.forEach((it) => (it.y = Math.min(level(it) - it.height / 2, tallest - it.height - 8)));
    for (let k = 1; k < own.length; k++) own[k].y = Math.max(own[k].y, own[k - 1].y + own[k - 1].height + 14);
    // What has been pushed out below goes up again.
    let floor = tallest - 8;
    for (let k = own.length - 1; k >= 0; k--) {
      own[k].y = Math.max(8, Math.min(own[k].y, floor - own[k].height));
      floor = own[k].y - 14;
    }
    own.forEach((it) => (it.x = 8 + n * STEP));
  }
  return { boxes: kept, width: columns * STEP + 4, height: tallest };
}

export function scheme(at) {
  const { card, plant } = at;
  if (!card.scheme.length) return nothing;
  const lines = card.scheme.map(() => []);
  card.tags.forEach((tag, n) => {
    if (tag.station === null) return;
    const { kind } = card.scheme[tag.station];
    const wanted = SHOWN[kind];
    const fits = wanted ? wanted.includes(tag.quantity) || tag.quantity === card.residual
      : kind === "finished" ? tag.quantity === card.residual || ["turbidity", "flow", "pressure", "level"].includes(tag.quantity)
      : ["level", "state", "flow", "pressure"].includes(tag.quantity);
    if (fits) lines[tag.station].push({ tag, cell: plant.tags[n] });
  });
  // What is measured comes before what merely runs.
  lines.forEach((own) => own.sort((a, b) => (a.tag.quantity === "state") - (b.tag.quantity === "state")).splice(6));
  const { boxes, width, height } = layout(card, lines);
  const placed = new Map(boxes.map((it) => [it.at, it]));
  const pipe = (it) => {
    const from = placed.get(it.parent);
    if (!from) return nothing;
    const [x1, y1] = [from.x + WIDTH, from.y + from.height / 2];
    const [x2, y2] = [it.x, it.y + it.height / 2];
    const middle = (x1 + x2) / 2;
    return svg`<path class="pipe" d=${`M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`}></path>`;
  };
  return html`<figure class="scheme"><figcaption>${say("scheme")}</figcaption>
    <div class="scroll" tabindex="0" role="region" aria-label=${say("scheme")}>
    <svg width=${width} height=${height} viewBox="0 0 ${width} ${height}">
    ${boxes.map(pipe)}${boxes.map((it) => box(at, it))}</svg></div></figure>`;
}

function box(at, it) {
  const { card, plant } = at;
  const { station } = it;
  const worst = Math.min(9, ...it.lines.map(({ tag }) => levelOn(at.alarms, tag.id) || 9)) % 9;
  const runs = it.lines.find(({ tag }) => tag.quantity === "state")?.cell?.[1];
  const isPump = station.kind === "pump";
  const look = `box ${station.kind}${worst ? " a" + worst : ""}${isPump && runs > 0.5 ? " runs" : ""}`;
  const metres = station.elevation_m === null ? "" : `${Math.round(station.elevation_m)} m`;
  return svg`<g class=${look} transform=${`translate(${it.x} ${it.y})`}>
    <rect width=${WIDTH} height=${it.height} rx=${station.kind === "tank" ? 8 : 2}></rect>
    <text x="6" y="17" class="name">${nameOf(card, station)}</text>
    <text x=${WIDTH - 6} y="17" class="metres">${metres}</text>
    ${it.lines.map(({ tag, cell }, n) => line(at, tag, cell, TOP + (n + 1) * ROW - 4, plant))}</g>`;
}

function line(at, tag, cell, y, plant) {
  const level = levelOn(at.alarms, tag.id);
  const stale = staleness(plant, tag, cell);
  const known = cell?.[0] && cell[2] < 9;
  const value = !known ? "–" : tag.quantity === "state" ? say(cell[1] > 0.5 ? "on" : "off") : `${figure(tag, cell[1])} ${unitOf(tag)}`;
  const sign = { 3: "?", 4: "×" }[cell?.[2]] ?? "";
  const title = [`${textOf(tag.title)} ${tag.id}`, stale ? say("ago", { span: span(stale) }) : ""].filter(Boolean).join(" · ");
  // The whole line leads there, not its letters alone.
  return svg`<a href=${pointLink(at.card, tag)}><title>${title}</title><rect class="hit" y=${y - 11} width=${WIDTH} height=${ROW}></rect>
    <text x="6" y=${y} class=${level ? "what l" + level : "what"}>${level ? LOOKS[level] + " " : ""}${tag.quantity === "state" ? tag.id : say("q-" + tag.quantity)}</text>
    <text x=${WIDTH - (stale ? 20 : 6)} y=${y} class="figure${level ? " l" + level : ""}${stale ? " stale" : ""}">${sign}${value}</text>${stale ? oldAt(WIDTH - 17, y - 10) : nothing}</a>`;
}
