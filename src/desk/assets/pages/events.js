// What happened, in lines.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { store } from "../store.js";
import { clock } from "../format.js";
import { badge } from "../parts.js";
import { say, textOf } from "../words.js";

const LEVELS = { high: 1, medium: 2, low: 3 };

function named(id, card) {
  const tag = card?.tags[card.byTag.get(id)];
  return tag ? `${textOf(tag.title)} ${id}` : id;
}

function parts({ record }, card) {
  switch (record.kind) {
    case "alarm": {
      const rule = store.catalogue.rules[record.id.rule];
      const title = record.texts ? textOf(record.texts.title) : rule ? textOf(rule.title) : record.title;
      const tag = card?.tags[card.byTag.get(record.id.tag)];
      const who = record.by ? ` — ${record.by.name}${record.by.reason ? ": " + record.by.reason : ""}` : "";
      const raised = ["raised", "re-alarmed", "risen", "escalated"].includes(record.change);
      return { level: raised ? LEVELS[record.priority] : 0, what: say("change-" + record.change), text: `${tag ? textOf(tag.title) : record.id.tag ?? ""} · ${title}${who}` };
    }
    case "ticket": {
      const village = card?.byVillage.get(record.village);
      const text = `${village ? textOf(village.title) : record.village} · ${say("problem-" + record.problem)} · ${say("channel-" + record.channel)}`;
      return { what: say("complaint"), text, at: record.filed_at };
    }
    case "flood": return { what: say(record.change === "begun" ? "flood-begins" : "flood-ends"), text: say("alarms-n", { n: record.alarms }) };
    case "quality": return { what: say("doubtful"), text: `${named(record.tag, card)} · ${say("test-" + record.test)}` };
    case "lab": return { what: say("laboratory"), text: `${record.site} · ${record.analyte} ${record.sign} ${record.value ?? ""} ${record.unit}` };
    case "ingest": if (record.what === "clock-back") {
      const [from, to] = [record.from, record.to].map((it) => clock(Date.parse(it), card?.utc_offset_s ?? 0, { date: true }));
      return { what: say("ingest-clock-back" + (record.real ? "-real" : "")), text: record.real ? say("from-to", { from, to }) : "" };
    } return { what: say("ingest-" + record.what), text: record.detail ?? (record.from ? `${record.from}–${record.to}` : "") };
    default: return { what: say("monitor-" + record.change), text: "" };
  }
}

export function eventLine(entry, card) {
  const { level, what, text, at } = parts(entry, card);
  return html`<li><span class="time">${clock(Date.parse(at ?? entry.record.at), card?.utc_offset_s ?? 0, { date: true, seconds: false })}</span>
    ${level ? badge(level) : nothing} <b>${what}</b> ${text}</li>`;
}
