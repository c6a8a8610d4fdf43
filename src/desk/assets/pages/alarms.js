// The alarm list: every state, the most urgent first, answered with a key.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { repeat } from "../vendor/lit-html/directives/repeat.js";
import { allAlarms, changed, now, store } from "../store.js";
import { acknowledge, answer, mayAnswer, setAside } from "../answers.js";
import { badge, pointLink, stateOf, subject, why } from "../parts.js";
import { clock, span } from "../format.js";
import { say, sourceOf, textOf } from "../words.js";
import * as several from "../several.js";

const list = { filters: new Set(), search: "", grouped: false, tab: "open", selected: null, unfolded: new Set() };
const TABS = ["open", "shelved", "suppressed-by-design", "out-of-service"];
const FILTERS = {
  unanswered: (it) => it.unanswered,
  active: (it) => it.active,
  returned: (it) => it.state.startsWith("returned") || it.state.startsWith("latched"),
  urgent: (it) => it.level <= 2,
};

const inTab = (alarm, tab) => (tab === "open" ? !alarm.aside : alarm.state === tab);

function matches(alarm) {
  const text = `${alarm.id} ${alarm.title} ${subject(alarm)} ${textOf(alarm.card.title)}`.toLowerCase();
  const filters = [...list.filters];
  return filters.every((it) => FILTERS[it](alarm)) && text.includes(list.search.toLowerCase());
}

// A flood groups by itself, unless somebody says otherwise.
const isFlood = () => store.plants.some((plant) => plant.head.flood);
const groups = () => list.grouped === true || (list.grouped === false && list.auto !== false && isFlood());

function rows() {
  const all = allAlarms().filter((alarm) => inTab(alarm, list.tab));
  const shown = all.filter(matches);
  if (!groups()) return { all, lines: shown.map((alarm) => ({ alarm, behind: [] })) };
  const lines = new Map();
  for (const alarm of shown) {
    const line = lines.get(alarm.group);
    if (!line) lines.set(alarm.group, { alarm, behind: [] });
    else if (alarm.id === alarm.group) {
      line.behind.push(line.alarm);
      line.alarm = alarm;
    } else line.behind.push(alarm);
  }
  const urgent = (line) => Math.min(line.alarm.level, ...line.behind.map((it) => it.level));
  const open = (line) => line.alarm.unanswered || line.behind.some((it) => it.unanswered);
  const order = (a, b) => open(b) - open(a) || urgent(a) - urgent(b) || a.alarm.at - b.alarm.at;
  return { all, lines: [...lines.values()].sort(order) };
}

// What is listed, line by line, as the arrows go through it.
function flat(lines) {
  return lines.flatMap(({ alarm, behind }) => [alarm, ...(list.unfolded.has(alarm.group) ? behind : [])]);
}

function chosen() {
  const shown = flat(rows().lines);
  return shown.find((alarm) => alarm.id === list.selected) ?? null;
}

function choose(alarm, focus = false) {
  list.selected = alarm?.id ?? null;
  changed();
  if (focus) requestAnimationFrame(() => document.querySelector("tr[aria-current]")?.focus());
}

// An address may name an alarm.
export function enter({ id }) {
  if (!id) return;
  Object.assign(list, { selected: id, search: "", tab: "open" });
  list.filters.clear();
}

export function key(event) {
  const shown = flat(rows().lines);
  const at = shown.findIndex((alarm) => alarm.id === list.selected);
  const alarm = at < 0 ? null : shown[at];
  switch (event.key) {
    case "ArrowDown": case "j": choose(shown[Math.min(at + 1, shown.length - 1)], true); break;
    case "ArrowUp": case "k": choose(shown[Math.max(at - 1, 0)], true); break;
    case "a": case "A":
      if (several.chosen.size) several.ask();
      else if (alarm) acknowledge(alarm);
      else return false; // the most urgent one, as everywhere
      break;
    case "x": case "X": if (alarm) several.toggle(alarm); break;
    case "s": case "S": if (alarm) alarm.state === "shelved" ? answer(alarm, "unshelve") : setAside(alarm); break;
    case "r": case "R": if (alarm) answer(alarm, "reset"); break;
    case "t": case "T": case "Enter": if (alarm) location.hash = linkOf(alarm); break;
    case "/": document.getElementById("search")?.focus(); break;
    default: return false;
  }
  event.preventDefault();
  return true;
}

function linkOf(alarm) {
  const tag = alarm.card.tags[alarm.card.byTag.get(alarm.tag)];
  return tag ? pointLink(alarm.card, tag) : `#/plant/${alarm.card.id}`;
}

function toggle(set, item) {
  set.has(item) ? set.delete(item) : set.add(item);
  changed();
}

function buttons(alarm) {
  if (!mayAnswer()) return html`<a href=${linkOf(alarm)}>${say("trend")}</a>`;
  const act = (action) => () => answer(alarm, action);
  return html`
    ${alarm.unanswered && !alarm.aside ? html`<button class="main" @click=${() => acknowledge(alarm)}>${say("acknowledge")}</button>` : nothing}
    ${alarm.state.startsWith("latched") ? html`<button @click=${act("reset")}>${say("reset")}</button>` : nothing}
    ${alarm.state === "shelved" ? html`<button @click=${act("unshelve")}>${say("unshelve")}</button>` : nothing}
    ${alarm.state === "out-of-service" ? html`<button @click=${act("return-to-service")}>${say("return-to-service")}</button>` : nothing}
    ${alarm.aside ? nothing : html`<button @click=${() => setAside(alarm)}>${say("shelve")}</button>
      <button @click=${() => setAside(alarm, "out-of-service")}>${say("out-of-service")}</button>`}
    <a href=${linkOf(alarm)}>${say("trend")}</a>`;
}

function row(alarm, behind, isBehind) {
  const current = alarm.id === list.selected;
  const many = store.catalogue.plants.length > 1;
  const offset = alarm.card.utc_offset_s;
  const lasts = alarm.active && alarm.since ? say("lasts", { span: span(now() - alarm.since) }) : "";
  return html`<tr class="alarm ${alarm.state}${isBehind ? " behind" : ""}" tabindex="0" data-alarm=${alarm.id}
      aria-current=${current ? "true" : nothing} @focus=${() => list.selected !== alarm.id && choose(alarm)}>
    <td class="pick">${mayAnswer() && alarm.unanswered && !alarm.aside ? html`<input type="checkbox" aria-label=${say("choose-alarm", { what: `${subject(alarm)} ${alarm.title}` })}
      .checked=${several.chosen.has(alarm.id)} @change=${() => several.toggle(alarm)}>` : nothing}</td>
    <td>${badge(alarm.level, alarm.state)}</td>
    <td class="time">${clock(alarm.at, offset, { date: true, seconds: false })}</td>
    ${many ? html`<td>${textOf(alarm.card.title)}</td>` : nothing}
    <td><a href=${linkOf(alarm)}>${subject(alarm)}</a> <small class="id">${alarm.tag}</small></td>
    <td>${alarm.title}<br><small>${why(alarm)}</small>
      ${behind.length ? html` <button class="fold" aria-expanded=${String(list.unfolded.has(alarm.group))}
        @click=${() => toggle(list.unfolded, alarm.group)}>${say("more-alarms", { n: behind.length })}</button>` : nothing}</td>
    <td class="time">${lasts}</td>
    <td class="state">${stateOf(alarm)}</td>
    <td class="act">${buttons(alarm)}</td>
  </tr>`;
}

export function view() {
  const { all, lines } = rows();
  const shown = flat(lines);
  const on = groups();
  const count = (tab) => allAlarms().filter((alarm) => inTab(alarm, tab)).length;
  const many = store.catalogue.plants.length > 1;
  const detail = chosen();
  const pinned = lines.flatMap(({ alarm, behind }) => [{ alarm, behind }, ...(list.unfolded.has(alarm.group)
    ? behind.map((it) => ({ alarm: it, behind: [], isBehind: true })) : [])]);
  return html`<h1>${say("alarms")}</h1>
    <div class="tools" role="group" aria-label=${say("filter")}>
      ${TABS.map((tab) => html`<button class="tab" aria-pressed=${String(list.tab === tab)}
        @click=${() => { list.tab = tab; changed(); }}>${say("tab-" + tab)} ${count(tab)}</button>`)}
      <span class="gap"></span>
      ${Object.keys(FILTERS).map((it) => html`<button class="chip" aria-pressed=${String(list.filters.has(it))}
        @click=${() => toggle(list.filters, it)}>${say("filter-" + it)}</button>`)}
      <button class="chip" aria-pressed=${String(on)} @click=${() => {
        Object.assign(list, { grouped: !on, auto: on ? false : undefined });
        changed();
      }}>${say("group-by-cause")}</button>
      <label class="search">${say("search")} <input id="search" type="search" .value=${list.search}
        @input=${(event) => { list.search = event.target.value; changed(); }}
        @keydown=${(event) => event.key === "Escape" && event.target.blur()}></label>
    </div>
    ${isFlood() ? html`<p class="flood" role="status">${say("flood-goes-on")} ${say("shown-of", { shown: lines.length, all: all.length })}</p>` : nothing}
    ${several.bar()}
    <div class="scroll" tabindex="0" role="region" aria-label=${say("alarms")}>
    <table class="alarms">
      <thead><tr><td class="pick"></td><th>${say("priority")}</th><th>${say("time")}</th>${many ? html`<th>${say("plant")}</th>` : nothing}
        <th>${say("where")}</th><th>${say("what")}</th><th>${say("duration")}</th><th>${say("state")}</th><th>${say("answer")}</th></tr></thead>
      <tbody>${repeat(pinned, (it) => it.alarm.id, (it) => row(it.alarm, it.behind, it.isBehind))}</tbody>
    </table></div>
    ${shown.length ? nothing : html`<p class="empty">${say(all.length ? "nothing-matches" : "no-alarm")}</p>`}
    ${detail ? html`<aside class="advice" aria-label=${say("advice")}><h2>${badge(detail.level, detail.state)} ${detail.title}</h2>
      <p>${detail.advice}</p>${detail.rule ? html`<p><small>${detail.rule.condition} · ${sourceOf(detail.rule)}</small></p>` : nothing}
      <p><a href=${`#/tickets/${encodeURIComponent(detail.id)}`}>${say("tickets-beside")}</a></p></aside>` : nothing}
    <p class="keys"><kbd>↑</kbd><kbd>↓</kbd> ${say("choose")} · <kbd>X</kbd> ${say("choose-several")} · <kbd>A</kbd> ${say("acknowledge")} · <kbd>S</kbd> ${say("shelve")} · <kbd>T</kbd> ${say("trend")} · <kbd>/</kbd> ${say("search")}</p>
    ${several.dialog()}`;
}
