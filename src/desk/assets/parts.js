// Small parts that every page shows the same way: badges, values, bars, curves.

import { html, svg, nothing } from "./vendor/lit-html/lit-html.js";
import { clock, figure, span, unitOf, withUnit } from "./format.js";
import { isOld, store, timeAt } from "./store.js";
import { say, textOf } from "./words.js";

const SHAPES = { 1: "▲", 2: "◆", 3: "●", 4: "■" };

// A priority, never by colour alone: shape and number too.
export function badge(level, state = "acknowledged") {
  const hollow = state.startsWith("returned") || state.startsWith("latched");
  const calls = state.endsWith("unacknowledged") && !state.startsWith("latched-ack");
  const look = `badge p${level}${hollow ? " hollow" : ""}${calls ? " calls" : ""}`;
  return html`<span class=${look} role="img" aria-label=${say("priority-n", { n: level })}>${SHAPES[level]}${level}</span>`;
}

export function stateOf(alarm) {
  const text = say("state-" + alarm.state);
  if (alarm.state === "shelved" && alarm.until) {
    return say("shelved-until", { time: clock(alarm.until, alarm.card.utc_offset_s, { seconds: false }) });
  }
  return text;
}

// Why an alarm was raised, in short.
export function why(alarm) {
  const { value, limit, text } = alarm.event.why;
  const tag = alarm.card.tags[alarm.card.byTag.get(alarm.tag)];
  const times = alarm.event.chattering ? say("chatters-n", { n: alarm.event.chattering.times }) + " · " : "";
  if (tag && value !== null && limit !== null) {
    const key = alarm.event.id.rule.startsWith("service-pressure") ? "value-needs" : "value-limit";
    return times + say(key, { value: withUnit(tag, value), limit: figure(tag, limit) });
  }
  const known = { quality: "why-doubtful", "tag-silence": "why-silent", "gateway-silence": "why-gateway" };
  return times + (document.documentElement.lang === "en" ? text : known[alarm.rule?.kind] ? say(known[alarm.rule.kind]) : text);
}

export const subject = (alarm) => {
  const tag = alarm.card.tags[alarm.card.byTag.get(alarm.tag)];
  return tag ? textOf(tag.title) : alarm.tag ?? textOf(alarm.card.title);
};

// The clock beside what is old: drawn, for not every font has one.
const CLOCK = svg`<circle cx="6" cy="7.2" r="4.2"></circle><path d="M6 4.8V7.2h2M4.4 .8h3.2M6 .8v2.2"></path>`;
export const oldSign = () => html`<svg class="old" width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">${CLOCK}</svg>`;
export const oldAt = (x, y) => svg`<svg class="old" x=${x} y=${y} width="12" height="12" viewBox="0 0 12 12">${CLOCK}</svg>`;

// How old a reading is when it is older than it should be, ms; else 0. When nothing is of now, all
// are old, be it by a moment.
export function staleness(plant, tag, cell) {
  if (!cell?.[0] || !plant.head.reached) return 0;
  const age = timeAt(plant) - cell[0];
  if (isOld()) return Math.max(1, age);
  return age > Math.max(tag.poll_s * 3000, 180000) ? age : 0;
}

const GLYPHS = { 3: ["?", "suspect"], 4: ["×", "failed"], 9: ["–", "missing"] };

// A reading: number, unit, how far it can be trusted, how old it is.
export function reading(plant, tag, cell, level = 0) {
  if (!tag) return nothing;
  if (!cell?.[0]) return html`<span class="value none">– <small>${unitOf(tag)}</small></span>`;
  const [, value, flag] = cell;
  const stale = staleness(plant, tag, cell);
  const doubt = GLYPHS[flag];
  const look = `value${stale ? " stale" : ""}${level ? " l" + level : ""}`;
  const shown = tag.quantity === "state" ? say(value > 0.5 ? "on" : "off") : figure(tag, value);
  return html`<span class=${look}>${level ? badge(level) : nothing}${doubt
    ? html`<abbr title=${say("flag-" + doubt[1])}>${doubt[0]}</abbr>` : nothing}<b>${shown}</b> <small>${unitOf(tag)}</small>${stale
    ? html` <em>${oldSign()} ${say("ago", { span: span(stale) })}</em>` : nothing}</span>`;
}

// The worst level of the alarms on an instrument.
export const levelOn = (alarms, tag) =>
  Math.min(9, ...alarms.filter((it) => it.active && it.tag === tag).map((it) => it.level)) % 9;

// A bar over the instrument's useful range, with the band in which nothing breaks a limit.
export function bar(tag, value, width = 90) {
  const lows = tag.limits.filter((it) => it.below).map((it) => it.at);
  const highs = tag.limits.filter((it) => !it.below).map((it) => it.at);
  const [low, high] = [Math.max(...lows, tag.range[0]), Math.min(...highs, tag.range[1])];
  const bounded = lows.length || highs.length;
  const top = bounded ? Math.min(tag.range[1], Math.max(value ?? 0, highs.length ? high * 1.25 : low * 3)) : tag.range[1];
  const bottom = Math.min(tag.range[0], value ?? tag.range[0]);
  const x = (it) => Math.max(0, Math.min(width, ((it - bottom) / (top - bottom || 1)) * width));
  return html`<svg class="bar" width=${width} height="10" viewBox="0 0 ${width} 10" aria-hidden="true">
    ${svg`<rect class="track" width=${width} height="10"></rect>
      ${bounded ? svg`<rect class="band" x=${x(low)} width=${Math.max(0, x(high) - x(low))} height="10"></rect>` : nothing}
      ${value === null || value === undefined ? nothing : svg`<rect class="needle" x=${Math.max(0, x(value) - 1.5)} width="3" height="10"></rect>`}`}
  </svg>`;
}

// The last values as a curve without figures; flat when they hardly differ.
export function curve(values, width = 72, height = 18) {
  if (!values || values.length < 2) return html`<svg class="curve" width=${width} height=${height} aria-hidden="true"></svg>`;
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const spread = Math.max(high - low, Math.abs(high) * 0.1, 1e-9);
  const middle = (low + high) / 2;
  const point = (value, n) => {
    const y = height / 2 - ((value - middle) / spread) * (height - 4);
    return `${((n / (values.length - 1)) * width).toFixed(1)},${y.toFixed(1)}`;
  };
  return html`<svg class="curve" width=${width} height=${height} viewBox="0 0 ${width} ${height}" aria-hidden="true">
    ${svg`<polyline points=${values.map(point).join(" ")}></polyline>`}</svg>`;
}

export const pointLink = (card, tag) => `#/point/${card.id}/${tag.id}`;
export const plantIndex = (id) => store.catalogue.plants.findIndex((card) => card.id === id);
