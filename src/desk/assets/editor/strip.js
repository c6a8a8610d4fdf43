// The exercise over its time: what befalls the plant, what is said, what ought to be done, which
// alarms are expected; and after a rehearsal, what came.

import { html, nothing, svg } from "../vendor/lit-html/lit-html.js";
import { state } from "./state.js";
import { nameOf, table, valueOf } from "./names.js";
import { mistakesIn, reveal, titleOf } from "./form.js";
import { say } from "../words.js";

const WIDTH = 1000;
const LEFT = 150;
const RIGHT = 60;
const ROW = 22;

const trigger = (own, key = "when") => own.fields.find((it) => it.key === key)?.tables?.[0];
const byId = (list, id) => table(list).find((it) => valueOf(it, "id") === id);

// The minute at which something is due, as far as the file says; null when only a run can tell.
function minute(own, key, depth = 0) {
  const waits = trigger(own, key);
  if (!waits || depth > 8) return key === "since" && !waits ? 0 : null;
  const of = (name) => valueOf(waits, name);
  const later = (at) => (at === null ? null : at + (of("wait_min") ?? 0));
  if (of("at_min") !== undefined) return of("at_min");
  if (of("if_not_done") !== undefined) return of("by_min") ?? null;
  const told = byId("message", of("told"));
  if (told) return later(minute(told, "when", depth + 1));
  const done = byId("task", of("done"));
  if (done) return later(minute(done, "since", depth + 1));
  if (of("raised") !== undefined) {
    const expected = table("expect").find((it) => valueOf(it, "rule") === of("raised") && !valueOf(it, "never"));
    return expected ? later(expects(expected).from) : null;
  }
  return null;
}

function expects(own) {
  const after = byId("inject", valueOf(own, "after"));
  const since = after ? valueOf(after, "at_min") ?? 0 : 0;
  const within = valueOf(own, "within_min");
  return { from: since + (valueOf(own, "not_before_min") ?? 0), to: within === undefined ? null : since + within };
}

function rows(length) {
  const bar = (own, from, to) => ({ own, from, to });
  const lists = [
    ["inject", table("inject").map((it) => bar(it, valueOf(it, "at_min") ?? null, valueOf(it, "until_min") ?? length))],
    ["attack", table("attack").map((it) => bar(it, valueOf(it, "at_min") ?? null, (valueOf(it, "at_min") ?? 0) + (valueOf(it, "for_min") ?? 0)))],
    ["contingency", table("contingency").map((it) => bar(it, minute(it, "when"), null))],
    ["message", table("message").map((it) => bar(it, minute(it, "when"), null))],
    ["task", table("task").map((it) => { const from = minute(it, "since"); const long = valueOf(it, "within_min"); return bar(it, from, from === null || long === undefined ? null : from + long); })],
    ["expect", table("expect").filter((it) => !valueOf(it, "never")).map((it) => { const { from, to } = expects(it); return bar(it, from, to ?? length); })],
  ];
  return lists.filter(([, marks]) => marks.length);
}

// Marks that would lie on one another stand below each other.
function lanes(marks, x) {
  const ends = [];
  return marks.map((mark) => {
    const [from, to] = [x(mark.from), Math.max(x(mark.to ?? mark.from), x(mark.from) + 12)];
    let lane = ends.findIndex((end) => end <= from);
    if (lane < 0) lane = ends.length < 5 ? ends.length : 4;
    ends[lane] = to + 2;
    return { ...mark, lane, x: from, width: to - from };
  });
}

const SHAPES = { message: "✉", task: "☑", contingency: "⚙" };

// As much of a title as a bar holds; its time stands above already.
const inside = (title, width) => {
  const rest = title.replace(/^\d+ min · | \([^)]*\)/g, "");
  const holds = Math.floor((width - 8) / (/[\u4e00-\u9fff]/.test(rest) ? 10 : 6));
  return rest.length > holds ? rest.slice(0, Math.max(0, holds - 1)) + "…" : rest;
};

function mark(list, it, y) {
  const { own, x, width, lane } = it;
  const wrong = mistakesIn(own.path).length > 0;
  const go = () => reveal(own.path);
  const isBar = it.to !== null && it.to !== undefined && list !== "message";
  const top = y + lane * (ROW * 0.72);
  // Beside the button, whose name is whole.
  const label = isBar && !SHAPES[list] && width > 60 ? svg`<text class=${"ed-inside " + list} aria-hidden="true" x=${x + 4} y=${top + 11.5}>${inside(titleOf(own), width)}</text>` : nothing;
  return svg`<g class=${"ed-mark " + list + (wrong ? " is-wrong" : "")} role="button" tabindex="0" aria-label=${`${say("ed-list-" + list)}: ${titleOf(own)}`} @click=${go} @keydown=${(event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); go(); } }}>
    <title>${titleOf(own)}</title>${isBar ? svg`<rect x=${x} y=${top + 2} width=${width} height="12" rx="2"></rect>` : nothing}
    ${SHAPES[list] ? svg`<text x=${x} y=${top + 12}>${SHAPES[list]}</text>` : isBar ? nothing : svg`<circle cx=${x + 5} cy=${top + 8} r="5"></circle>`}</g>${label}`;
}

function came(run, x, y) {
  const of = (what, shape) => run.events.filter((it) => it.what === what).map((it) => svg`<text class=${"ed-came " + what} x=${x(it.at_min)} y=${y + 13}>${shape}<title>${`${Math.round(it.at_min)} min · ${it.id.split(" ").map((word, at) => nameOf(word, at === 0 && what === "did" ? "verb" : "")).join(" · ")}`}</title></text>`);
  return [of("raised", "▲"), of("told", "✉"), of("did", "●")];
}

function ticks(length, x, height) {
  const steps = [5, 10, 15, 30, 60, 120, 240, 480, 1440, 2880, 10080];
  const step = steps.find((it) => length / it <= 12) ?? length / 10;
  const all = Array.from({ length: Math.floor(length / step) + 1 }, (_, n) => n * step);
  return all.map((at) => svg`<line class="ed-tick" x1=${x(at)} x2=${x(at)} y1="14" y2=${height}></line><text class="ed-minute" x=${x(at)} y="11">${at}</text>`);
}

export function strip() {
  const hours = Number(state.form?.fields.find((it) => it.key === "duration_h")?.value);
  if (!Number.isFinite(hours) || hours <= 0) return nothing;
  const length = hours * 60;
  // What only a run can tell stands at the right edge.
  const x = (at) => (at === null || at === undefined ? WIDTH - RIGHT + 16 : LEFT + (Math.min(Math.max(at, 0), length) / length) * (WIDTH - LEFT - RIGHT));
  let y = 18;
  const drawn = rows(length).map(([list, marks]) => {
    const placed = lanes(marks, x);
    const top = y;
    y += ROW * (0.35 + 0.72 * (1 + Math.max(0, ...placed.map((it) => it.lane))));
    return svg`<text class="ed-row" x="4" y=${top + 13}>${say("ed-list-" + list)}</text>${placed.map((it) => mark(list, it, top))}`;
  });
  const runs = state.rehearsal?.state === "done" ? state.rehearsal.runs.map((run) => {
    const top = y;
    y += ROW;
    return svg`<text class="ed-row" x="4" y=${top + 13}>${say("ed-robot-" + run.robot)}</text>${came(run, x, top)}`;
  }) : [];
  return html`<figure class="ed-strip"><div class="scroll"><svg preserveAspectRatio="xMinYMin" viewBox=${`0 0 ${WIDTH} ${y + 4}`} role="group" aria-label=${say("ed-strip")}>
    ${ticks(length, x, y)}<text class="ed-minute" x=${WIDTH - RIGHT + 22} y="11">?</text>${drawn}${runs}</svg></div>
    <figcaption>${say("ed-strip-long")}${runs.length ? " " + say("ed-strip-runs") : ""}</figcaption></figure>`;
}
