// What keys, choices and mistakes are called, in the language of whoever reads.

import { state } from "./state.js";
import { say, textOf, language } from "../words.js";
import { inChinese } from "./said.js";

const known = (key) => { const text = say(key); return text === key ? null : text; };

// Units at the ends of keys, the longest first; those of time and share beside those of quantities.
const PLAIN = { min: "min", s: "s", h: "h", d: "d", percent: "%", years: "a", m3_per_h_at_20_m: "m³/h (20 m)", million_per_l: "10⁶/L", per_100_ml: "/100 mL" };
function split(key) {
  const all = [...Object.entries(PLAIN), ...(state.cards?.units ?? []).map((it) => [it.suffix, it.symbol])].sort((a, b) => b[0].length - a[0].length);
  const found = all.find(([suffix]) => key.endsWith("_" + suffix) || key === suffix);
  return found ? { stem: key.slice(0, -found[0].length).replace(/_$/, ""), unit: found[1] } : { stem: key, unit: "" };
}

export const unitOf = (key) => split(key).unit;
// `by` alone is somebody, with a unit it is how much.
const stemOf = ({ stem, unit }) => (stem === "by" && unit ? "by-amount" : stem);
export const labelOf = (key) => known("ed-key-" + key) ?? known("ed-key-" + stemOf(split(key))) ?? key;

const plant = () => {
  const field = state.form?.fields.find((it) => it.key === "plant");
  return state.cards?.plants[field?.value] ?? Object.values(state.cards?.plants ?? {})[0];
};
export const words = (verb, at) => plant()?.words[verb]?.[at] ?? null;
export const tags = () => plant()?.tags ?? [];

// An item of the file, as its lists and others speak of it.
export const table = (name) => state.form?.fields.find((it) => it.key === name)?.tables ?? [];
export const valueOf = (own, key) => own?.fields.find((it) => it.key === key)?.value;
const LISTS = ["task", "message", "inject", "check", "job"];
function own(id) {
  for (const list of LISTS) {
    const found = table(list).find((it) => valueOf(it, "id") === id);
    if (found) return valueOf(found, "title") ?? valueOf(found, "text") ?? null;
  }
  return null;
}

// A choice with its name; `of` says of what when a word means several things.
export function nameOf(id, key = "") {
  const { cards } = state;
  if (key === "kind") return known("ed-kind-" + id) ?? id;
  if (key === "analyte") return known("ed-analyte-" + id) ?? id;
  if (key === "from") return known("ex-role-" + id) ?? id;
  if (key === "verb") return known("ex-verb-" + id) ?? id;
  if (key === "plant") return cards.plants[id] ? textOf(cards.plants[id].title) : id;
  const both = cards?.rules[id] ?? cards?.causes[id] ?? plant()?.names[id] ?? null;
  if (both) return cards.causes[id] ? textOf(both) : `${textOf(both)} (${id})`;
  const word = known("ed-word-" + id) ?? known("ex-word-" + id);
  if (word) return word;
  const mine = own(id);
  const text = mine ? textOf(mine) : "";
  return text ? `${text.length > 40 ? text.slice(0, 39) + "…" : text} (${id})` : id;
}

// What a reader says of a mistake, in the language of whoever reads; what has no pattern stays as it is.
const label = (word) => (/^[a-z][a-z0-9_]*$/.test(word) ? labelOf(word) : word);
const spoken = (text) => (text && language() === "zh" ? inChinese(text, label) : null) ?? text ?? "";
export const told = (mistake) => {
  const [text, help] = [spoken(mistake.text), spoken(mistake.help)];
  return help ? `${text} — ${help}` : text;
};
