// The editor of exercises: forms on the left, the text on the right, time above both.

import { html, nothing, render } from "../vendor/lit-html/lit-html.js";
import { addWords, loadWords, otherLanguage, say, setLang, textOf } from "../words.js";
import { back, changed, describe, dirty, enter, forth, onChange, post, rehearsal, reread, save, set, state, tell, type } from "./state.js";
import { fields, list, mistakesIn, reveal } from "./form.js";
import { told } from "./names.js";
import { strip } from "./strip.js";

const root = document.getElementById("app");
const field = (key) => state.form?.fields.find((it) => it.key === key);

// Parts of the page, with the lists that each shows; what is in none of them stands in the last.
const PARTS = [
  ["story", []],
  ["faults", ["inject", "contingency", "attack", "repair"]],
  ["people", ["message"]],
  ["field", ["check", "job"]],
  ["tasks", ["task", "forbidden", "hint"]],
  ["alarms", ["expect", "allow"]],
  ["robots", ["careless", "reference"]],
  ["more", []],
];
const PLACED = new Set(PARTS.flatMap(([, lists]) => lists));

// ---- the text

const lineOf = (text, line) => {
  let at = 0;
  for (let n = 1; n < line; n++) at = text.indexOf("\n", at) + 1 || text.length;
  return at;
};

function showLine(line) {
  const pane = document.getElementById("text");
  const at = lineOf(state.text, line);
  pane.focus();
  pane.setSelectionRange(at, state.text.indexOf("\n", at) < 0 ? state.text.length : state.text.indexOf("\n", at));
  pane.scrollTop = Math.max(0, (line - 6) * parseFloat(getComputedStyle(pane).lineHeight));
}

function pane() {
  const wrong = new Map();
  for (const it of state.mistakes) wrong.set(it.line, [...(wrong.get(it.line) ?? []), told(it)]);
  const count = state.text.split("\n").length;
  const scroll = (event) => { document.getElementById("lines").scrollTop = event.target.scrollTop; };
  return html`<section class="ed-pane" aria-labelledby="text-title"><h2 id="text-title"><label for="text">${say("ed-text")}</label></h2>
    <p class="muted">${say("ed-text-long")}</p>
    <div class="ed-code"><div id="lines" aria-hidden="true">${Array.from({ length: count }, (_, n) => html`<span class=${wrong.has(n + 1) ? "is-wrong" : ""} title=${wrong.get(n + 1)?.join("\n") ?? nothing}>${wrong.has(n + 1) ? "✗ " : ""}${n + 1}</span>`)}</div>
    <textarea id="text" wrap="off" spellcheck="false" autocapitalize="off" .value=${state.text} @input=${(event) => type(event.target.value)} @scroll=${scroll}></textarea></div></section>`;
}

function mistakes() {
  if (!state.mistakes.length) return html`<p class="ed-fine" role="status">✓ ${say("ed-no-mistake")}</p>`;
  const go = (it) => (state.broken || !it.path.length ? showLine(it.line) : reveal(it.path));
  return html`<section class="ed-mistakes" aria-labelledby="mistakes-title"><h2 id="mistakes-title">✗ ${say("ed-mistakes", { n: state.mistakes.length })}</h2>
    <ul>${state.mistakes.map((it) => html`<li><button class="ed-line" title=${say("ed-to-line", { n: it.line })} @click=${() => showLine(it.line)}>${it.line}:${it.column}</button> <button class="ed-goto" @click=${() => go(it)}>${told(it)}</button></li>`)}</ul></section>`;
}

// ---- forms

// As people tell it, and not as the reader asks.
const FIRST = ["title", "about", "plant", "condition", "start", "duration_h"];
const rank = (it) => (FIRST.indexOf(it.key) + 1 || FIRST.length + 1);

function story() {
  const { form } = state;
  const mine = form.fields.filter((it) => it.want !== "tables" && it.key !== "exercise" && it.want !== "presence");
  const own = { path: [], fields: mine.sort((a, b) => rank(a) - rank(b)) };
  const exercise = field("exercise");
  return html`${fields(own)}${exercise?.tables?.length ? fields(exercise.tables[0]) : html`<p class="ed-wrong-line">✗ ${say("ed-no-exercise")} <button @click=${begin}>${say("ed-begin")}</button></p>`}`;
}

// A scenario becomes an exercise.
async function begin() {
  const table = { goal: { en: "", zh: "" }, briefing: { en: "", zh: "" }, speed: 60, attend_speed: 6, cause: "" };
  await set(["exercise"], table);
}

function part([name, lists]) {
  const all = name === "more" ? state.form.fields.filter((it) => it.want === "tables" && !PLACED.has(it.key)) : lists.map(field).filter(Boolean);
  if (name === "more" && !all.length) return nothing;
  return html`<section class="ed-part" id=${"part-" + name} aria-labelledby=${"title-" + name}><h2 id=${"title-" + name} tabindex="-1">${say("ed-part-" + name)}</h2>
    ${name === "more" ? nothing : html`<p class="muted">${say("ed-part-long-" + name)}</p>`}${name === "story" ? story() : all.map((it) => list([it.key], it))}</section>`;
}

function forms() {
  if (!state.form) return state.broken ? html`<p class="warning" role="alert">${say("ed-broken")}</p>` : html`<p role="status">${say("loading")}</p>`;
  const wrong = (lists) => lists.reduce((n, key) => n + mistakesIn([key]).length, 0);
  const to = (name) => (event) => { event.preventDefault(); const found = document.getElementById("title-" + name); found.scrollIntoView(); found.focus({ preventScroll: true }); };
  return html`<nav class="ed-nav" aria-label=${say("ed-parts")}>${PARTS.filter(([name]) => name !== "more").map(([name, lists]) => html`<a href=${"#part-" + name} @click=${to(name)}>${say("ed-part-" + name)}${wrong(lists) ? html` <b class="error">✗ ${wrong(lists)}</b>` : nothing}</a>`)}</nav>
    ${state.broken ? html`<p class="warning" role="alert">${say("ed-broken")}</p>` : nothing}
    <fieldset class="ed-forms" ?disabled=${state.broken}><legend class="unseen">${say("ed-forms")}</legend>${PARTS.map(part)}</fieldset>`;
}

// ---- robots

async function rehearse() {
  try {
    state.rehearsal = await post("rehearse", { text: state.text });
    changed();
    while (state.rehearsal?.state === "plays") {
      await new Promise((done) => setTimeout(done, 250));
      state.rehearsal = await rehearsal();
      changed();
    }
    if (state.rehearsal?.state === "done") document.getElementById("rehearsal-title")?.focus();
  } catch (error) {
    state.rehearsal = { state: "failed", why: error.status ? error.message : say("no-desk") };
    changed();
  }
}

const stop = async () => { await post("stop", {}).catch(() => {}); };

// The item that holds a line: the last that begins at it or before.
function itemAt(line) {
  let found = null;
  const look = (own) => {
    if (own.path.length && own.line !== null && own.line <= line && (!found || own.line >= found.line)) found = own;
    own.fields.forEach((it) => it.tables?.forEach(look));
  };
  look(state.form);
  return found;
}

function outcome() {
  const came = state.rehearsal;
  if (!came) return nothing;
  if (came.state === "plays") return html`<section class="ed-rehearsal" aria-label=${say("ed-rehearse")}><p>${say("ed-plays", { robot: say("ed-robot-" + came.robot) })} <progress max="1" value=${came.share} aria-label=${say("ed-rehearse")}></progress> ${Math.round(came.share * 100)} % <button @click=${stop}>${say("ed-stop")}</button></p></section>`;
  if (came.state === "stopped") return html`<section class="ed-rehearsal" aria-label=${say("ed-rehearse")}><p role="status">${say("ed-stopped")}</p></section>`;
  if (came.state === "failed") return html`<section class="ed-rehearsal" aria-label=${say("ed-rehearse")}><p class="error" role="alert">${came.why}</p></section>`;
  const go = (line) => { const found = line && itemAt(line); if (found) reveal(found.path); else showLine(line ?? 1); };
  return html`<section class="ed-rehearsal" aria-labelledby="rehearsal-title"><h2 id="rehearsal-title" tabindex="-1">${came.failing.length ? "✗ " + say("ed-fails", { n: came.failing.length }) : "✓ " + say("ed-holds")}</h2>
    <table><thead><tr><th scope="col">${say("ed-robot")}</th><th scope="col">${say("ed-marks")}</th><th scope="col">${say("ed-met")}</th><th scope="col">${say("ed-why")}</th></tr></thead>
    <tbody>${came.marks.map((it) => html`<tr><th scope="row">${say("ed-robot-" + it.robot)}</th><td class="number">${it.total.toFixed(0)}</td><td>${it.met ? "✓" : "✗"}</td><td><details><summary>${say("ed-lines", { n: it.lines.length })}</summary><ul>${it.lines.map((line) => html`<li>${line.marks.toFixed(1)} / ${line.of.toFixed(1)} · ${textOf(line.text)}</li>`)}</ul></details></td></tr>`)}</tbody></table>
    <p class="muted">${say("ed-wanted")}</p>
    ${came.failing.length ? html`<ul class="ed-failing">${came.failing.map((it) => html`<li><button class="ed-goto" @click=${() => go(it.line)}>${it.text.split("\n")[0]}</button>${it.text.includes("\n") ? html`<details><summary>${say("ed-readings")}</summary><pre class="why">${it.text.split("\n").slice(1).join("\n")}</pre></details>` : nothing}</li>`)}</ul>` : nothing}</section>`;
}

// ---- the page

async function keep() {
  const path = await save();
  if (path) tell(state.mistakes.length ? say("ed-saved-wrong", { path, n: state.mistakes.length }) : say("ed-saved", { path }));
  else document.getElementById("name").focus();
}

function header() {
  const title = field("title")?.value;
  const isOther = state.name !== state.kept || state.seen === null;
  return html`<header><strong class="brand">${say("ed-title")}: ${title ? textOf(title) : state.kept}</strong><span class="gap"></span>
    <button @click=${back} ?disabled=${!state.past.length} title="Ctrl+Z">↶ ${say("ed-undo")}</button>
    <button @click=${forth} ?disabled=${!state.future.length} title="Ctrl+Y">↷ ${say("ed-redo")}</button>
    <button id="rehearse" @click=${rehearse} ?disabled=${!state.holds || state.rehearsal?.state === "plays"}>▶ ${say("ed-rehearse")}</button>
    <label>${say("ed-name")} <input id="name" size="26" maxlength="120" .value=${state.name} aria-describedby="saving" aria-invalid=${state.conflict ? "true" : nothing} @input=${(event) => { state.name = event.target.value.trim(); changed(); }}></label>
    <button class="main" id="save" @click=${keep} ?disabled=${!dirty() && !isOther}>${say("ed-save")}${dirty() ? " •" : ""} <kbd>Ctrl S</kbd></button>
    <button class="lang" lang=${otherLanguage() === "zh" ? "zh-CN" : "en"} @click=${() => { setLang(otherLanguage()); changed(); }}>${otherLanguage() === "zh" ? "中文" : "English"}</button></header>`;
}

function notices() {
  return html`<div id="saving">${state.conflict ? html`<p class="warning" role="alert">${state.conflict} ${state.seen !== null && state.name === state.kept ? html`<button @click=${reread}>${say("ed-reread")}</button>` : nothing}</p>` : nothing}</div>
    ${state.copyOf ? html`<p class="advice">${say("ed-copy-of", { name: state.copyOf, folder: state.folder })}</p>` : nothing}
    ${state.notice ? html`<p class="advice" role="status">${say(state.notice)} <button @click=${reread} ?disabled=${state.copyOf !== null}>${say("ed-discard")}</button></p>` : nothing}
    ${state.error ? html`<p class="warning" role="alert">${state.error}</p>` : nothing}`;
}

function page() {
  return html`${header()}<main tabindex="-1" id="main"><h1 class="unseen">${say("ed-title")}</h1>${notices()}${strip()}
    <div class="ed-columns"><div class="ed-left">${outcome()}${mistakes()}${forms()}</div>${pane()}</div></main>
    <footer><span>${state.folder}/${state.kept}</span><span>${dirty() ? say("ed-unsaved") : say("ed-all-saved")}</span><span class="gap"></span><span id="said" role="status" class=${state.said.bad ? "error" : ""}>${state.said.text}</span></footer>`;
}

let due = false;
function draw() {
  due = false;
  document.title = `${dirty() ? "• " : ""}${state.kept} · ${say("ed-title")}`;
  render(page(), root);
}
onChange(() => {
  if (!due) requestAnimationFrame(draw);
  due = true;
});

function keys(event) {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
  const key = event.key.toLowerCase();
  if (key === "s") {
    event.preventDefault();
    // What is being typed counts.
    document.activeElement?.dispatchEvent(new Event("change", { bubbles: true }));
    setTimeout(() => describe().then(keep), 0);
    return;
  }
  // In a field, the browser's own way back is nearer.
  if (event.target.closest?.("input, textarea")) return;
  if (key === "z" && !event.shiftKey) back();
  else if (key === "y" || (key === "z" && event.shiftKey)) forth();
  else return;
  event.preventDefault();
}

try {
  await loadWords();
  await Promise.all([addWords("words-exercise.json"), addWords("words-editor.json")]);
  await enter();
  addEventListener("keydown", keys);
  addEventListener("beforeunload", (event) => { if (dirty() && state.text !== state.disk) event.preventDefault(); });
  await describe();
  changed();
} catch (error) {
  render(html`<main class="door"><h1>Sanmen</h1><p role="alert">${say("come-in")}</p><p class="muted">${error.message}</p></main>`, root);
}
