// What people do in an exercise, and what comes of it, in their words: no ids where a name is known.

import { store } from "../store.js";
import { clock } from "../format.js";
import { language, say, textOf } from "../words.js";
import { shown } from "../drill.js";
import { inChinese } from "./why.js";

// What there is to choose from, once the page has it.
export const known = { menu: null };

const named = (list, id) => list?.find((it) => it.id === id);
const card = () => store.catalogue.plants[0];
const ALARMS = new Set(["acknowledge", "shelve", "remove-from-service", "open-alarm"]);

export const ruleOf = (id) => textOf(store.catalogue.rules[id]?.title) || id;

export function tagOf(id) {
  const tag = card().tags[card().byTag.get(id)];
  return tag ? `${textOf(tag.title)} ${id}` : id === "plant" ? say("ex-word-plant") : id;
}

// A text of the server's in which rules stand by their ids.
const ID = /[a-z0-9]+(?:-[a-z0-9]+)+/g;
export const withTitles = (text) => text.replace(ID, (id) => (store.catalogue.rules[id] ? ruleOf(id) : id));

// Places and pipes of the network, by the village that they serve.
const LISTS = { "grab-sample": "nodes", "start-pump": "links", "stop-pump": "links", "pump-auto": "links", "close-valve": "links", "open-valve": "links" };
export const placesOf = (verb, at) => (at === 0 && LISTS[verb] ? known.menu?.places[LISTS[verb]] : null);

// With an instrument or two, so that a list stays as narrow as its column.
const measured = (tags) => (tags.length ? ` (${tags.slice(0, 2).join(", ")}${tags.length > 2 ? " …" : ""})` : "");
export const placeText = ({ id, title, tags }) => `${textOf(title)} · ${id}${measured(tags)}`;

function placeOf(list, id) {
  const place = named(list, id);
  if (!place) return id;
  const village = textOf(named(known.menu.villages, place.village)?.title);
  const title = textOf(place.title);
  return `${village && !title.startsWith(village) ? village + " " : ""}${title} ${id}`;
}

// A word behind a verb as people call it; nothing where the next one says it all.
export function wordOf(verb, at, words) {
  const word = words[at];
  const { menu } = known;
  if (!menu) return word;
  const places = placesOf(verb, at);
  if (places) return placeOf(places, word);
  if (ALARMS.has(verb)) return at === 0 ? ruleOf(word) : tagOf(word);
  if (verb === "open-trend") return tagOf(word);
  if (verb === "answer") {
    const choice = named(named(shown()?.asked, words[0])?.choices, words[1]);
    return at === 0 ? (choice ? "" : word) : choice ? textOf(choice.text) : word;
  }
  if (verb === "diagnose") return textOf(named(menu.causes, word)) || word;
  const found = (verb === "check" && named(menu.checks, word)) || (verb === "send-crew" && named(menu.jobs, word)) || named(menu.villages, word);
  if (found) return textOf(found.title);
  const text = say(`ex-word-${word}`);
  return text === `ex-word-${word}` ? word : text;
}

// A deed as people say it.
export function phrase(deed) {
  const [verb, ...words] = deed.split(" ");
  return [say("ex-verb-" + verb), ...words.map((_, at) => wordOf(verb, at, words))].filter(Boolean).join(" · ");
}

// What the script calls by an id; what an instructor has made up has none there.
export function inScript(id) {
  const text = shown()?.script?.[id];
  return text ? textOf(text) : id.startsWith("ad-hoc-") ? say("ex-word-ad-hoc") : id;
}

// What an instructor directed.
export function directed(direction, offset) {
  const { direction: what, fast, id, from, text, name, mark, to } = direction;
  const of = what === "speed" ? `×${fast}` : what === "say" ? `${say("ex-role-" + from)}: ${textOf(text)}`
    : what === "back" ? clock(Date.parse(to), offset, { seconds: false }) : id ? inScript(id) : name ?? mark ?? "";
  return [say("ex-dir-" + what), of].filter(Boolean).join(" · ");
}

// Why something was not done.
export function failedBecause(why) {
  const titled = withTitles(why);
  return (language() === "zh" && inChinese(titled)) || titled;
}
