// What pages say, in the language of whoever reads: one catalogue, words.json.

const LANGS = ["zh", "en"];
let words = {};
let lang = "zh";

export async function loadWords() {
  words = await (await fetch(new URL("words.json", import.meta.url))).json();
  const kept = localStorage.getItem("lang");
  const asked = navigator.language.startsWith("zh") ? "zh" : "en";
  setLang(LANGS.includes(kept) ? kept : asked);
}

// More words, of pages that few people open.
const more = {};
export async function addWords(path) {
  more[path] ??= fetch(new URL(path, import.meta.url)).then((response) => response.json());
  const added = await more[path];
  for (const key of LANGS) Object.assign(words[key], added[key]);
}

export function setLang(next) {
  lang = next;
  localStorage.setItem("lang", next);
  document.documentElement.lang = next === "zh" ? "zh-CN" : "en";
}

export const language = () => lang;
export const otherLanguage = () => (lang === "zh" ? "en" : "zh");

// A sentence; `{name}` in it is filled from `parts`.
export function say(key, parts = {}) {
  const text = words[lang]?.[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => String(parts[name] ?? ""));
}

// Where a rule comes from: its card has the Chinese where that reads otherwise.
export const sourceOf = (card) => (lang === "zh" && card.source_zh) || card.source;

// Of a text in both languages.
export const textOf = (text) => (text ? text[lang] || text.en : "");
