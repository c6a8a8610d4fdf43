// Forms: a field for every question of the reader, in the words of whoever writes exercises.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { change, changed, set, state } from "./state.js";
import { labelOf, nameOf, table, tags, told, unitOf, valueOf, words } from "./names.js";
import { say, textOf } from "../words.js";

const same = (a, b) => a.length === b.length && a.every((step, at) => step === b[at]);
const within = (path, own) => own.every((step, at) => step === path[at]);
export const mistakesAt = (path) => state.mistakes.filter((it) => same(it.path, path));
export const mistakesIn = (path) => state.mistakes.filter((it) => within(it.path, path));
export const idOf = (path) => "f-" + path.map((step) => String(step).replace(/[^\w-]/g, "_")).join("-");

// Mistakes beside their field, which points to them.
const errors = (list, id) => (list.length
  ? html`<ul class="ed-wrong" id=${id + "-e"}>${list.map((it) => html`<li>✗ ${told(it)}</li>`)}</ul>` : nothing);
const pointed = (list, id) => (list.length ? id + "-e" : nothing);
const invalid = (list) => (list.length ? "true" : nothing);

// Keys that a reader only looks for: what they begin with. Of all others nothing is said until they
// are there.
const BEGIN = { since: { at_min: 0 }, ramp_min: 30, keeps_h: 24, times: "old" };
const TRIGGERS = ["at_min", "raised", "truth", "done", "if_not_done", "told"];
const ABOUT = { rule: "", ticket: "low-pressure", flood: "begun", pump: "", limit: "any" };
const isTrigger = (key) => key === "when" || key === "since";

function beginning(field) {
  const { key, want, known, least } = field;
  if (key in BEGIN) return BEGIN[key];
  if (isTrigger(key)) return { at_min: 0 };
  if (want === "both") return { en: "", zh: "" };
  if (want === "flag") return true;
  if (want === "number" || want === "whole") return Math.max(0, least ?? 0);
  if (want === "table") return ["before", "cause", "first_out"].includes(key) ? { rule: "" } : {};
  if (want === "texts" || want === "numbers") return [];
  return known?.length === 1 ? known[0] : "";
}

// ---- single fields

const choose = (path, value, list, { key, needed, id, wrong, label, onset }) => {
  const give = onset ?? ((next) => set(path, next === "" ? null : next));
  const unknown = value !== undefined && value !== "" && !list.includes(value);
  return html`<select id=${id ?? nothing} aria-label=${label ?? nothing} aria-invalid=${invalid(wrong ?? [])} aria-describedby=${pointed(wrong ?? [], id)} @change=${(event) => give(event.target.value)}>
    ${needed && value ? nothing : html`<option value="" ?selected=${!value}>${say(needed ? "ed-choose" : "ed-none")}</option>`}
    ${unknown ? html`<option value=${value} selected>? ${value}</option>` : nothing}
    ${list.map((it) => html`<option value=${it} ?selected=${it === value}>${nameOf(it, key)}</option>`)}</select>`;
};

const number = (text) => { const it = Number(text.replace(",", ".")); return text.trim() === "" ? null : Number.isFinite(it) ? it : text; };

function bounds({ least, most }) {
  if (least == null || most == null || most > 1e5) return nothing;
  return html`<small class="ed-range">${least}…${most}</small>`;
}

function both(path, value, id, wrong) {
  const one = (lang, name) => {
    const text = value?.[lang] ?? "";
    const own = [...path, lang];
    const put = (event) => set(value === undefined ? path : own, value === undefined ? { en: "", zh: "", [lang]: event.target.value } : event.target.value);
    return html`<label class="ed-lang" lang=${lang === "zh" ? "zh-CN" : "en"}><span>${name}</span><textarea id=${idOf(own)} rows=${text.length > 70 ? 2 : 1} aria-invalid=${invalid(mistakesAt(own))} aria-describedby=${pointed(wrong, id)} .value=${text} @change=${put}></textarea></label>`;
  };
  return html`<div class="ed-both">${one("zh", "中文")}${one("en", "English")}</div>`;
}

function texts(path, field, id, wrong) {
  const list = field.value ?? [];
  if (!field.known?.length) {
    const isNumbers = field.want === "numbers";
    const put = (event) => set(path, event.target.value.split(/[,,\s]+/).filter(Boolean).map((it) => (isNumbers ? number(it) : it)));
    return html`<input id=${id} aria-invalid=${invalid(wrong)} aria-describedby=${pointed(wrong, id)} .value=${list.join(", ")} @change=${put}>`;
  }
  const all = [...field.known, ...list.filter((it) => !field.known.includes(it))];
  const put = (it, on) => set(path, all.filter((other) => (other === it ? on : list.includes(other))));
  return html`<span role="group" aria-label=${labelOf(field.key)} class="ed-checks">${all.map((it) => html`<label><input type="checkbox" .checked=${list.includes(it)} @change=${(event) => put(it, event.target.checked)}> ${nameOf(it)}</label>`)}</span>`;
}

function control(path, field, id, wrong) {
  const { key, want, known, value } = field;
  const attributes = { key, needed: field.needed, id, wrong };
  if (key === "do") return deeds(path, field);
  if (want === "both") return both(path, value, id, wrong);
  if (want === "flag") return html`<input type="checkbox" id=${id} .checked=${value === true} aria-describedby=${pointed(wrong, id)} @change=${(event) => set(path, event.target.checked ? true : null)}>`;
  if (want === "texts" || want === "numbers") return texts(path, field, id, wrong);
  if (want === "text" && known?.length) return choose(path, value, known, attributes);
  const isNumber = want === "number" || want === "whole";
  const put = (event) => set(path, isNumber ? number(event.target.value) : event.target.value);
  return html`<input id=${id} class=${isNumber ? "ed-number" : "ed-text"} inputmode=${isNumber ? "decimal" : nothing} aria-invalid=${invalid(wrong)} aria-describedby=${pointed(wrong, id)} .value=${String(value ?? "")} @change=${put}>`;
}

// A key that the reader does not know, as it stands.
function stranger(path, field) {
  const id = idOf(path);
  return html`<div class="ed-field ed-stranger" id=${id} tabindex="-1"><b>${field.key}</b> = ${JSON.stringify(field.value)}
    <button @click=${() => set(path, null)}>${say("ed-remove-key", { key: field.key })}</button>${errors(mistakesIn(path), id)}</div>`;
}

function row(own, field) {
  const { key, want } = field;
  const path = [...own.path, key];
  const id = idOf(path);
  if (want === undefined || want === null) return stranger(path, field);
  if (isTrigger(key)) return trigger(path, field);
  if (want === "table") return field.tables?.length ? nested(path, field) : nothing;
  if (want === "tables") return list(path, field);
  const wrong = mistakesIn(path);
  const unit = unitOf(key);
  const drop = field.needed || want === "flag" || field.value === undefined || key === "do" ? nothing
    : html`<button class="ed-drop" aria-label=${say("ed-remove-field", { name: labelOf(key) })} title=${say("ed-remove-field", { name: labelOf(key) })} @click=${() => set(path, null)}>✕</button>`;
  const grouped = want === "both" || want === "texts" || key === "do";
  const name = grouped ? html`<span class="ed-name">${labelOf(key)}</span>` : html`<label class="ed-name" for=${id}>${labelOf(key)}</label>`;
  return html`<div class="ed-field ${want}" id=${grouped ? id : nothing} tabindex=${grouped ? "-1" : nothing}>${name}<span class="ed-control">${control(path, field, id, wrong)}${unit ? html` <span class="ed-unit">${unit}</span>` : nothing} ${want === "number" || want === "whole" ? bounds(field) : nothing}${drop}</span>${errors(wrong, id)}</div>`;
}

// ---- what waits for what

function trigger(path, field) {
  const id = idOf(path);
  const own = field.tables?.[0];
  const found = own ? TRIGGERS.find((key) => valueOf(own, key) !== undefined) ?? "" : "";
  const first = (name) => valueOf(table(name)[0], "id") ?? "";
  const begin = { at_min: () => ({ at_min: 0 }), raised: () => ({ raised: "" }), truth: () => ({ truth: tags()[0] ?? "", below: 0 }), done: () => ({ done: first("task") }), if_not_done: () => ({ if_not_done: first("task"), by_min: 60 }), told: () => ({ told: first("message") }) };
  const pick = (event) => set(path, event.target.value ? begin[event.target.value]() : null);
  const wrong = mistakesAt(path);
  return html`<fieldset class="ed-trigger" id=${id} tabindex="-1"><legend>${labelOf(path.at(-1))}</legend>
    <select aria-label=${say("ed-waits-for")} aria-invalid=${invalid(wrong)} aria-describedby=${pointed(wrong, id)} @change=${pick}>
      ${path.at(-1) === "since" || !found ? html`<option value="" ?selected=${!found}>${say(path.at(-1) === "since" ? "ed-t-start" : "ed-choose")}</option>` : nothing}
      ${TRIGGERS.map((key) => html`<option value=${key} ?selected=${key === found}>${say("ed-t-" + key)}</option>`)}</select>
    ${own ? fields(own, (it) => !(it.want === "presence" || (TRIGGERS.includes(it.key) && it.key !== found))) : nothing}${errors(wrong, id)}</fieldset>`;
}

// ---- deeds: a verb and its words

const join = (verb, given) => [verb, ...given].join(" ").trim();

function wordList(want, verb, at) {
  const kind = want.replace(/[?…]/g, "");
  const ids = (name) => table(name).map((it) => valueOf(it, "id")).filter(Boolean);
  if (kind === "RULE") return Object.keys(state.cards.rules);
  if (kind === "TAG") return tags();
  if (kind === "CHECK") return ids("check");
  if (kind === "JOB") return ids("job");
  const asked = table("message").filter((it) => (it.fields.find((field) => field.key === "choices")?.tables ?? []).length);
  if (kind === "MESSAGE") return asked.map((it) => valueOf(it, "id"));
  if (kind === "CHOICE") return asked.flatMap((it) => it.fields.find((field) => field.key === "choices").tables.map((choice) => valueOf(choice, "id")));
  return words(verb, at);
}

// Several words at one place: chosen ones with a way to drop them, and one more to choose.
function several(chosen, all, label, give, empty) {
  return html`<span class="ed-chips" role="group" aria-label=${label}>${chosen.map((it) => html`<button class="ed-chip" aria-label=${say("ed-drop-word", { word: nameOf(it) })} @click=${() => give(chosen.filter((other) => other !== it))}>${nameOf(it)} ✕</button>`)}
    <select aria-label=${label} @change=${(event) => { const it = event.target.value; event.target.value = ""; if (it) give([...chosen, it]); }}><option value="" selected>${chosen.length ? say("ed-or") : empty}</option>${all.filter((it) => !chosen.includes(it)).map((it) => html`<option value=${it}>${nameOf(it)}</option>`)}</select></span>`;
}

function deed(text, isPattern, give) {
  const [verb = "", ...given] = text.split(/\s+/).filter(Boolean);
  const card = state.cards.verbs.find((it) => it.name === verb);
  const put = (at, word) => {
    const now = [...given];
    now[at] = word;
    for (let n = 0; n < at; n++) now[n] ||= "*";
    if (!isPattern && !word) now.length = at;
    while (now.length && !now.at(-1)) now.pop();
    give(join(verb, now));
  };
  // What files may say of a word in a pattern: any, one of these.
  const one = (want, at) => {
    const label = say("ex-want-" + want.replace(/[?…]/g, "").toLowerCase());
    const all = wordList(want, verb, at);
    const word = given[at] ?? "";
    if (want.endsWith("…") && all) return several(given.slice(at), all, label, (list) => give(join(verb, [...given.slice(0, at), ...list])), isPattern ? say("ed-any") : say("ed-choose"));
    if (isPattern && all) return several(word && word !== "*" ? word.split("|") : [], all, label, (list) => put(at, list.length ? list.join("|") : at < given.length - 1 ? "*" : ""), say("ed-any"));
    if (all) return choose(null, word, all, { label, needed: !want.endsWith("?"), onset: (next) => put(at, next) });
    return html`<input class="ed-word" aria-label=${label} placeholder=${isPattern ? ">1.2" : ""} .value=${word === "*" ? "" : word} @change=${(event) => put(at, event.target.value.trim().replace(/\s+/g, "-") || (isPattern && at < given.length - 1 ? "*" : ""))}>`;
  };
  return html`<span class="ed-deed">${choose(null, verb, state.cards.verbs.map((it) => it.name), { key: "verb", label: say("ed-verb"), needed: true, onset: (next) => give(next) })}${(card?.wants ?? []).map(one)}</span>`;
}

function deeds(path, field) {
  const isPattern = path[0] === "task" || path[0] === "forbidden";
  const all = Array.isArray(field.value) ? field.value : [field.value ?? ""];
  const give = (list) => set(path, list.length === 1 ? list[0] : list);
  if (!isPattern) return deed(String(all[0]), false, (next) => set(path, next));
  return html`<span class="ed-deeds">${all.map((text, at) => html`<span class="ed-either">${deed(String(text), true, (next) => give(all.with(at, next)))}${all.length > 1 ? html`<button class="ed-drop" aria-label=${say("ed-drop-deed", { n: at + 1 })} @click=${() => give(all.toSpliced(at, 1))}>✕</button>` : nothing}</span>`)}
    <button @click=${() => give([...all, "escalate lead"])}>${say("ed-or-deed")}</button></span>`;
}

// ---- tables and lists

const isThere = (field) => field.value !== undefined || field.tables?.length > 0;
// What a form shows at once: what is there, what must be, and what only comes by choice.
function shows(field) {
  if (field.want === "presence") return field.key === "do" || isTrigger(field.key);
  if (field.want === "tables") return isThere(field) || field.key === "choices";
  return isThere(field) || field.needed || field.want === "flag" || field.want === undefined || field.key === "do";
}
const mayAdd = (field) => !shows(field) && (field.want !== "presence" || field.key in BEGIN) && field.want !== "tables";

function about(own) {
  const found = Object.keys(ABOUT).find((key) => valueOf(own, key) !== undefined) ?? "rule";
  const first = { pump: words("start-pump", 0)?.[0] ?? "" };
  const pick = (event) => change({ change: "set", path: [...own.path, found], value: null }, { change: "set", path: [...own.path, event.target.value], value: first[event.target.value] ?? ABOUT[event.target.value] });
  const id = idOf([...own.path, "about"]);
  return html`<div class="ed-field"><label class="ed-name" for=${id}>${say("ed-about")}</label><select id=${id} @change=${pick}>${Object.keys(ABOUT).map((key) => html`<option value=${key} ?selected=${key === found}>${say("ed-about-" + key)}</option>`)}</select></div>`;
}

export function fields(own, fits = () => true) {
  const mine = own.fields.filter(fits);
  const more = mine.filter(mayAdd);
  return html`${own.path[0] === "expect" && own.path.length === 2 ? about(own) : nothing}${mine.filter(shows).map((field) => row(own, field))}
    ${more.length ? html`<p class="ed-more"><span>${say("ed-more")}</span> ${more.map((field) => html`<button @click=${() => set([...own.path, field.key], beginning(field))}>+ ${labelOf(field.key)}</button>`)}</p>` : nothing}`;
}

function nested(path, field) {
  const id = idOf(path);
  return html`<fieldset id=${id} tabindex="-1"><legend>${labelOf(path.at(-1))}</legend>${fields(field.tables[0])}${errors(mistakesAt(path), id)}${field.needed ? nothing : html`<button @click=${() => set(path, null)}>${say("ed-remove-field", { name: labelOf(path.at(-1)) })}</button>`}</fieldset>`;
}

const short = (text, most = 60) => (text.length > most ? text.slice(0, most - 1) + "…" : text);

// When, in a few words.
function whenOf(own) {
  const at = valueOf(own, "at_min");
  if (at !== undefined) return `${at} min`;
  const found = own.fields.find((it) => isTrigger(it.key))?.tables?.[0];
  const key = found && TRIGGERS.find((it) => valueOf(found, it) !== undefined);
  if (!key) return "";
  return key === "at_min" ? `${valueOf(found, key)} min` : say("ed-after", { what: short(nameOf(String(valueOf(found, key))), 34) });
}

export function titleOf(own) {
  const list = own.path.at(-2);
  const title = valueOf(own, "title") ?? valueOf(own, "text");
  const said = title ? textOf(title) : own.fields.some((it) => it.key === "en") ? textOf({ en: valueOf(own, "en"), zh: valueOf(own, "zh") }) : "";
  const deed = valueOf(own, "do");
  const first = list === "careless" || list === "reference" ? String(deed ?? "").split(" ") : null;
  const name = said || (first ? [nameOf(first[0], "verb"), ...first.slice(1).map((it) => nameOf(it))].join(" · ") : "")
    || (valueOf(own, "kind") ? nameOf(valueOf(own, "kind"), "kind") : "") || nameOf(String(valueOf(own, "rule") || valueOf(own, "ticket") || valueOf(own, "flood") || valueOf(own, "of") || valueOf(own, "id") || "?"));
  const target = valueOf(own, "target") ?? valueOf(own, "tag");
  return [whenOf(own), short(name, 80), target ? nameOf(String(target)) : "", valueOf(own, "critical") ? "★" : ""].filter(Boolean).join(" · ");
}

// The text beside a form shows what the form is about.
function follow(line) {
  const pane = document.getElementById("text");
  if (line) pane.scrollTop = Math.max(0, (line - 4) * parseFloat(getComputedStyle(pane).lineHeight));
}

// Shows an item, and what stands in it, to whoever looks for a mistake or has made it.
export function reveal(path) {
  for (let n = 2; n <= path.length; n++) if (typeof path[n - 1] === "number") state.open.add(idOf(path.slice(0, n)));
  changed();
  requestAnimationFrame(() => requestAnimationFrame(() => {
    for (let n = path.length; n > 0; n--) {
      const found = document.getElementById(idOf(path.slice(0, n)));
      if (!found) continue;
      found.scrollIntoView({ block: "center" });
      (found.matches("input, select, textarea, [tabindex]") ? found : found.querySelector("input, select, textarea, button"))?.focus({ preventScroll: true });
      return;
    }
  }));
}

function item(own, at, count) {
  const { path } = own;
  const id = idOf(path);
  const open = state.open.has(id);
  const wrong = mistakesIn(path);
  const title = titleOf(own);
  const toggle = () => {
    if (open) state.open.delete(id);
    else state.open.add(id);
    if (!open) follow(own.line);
    changed();
  };
  const move = async (forward) => {
    await change({ change: "move", path, forward });
    const to = [...path.slice(0, -1), at + (forward ? 1 : -1)];
    const [from, there] = [state.open.has(id), state.open.has(idOf(to))];
    for (const [key, on] of [[id, there], [idOf(to), from]]) if (on) state.open.add(key); else state.open.delete(key);
    changed();
    requestAnimationFrame(() => {
      const find = (which) => document.getElementById(idOf(to))?.querySelector(`[data-move${which}]:not([disabled])`);
      (find(`="${forward}"`) ?? find(""))?.focus();
    });
  };
  const add = async (wish) => { if (await change({ ...wish })) reveal([...path.slice(0, -1), at + 1]); };
  const remove = async () => {
    state.open.delete(id);
    await change({ change: "remove", path });
    requestAnimationFrame(() => document.getElementById(idOf(path.slice(0, -1)) + "-add")?.focus());
  };
  return html`<li class="ed-item${wrong.length ? " is-wrong" : ""}" id=${id} tabindex="-1"><div class="ed-bar">
    <button class="ed-title" aria-expanded=${String(open)} @click=${toggle}>${open ? "▾" : "▸"} ${title}${wrong.length ? html` <b class="error">✗ ${wrong.length}</b>` : nothing}</button>
    <button data-move="false" ?disabled=${at === 0} aria-label=${say("ed-up", { title })} title=${say("ed-up", { title: "" })} @click=${() => move(false)}>▲</button>
    <button data-move="true" ?disabled=${at === count - 1} aria-label=${say("ed-down", { title })} title=${say("ed-down", { title: "" })} @click=${() => move(true)}>▼</button>
    <button aria-label=${say("ed-copy", { title })} title=${say("ed-copy", { title: "" })} @click=${() => add({ change: "duplicate", path })}>${say("ed-copy-short")}</button>
    <button aria-label=${say("ed-delete", { title })} title=${say("ed-delete", { title: "" })} @click=${remove}>✕</button></div>
    ${open ? html`<div class="ed-body">${errors(mistakesAt(path), id)}${fields(own)}</div>` : nothing}</li>`;
}

export function list(path, field) {
  const id = idOf(path);
  const key = path.at(-1);
  const all = field.tables ?? [];
  const add = async () => { if (await change({ change: "add", path })) reveal([...path, all.length]); };
  return html`<div class="ed-list" id=${id} tabindex="-1">${path.length > 1 ? html`<p class="ed-name">${say("ed-list-" + key)}</p>` : html`<h3>${say("ed-list-" + key)} <small>${all.length || ""}</small></h3>`}
    ${errors(mistakesAt(path), id)}${all.length ? html`<ol>${all.map((own, at) => item(own, at, all.length))}</ol>` : nothing}
    <button class="ed-add" id=${id + "-add"} @click=${add}>+ ${say("ed-add-" + key)}</button></div>`;
}
