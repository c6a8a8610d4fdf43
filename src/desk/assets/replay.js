// The past: the same pages, told by the ledger's records up to a moment.

import { html, svg } from "./vendor/lit-html/lit-html.js";
import { call, changed, showLive, showPast, store } from "./store.js";
import { tell } from "./answers.js";
import { clock } from "./format.js";
import { say, textOf } from "./words.js";

const SPEEDS = [1, 4, 10, 60, 600];
const FRAME_MS = 400;
const SHAPES = { 1: "▲", 2: "◆", 3: "●", 4: "■" };
const SIGNS = { cleared: "○", acknowledged: "✓", "set-aside": "↓", complaint: "✉", flood: "≈", offline: "×" };
const LEVELS = { high: 1, medium: 2, low: 3 };
const ROWS = { raised: 11, flood: 11, offline: 11, cleared: 22, acknowledged: 22, "set-aside": 22, complaint: 22 };
let fetching = false;

const offset = () => store.catalogue.plants[0].utc_offset_s;

// Begins, at a moment or at the end.
export async function begin(at = null) {
  const span = await call("past/span");
  if (span.from === null) return tell(say("replay-empty"), true);
  const { from, to, marks } = span;
  const start = Math.min(to, Math.max(from, at ?? to));
  const told = await call("past?at=" + start);
  store.replay = { speed: 60, ...store.replay, at: start, from, to, marks, playing: false, wanted: null };
  showPast(told);
  changed();
}

export function leave() {
  showLive();
  tell(say("replay-left"));
}

// Shows a moment; while one is being fetched, the newest wish waits.
async function show(at) {
  const replay = store.replay;
  if (!replay) return;
  replay.wanted = Math.round(Math.min(replay.to, Math.max(replay.from, at)));
  if (fetching) return;
  fetching = true;
  try {
    while (store.replay && store.replay.wanted !== null) {
      const wanted = store.replay.wanted;
      store.replay.wanted = null;
      const told = await call("past?at=" + wanted);
      if (!store.replay) break;
      store.replay.at = wanted;
      showPast(told);
      changed();
    }
  } catch (error) {
    if (store.replay) store.replay.playing = false;
    tell(error.status ? error.message : say("no-desk"), true);
  } finally {
    fetching = false;
  }
}

function play(on) {
  const replay = store.replay;
  replay.playing = on;
  changed();
  if (!on) return;
  if (replay.at >= replay.to) replay.at = replay.from;
  let last = performance.now();
  const step = async () => {
    if (!store.replay?.playing) return;
    const now = performance.now();
    const at = store.replay.at + (now - last) * store.replay.speed;
    last = now;
    await show(at);
    if (store.replay && store.replay.at >= store.replay.to) play(false);
    else setTimeout(step, FRAME_MS);
  };
  setTimeout(step, FRAME_MS);
}

function levelOf([, what, urgency, about]) {
  if (what !== "raised") return 0;
  const kind = store.catalogue.rules[about.split("/")[1]]?.kind;
  const level = LEVELS[urgency];
  return level === 3 && ["quality", "tag-silence", "grab-sample", "refusal"].includes(kind) ? 4 : level;
}

function nameOf([, , , about]) {
  const [plant, rule, tag] = about.split("/");
  const card = store.catalogue.plants.find((it) => it.id === plant);
  const named = card?.tags[card.byTag.get(tag)];
  const title = store.catalogue.rules[rule]?.title;
  return [named ? textOf(named.title) : card ? textOf(card.title) : "", title ? textOf(title) : ""].filter(Boolean).join(" · ");
}

// To the next thing that happened, or the one before.
function jump(way) {
  const { at, marks } = store.replay;
  const sorted = way > 0 ? marks : [...marks].reverse();
  const found = sorted.filter((it) => way * (it[0] - at) > 0).reduce((best, it) => (best === null || way * (it[0] - best[0]) < 0 ? it : best), null);
  if (!found) return tell(say("replay-no-more"));
  store.replay.playing = false;
  show(found[0]);
  tell(`${clock(found[0], offset(), { date: true })} ${say("mark-" + found[1])} ${nameOf(found)}`);
}

export function key(event) {
  const typing = event.target.closest?.("input, select, textarea, button, a");
  switch (event.key) {
    case " ": if (typing) return false; play(!store.replay.playing); break;
    case ",": jump(-1); break;
    case ".": jump(1); break;
    default: return false;
  }
  event.preventDefault();
  return true;
}

function mark(it) {
  const { from, to } = store.replay;
  const level = levelOf(it);
  const sign = level ? SHAPES[level] : SIGNS[it[1]] ?? "·";
  const x = (((it[0] - from) / (to - from || 1)) * 100).toFixed(2) + "%";
  return svg`<text x=${x} y=${ROWS[it[1]]} class=${level ? "m" + level : "m0"} @click=${() => show(it[0])}>${sign}<title>${clock(it[0], offset(), { date: true, seconds: false })} ${say("mark-" + it[1])} ${nameOf(it)}</title></text>`;
}

// The urgent ones last, so that they are on top.
const inOrder = (marks) => [...marks].sort((a, b) => (levelOf(b) || 9) - (levelOf(a) || 9));

export function bar() {
  const replay = store.replay;
  const shown = clock(replay.wanted ?? replay.at, offset(), { date: true });
  const count = (what) => replay.marks.filter((it) => it[1] === what).length;
  return html`<section class="replaybar" aria-label=${say("replay")}>
    <div class="tools">
      <button @click=${() => jump(-1)} aria-label=${say("replay-before")}>|◀ <kbd>,</kbd></button>
      <button class="main" @click=${() => play(!replay.playing)}>${replay.playing ? "❚❚ " + say("pause") : "▶ " + say("play")}</button>
      <button @click=${() => jump(1)} aria-label=${say("replay-next")}><kbd>.</kbd> ▶|</button>
      <label>${say("speed")} <select @change=${(event) => { replay.speed = Number(event.target.value); }}>
        ${SPEEDS.map((it) => html`<option value=${it} ?selected=${it === replay.speed}>×${it}</option>`)}</select></label>
      <b class="moment">${shown}</b><span class="gap"></span>
      <button class="main" id="back-to-live" @click=${leave}>${say("back-to-live")}</button></div>
    <div class="scrub"><svg height="25" role="img" aria-label=${say("marks-n", { raised: count("raised"), cleared: count("cleared"), acknowledged: count("acknowledged") })}>${inOrder(replay.marks).map(mark)}</svg>
      <input type="range" aria-label=${say("moment")} min=${replay.from} max=${replay.to} step="1000" .value=${String(replay.wanted ?? replay.at)}
        aria-valuetext=${shown} @input=${(event) => { replay.playing = false; show(Number(event.target.value)); changed(); }}
        @keydown=${steps}></div>
  </section>`;
}

// A minute by an arrow, an hour by a page: a thousandth of the whole would be anything.
function steps(event) {
  const minutes = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -60, PageUp: 60 }[event.key];
  if (!minutes) return;
  event.preventDefault();
  store.replay.playing = false;
  show((store.replay.wanted ?? store.replay.at) + minutes * 60000);
}

export const frame = () => html`<aside class="replaying" aria-label="回放 REPLAY">回放 REPLAY · ${clock(store.replay.at, offset(), { date: true })}</aside>`;
