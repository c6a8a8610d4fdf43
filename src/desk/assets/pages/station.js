// The instructor's station, and the evaluator's form: truth beside readings, the script, the tasks.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { repeat } from "../vendor/lit-html/directives/repeat.js";
import { call, changed, store } from "../store.js";
import { name, once, tell } from "../answers.js";
import { clock } from "../format.js";
import { addWords, say, textOf } from "../words.js";
import { hear, shown } from "../drill.js";
import { truth } from "../truth.js";
import { failedBecause, withTitles } from "./deeds.js";
import * as exercise from "./exercise.js";
import * as judge from "./judge.js";

const state = { menu: null, injector: null, back: null, ways: null, large: "", error: "" };
const SPEEDS = [1, 4, 20, 60, 120, 300, 600];
const MINUTE = 60000;

export async function enter() {
  await addWords("words-exercise.json");
  state.menu ??= await call("exercise/menu").catch(() => null);
  await exercise.enter();
  if (store.role === "instructor") await lead();
  await judge.enter();
  hear();
}

// What only whoever leads has: ways in, and the form of faults, which nobody else's page loads.
async function lead() {
  state.ways ??= await call("exercise/invitations").catch(() => null);
  const injector = await import("./injector.js").catch(() => null);
  state.injector = (await injector?.enter()) ? injector : null;
}

// Gives whether it is done.
async function direct(direction) {
  try {
    await once("exercise/direct", { by: name(), direction });
    tell(say("ex-directed"));
    return true;
  } catch (error) {
    tell(error.status ? failedBecause(error.message) : say("not-sent"), true);
    return false;
  } finally {
    hear();
  }
}

export function key(event) {
  if (event.key !== " " || store.role !== "instructor" || /^(INPUT|SELECT|TEXTAREA|BUTTON)$/.test(event.target.tagName)) return false;
  event.preventDefault();
  const view = shown();
  direct({ direction: view.frozen ? "run" : "freeze" });
  return true;
}

function controls(view) {
  const can = store.role === "instructor" && !view.ended;
  return html`<section class="panel"><h2>${say("ex-control")}</h2>
    <p class="buttons"><button class="main" ?disabled=${!can} @click=${() => direct({ direction: view.frozen ? "run" : "freeze" })}>${view.frozen ? "▶ " + say("ex-run") : "❚❚ " + say("ex-freeze")} <kbd>␣</kbd></button>
    <label>${say("ex-speed")} <select ?disabled=${!can} @change=${(event) => event.target.value && direct({ direction: "speed", fast: Number(event.target.value) })}><option value="">×${Number((view.speed || 0).toFixed(1))}</option>${SPEEDS.map((speed) => html`<option value=${speed}>×${speed}</option>`)}</select></label>
    <button ?disabled=${!can} @click=${() => confirm(say("ex-end-sure")) && direct({ direction: "end" })}>■ ${say("ex-end")}</button>
    <a class="button" href="api/exercise/report/report.html" target="_blank" rel="noopener">${say("ex-report")}</a></p>
    ${can ? html`<form class="ex-say" @submit=${speak}><h3>${say("ex-message")}</h3>
      <label>${say("ex-as")} <select name="from">${state.menu.roles.map((role) => html`<option value=${role}>${say("ex-role-" + role)}</option>`)}</select></label>
      <label>${say("ex-text")} <input name="text" required maxlength="300"></label><button>${say("ex-send")}</button></form>${state.injector?.view(direct) ?? nothing}` : nothing}
    ${improvised(view)}
    <h3>${say("ex-script")}</h3>
    <ul class="ex-log">${(view.waiting ?? []).map(({ id, when, text }) => html`<li>◌ <b>${withTitles(textOf(when))}</b> ${textOf(text)} ${can ? html`<button @click=${() => direct({ direction: "fire", id })}>${say("ex-now")}</button> <button @click=${() => direct({ direction: "skip", id })}>${say("ex-skip")}</button>` : nothing}</li>`)}</ul>
    ${can ? past(view) : nothing}</section>`;
}

// The exercise with what was let happen beside the script, to be played again.
function improvised(view) {
  const is = ({ what, direction }) => what === "directed" && direction.direction === "inject";
  if (store.role !== "instructor" || !view.log.some(is)) return nothing;
  return html`<p><a class="button" href="api/exercise/improvised" download>${say("ex-keep-improvised")}</a> <small class="muted">${say("ex-keep-improvised-text")}</small></p>`;
}

// Where the model was left, newest first; then its figures are estimates.
function limits(view) {
  const offset = store.catalogue.plants[0].utc_offset_s;
  const time = (at) => clock(Date.parse(at), offset, { seconds: false });
  if (!view.outside?.length) return html`<p>${say("ex-model")}: ${say("ex-model-inside")}</p>`;
  return html`<details><summary>◆ ${say("ex-model")}: ${say("ex-model-left", { n: view.outside.length })}</summary><ul class="ex-log">${[...view.outside].reverse().map(({ from, until, text }) => html`<li><b>${time(from)}–${time(until)}</b> ${textOf(text)}</li>`)}</ul></details>`;
}

// Marks, and the way back: to one of them, or to any minute. What came after is kept as a branch.
function past(view) {
  const offset = store.catalogue.plants[0].utc_offset_s;
  const time = (at) => clock(at, offset, { seconds: false });
  const [start, end] = [Date.parse(view.start), Date.parse(view.now) - MINUTE];
  const to = Math.min(state.back ?? end, end);
  const back = (direction, shownAs) => confirm(say("ex-back-sure", { to: shownAs })) && direct(direction);
  const mark = (event) => {
    event.preventDefault();
    direct({ direction: "mark", name: new FormData(event.target).get("mark").trim() });
    event.target.reset();
  };
  return html`<h3>${say("ex-past")}</h3>
    <form class="ex-say" @submit=${mark}><label>${say("ex-mark-name")} <input name="mark" required maxlength="60"></label><button>${say("ex-snapshot")}</button></form>
    <ul class="ex-log">${(view.marks ?? []).map(({ name, at }) => html`<li>◆ <b>${time(Date.parse(at))}</b> ${name} <button @click=${() => back({ direction: "back-to-mark", mark: name }, name)}>${say("ex-restore")}</button></li>`)}</ul>
    ${end < start ? nothing : html`<p class="buttons"><label>${say("ex-back-to")} <input type="range" min=${start} max=${end} step=${MINUTE} .value=${String(to)} aria-valuetext=${time(to)} @input=${(event) => { state.back = Number(event.target.value); changed(); }}></label>
      <output>${time(to)}</output> <button @click=${() => back({ direction: "back", to: new Date(to).toISOString() }, time(to))}>⟲ ${say("ex-restore")}</button></p>`}`;
}

// A way in, to be scanned; a click makes it large enough for the last row.
function way(label, link, path, more = nothing) {
  const enlarge = () => { state.large = state.large === path ? "" : path; changed(); };
  return html`<figure><figcaption><a href=${link} rel="noopener">${label}</a> ${more}</figcaption>${state.ways.by_others
    ? html`<button aria-pressed=${String(state.large === path)} aria-label=${say("ex-way-large", { role: label })} @click=${enlarge}><img class=${state.large === path ? "large" : ""} src=${"api/exercise/" + path} alt="QR"></button>` : nothing}</figure>`;
}

// One for each role, and one for each person who has been invited by name.
function ways() {
  if (!state.ways?.links.length) return nothing;
  const { by_others, links, people } = state.ways;
  return html`<section class="panel"><h2>${say("ex-ways")}</h2>${by_others ? nothing : html`<p class="muted">${say("ex-ways-here")}</p>`}
    <div class="qrs">${links.map(({ role, link }) => way(say("ex-way-" + role), link, "invitations/" + role))}</div>
    <h3>${say("ex-people")}</h3><p class="muted">${say("ex-people-text")}</p>
    <div class="qrs">${repeat(people, (it) => it.id, ({ id, name, role, link }) => way(`${name} · ${say("ex-way-" + role)}`, link, "people/" + id, html`
      ${navigator.clipboard ? html`<button aria-label=${say("ex-copy-of", { name })} @click=${() => copy(name, link)}>${say("ex-copy")}</button>` : nothing}
      <button aria-label=${say("ex-revoke-of", { name })} @click=${() => revoke(id, name)}>${say("ex-revoke")}</button>`))}</div>
    <form class="ex-say" @submit=${invite}><label>${say("ex-person-name")} <input name="name" required maxlength="60" autocomplete="off"></label>
      <label>${say("ex-person-role")} <select name="role">${links.map(({ role }) => html`<option value=${role}>${say("ex-way-" + role)}</option>`)}</select></label><button>${say("ex-invite")}</button></form>
    ${state.error ? html`<p class="error" role="alert">${state.error}</p>` : nothing}</section>`;
}

async function copy(name, link) {
  await navigator.clipboard.writeText(link).then(() => tell(say("ex-copied", { name })), () => tell(say("ex-not-copied"), true));
}

// Has the server change who is invited; what there is then is what it says.
async function change(path, options) {
  try {
    state.ways = await call(path, { headers: { "Content-Type": "application/json" }, ...options });
    state.error = "";
    return true;
  } catch (error) {
    state.error = error.status ? error.message : say("not-sent");
    // Somebody else may have changed it.
    state.ways = await call("exercise/invitations").catch(() => state.ways);
    return false;
  } finally {
    changed();
  }
}

async function invite(event) {
  event.preventDefault();
  const form = event.target;
  const { name: called, role } = Object.fromEntries(new FormData(form));
  if (await change("exercise/invitations", { method: "POST", body: JSON.stringify({ name: called, role }) })) form.reset();
}

const revoke = (id, called) => confirm(say("ex-revoke-sure", { name: called })) && change("exercise/people/" + id, { method: "DELETE" });

function speak(event) {
  event.preventDefault();
  const fields = new FormData(event.target);
  const text = fields.get("text").trim();
  direct({ direction: "say", from: fields.get("from"), text: { en: text, zh: text } });
  event.target.reset();
}

function truths(view) {
  const plant = store.plants[0];
  const card = store.catalogue.plants[0];
  // Of the moment that the scrub bar stands at, or of now.
  const then = store.replay ? truth() : null;
  const told = store.replay ? then?.tags : view.truth;
  const rows = card.tags.filter((tag) => told?.[tag.id] !== undefined);
  return html`<section class="panel"><h2>${say("ex-truth")}${then?.at ? html` <small>${clock(then.at, card.utc_offset_s, { seconds: false })}</small>` : nothing}</h2><div class="scroll" tabindex="0" role="region" aria-label=${say("ex-truth")}><table><thead><tr><th>${say("where")}</th><th>${say("ex-true")}</th><th>${say("ex-reading")}</th></tr></thead>
    <tbody>${rows.map((tag) => {
      const cell = plant?.tags?.[card.byTag.get(tag.id)];
      return html`<tr><td>${textOf(tag.title)} <small>${tag.id}</small></td><td>${Number(told[tag.id].toFixed(2))}</td><td>${cell?.[0] ? Number(cell[1].toFixed(2)) : "–"}</td></tr>`;
    })}</tbody></table></div></section>`;
}

function tasks(view) {
  const toll = view.toll ?? {};
  return html`<section class="panel"><h2>${say("ex-tasks")}</h2>${view.score ? html`<p><b>${say("ex-score", { n: Math.round(view.score.total) })}</b> ${view.score.met ? "" : say("ex-not-met")} ${view.score.practice ? html`<b>${say("ex-practice")}</b>` : nothing}</p>` : nothing}<ul class="ex-log">${(view.tasks ?? []).map((task) => html`<li>${task.done ? "✓" : task.begun ? "▸" : "◌"} ${textOf(task.title)}${task.critical ? html` <b>${say("ex-critical")}</b>` : nothing}${task.done && task.begun ? html` <small>${Math.max(0, Math.round(task.done.wall_s - task.begun.wall_s))} s</small>` : nothing}</li>`)}</ul>
    ${limits(view)}
    <p>${say("ex-right-cause", { cause: textOf(state.menu.causes.find((it) => it.id === view.right_cause) ?? { en: "", zh: "" }) })}</p>
    <p>${say("ex-toll", { low: Math.round(toll.low ?? 0), dry: Math.round(toll.dry ?? 0), bad: Math.round(toll.unsafe_water ?? 0), needless: Math.round(toll.deprived ?? 0), lost: Math.round(toll.lost_m3 ?? 0) })}</p></section>`;
}

function script(view) {
  const offset = store.catalogue.plants[0].utc_offset_s;
  return html`<section class="panel"><h2>${say("ex-log")}</h2><ol class="ex-log">${[...view.log].reverse().slice(0, 60).map((entry) => html`<li>${exercise.line(entry, offset)}</li>`)}</ol></section>`;
}

// Whoever leads has the form at hand, folded; whoever judges has it open.
function form(view) {
  if (store.role !== "instructor") return judge.view(view);
  return html`<details class="ex-folded"><summary>${say("ex-form")}</summary>${judge.view(view)}</details>`;
}

// A column of one screen, with a scroll of its own.
const column = (label, parts) => html`<div class="ex-column" tabindex="0" role="region" aria-label=${label}>${parts}</div>`;

export function view() {
  const view = shown();
  if (!view || !state.menu) return html`<p role="status">${say("loading")}</p>`;
  return html`<div class="ex station">${exercise.head(view)}<div class="ex-columns">
    ${column(say("ex-control"), controls(view))}${column(`${say("ex-truth")} · ${say("ex-tasks")}`, [truths(view), tasks(view)])}${column(say("ex-log"), [form(view), script(view), ways()])}</div></div>`;
}
