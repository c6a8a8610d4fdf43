// Every mistake that the reader of exercises can speak of is said in Chinese on the editor's Chinese page.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { here } from "./place.js";

const root = join(here, "../..");
const read = (path) => readFileSync(join(root, path), "utf8");
// Files of pages are modules, and no package says so to Node: they are given to it as what they are.
const inline = (text) => "data:text/javascript," + encodeURIComponent(text);
const patterns = inline(read("src/desk/assets/patterns.js"));
const page = (path) => import(inline(read("src/desk/assets/" + path).replace("../patterns.js", patterns)));
const { inChinese } = await page("editor/said.js");

const READERS = ["src/scenario/file", "src/base/problem/table"].flatMap((folder) => readdirSync(join(root, folder), { recursive: true })
  .filter((name) => name.endsWith(".rs") && !name.endsWith("tests.rs")).map((name) => join(folder, name)));
const BESIDE = ["src/base/problem/table.rs", "src/scenario/draft/form.rs", "src/scenario/exercise/deed.rs", "src/base/ids.rs", "src/scenario/injection/claim.rs"];

// The texts in a file's code that people can read: not its comments, its tests, reasons of lints and what cannot be.
function textsOf(path) {
  const code = read(path).split("#[cfg(test)]")[0].replace(/^\s*\/\/.*$/gm, "")
    .replace(/reason = "[^"]*"/g, "").replace(/\.expect\(\s*"(?:[^"\\]|\\.)*"/g, "").replace(/\\\n\s*/g, "");
  const texts = [...code.matchAll(/"((?:[^"\\]|\\.)*)"/gs)].map(([, text]) => text.replace(/\\"/g, '"').replace(/\\n/g, "\n"));
  return texts.filter((text) => / /.test(text) && /[a-z]{2}/.test(text) && !text.includes("\n"));
}

// With something in each place that is filled in; a text in quotes where it is shown so.
const filled = (text) => text.replace(/\{\{|\}\}/g, (pair) => pair[0]).replace(/\{[a-z_]*:\?\}/gi, '"7"').replace(/\{[a-z_]*\}/gi, "7");

// Alone, or as what other texts speak of: something unknown, something expected, something decided.
const WAYS = [(text) => text, (text) => `${text} "7" is not known`, (text) => `\`7\` must be ${text}, found 7`, (text) => `${text} is set by "7" of line 7 at the same moment`];
const isChinese = (text) => text !== null && /\p{Script=Han}/u.test(text) && !/[a-z]+ [a-z]+ [a-z]+/i.test(text.replace(/“[^”]*”|\[\[?[^\]]*\]\]?|`[^`]*`/g, ""));
// A subject that has no Chinese name would stand there as it is.
const isSaid = (text) => WAYS.some((way, at) => {
  const said = inChinese(way(text), (word) => word);
  return isChinese(said) && (at === 0 || !said.includes(text));
});

test("the Chinese page says every kind of mistake in Chinese", () => {
  const texts = [...READERS, ...BESIDE].flatMap((path) => textsOf(path).map((text) => [path, text]));
  for (const [, text] of read("src/base/time.rs").matchAll(/#\[error\("(.+)"\)\]/g)) texts.push(["src/base/time.rs", text.replace(/\\"/g, '"')]);
  assert.ok(texts.length > 120, `${texts.length} texts are too few: are they still found?`);
  const left = texts.filter(([, text]) => !isSaid(filled(text)));
  assert.deepEqual(left.map(([path, text]) => `${path}: ${text}`), []);
});

test("names in a mistake stay what they are", () => {
  const label = (word) => (word === "seed" ? "随机种子" : word);
  assert.equal(inChinese("`seed` is missing", label), "缺少“随机种子”");
  assert.equal(inChinese('pump "P-9" is not known', label), "“水泵”没有“P-9”这一项");
  assert.equal(inChinese("there is no set-doze; did you mean set-dose?", label), "没有操作“set-doze”;是否为“set-dose”?");
  assert.equal(inChinese('the dose is set by "a" of line 3 at the same moment', label), "投加量在同一时刻已由第3行的“a”设定");
  assert.equal(inChinese("something that no reader says", label), null);
});

// Why nothing is done in an exercise: said by it, by its plant and on the way there.
const REFUSERS = ["exercise/session/mod", "exercise/session/field", "exercise/session/branch", "simulator/orders", "simulator", "exercise/live/company", "exercise/live/orders", "exercise/live/drill", "cli/drill/way"];

test("the Chinese pages of an exercise say in Chinese why something is not done", async () => {
  const why = await page("pages/why.js");
  const texts = REFUSERS.flatMap((name) => {
    const code = read(`src/${name}.rs`).split("#[cfg(test)]")[0].replace(/\\\n\s*/g, "");
    return [...code.matchAll(/(?:NotNow|NotDone|not_done)\(\s*(?:format!\(\s*)?"((?:[^"\\]|\\.)*)"|let why = "([^"]*)"/g)].map((it) => it[1] ?? it[2]);
  });
  texts.push("there is no check {word}", "there is no job {word}", "there is no point {word}", "nothing is done", "there is no {name}; did you mean {nearest}?", "there is no {name}; known: {all}", "behind {name} comes nothing", "behind {name} comes {way}", "that is not for operators");
  assert.ok(texts.length > 35, `${texts.length} texts are too few: are they still found?`);
  const left = texts.filter((text) => !isChinese(why.inChinese(text.replace("{what} {name}{hint}", "pump {name}").replace("{what} {word}", "check {word}").replace("{hint}", "").replace(/\{[^}]*\}/g, "7"))));
  assert.deepEqual(left, []);
  assert.equal(why.inChinese("1e308 is no number from 0 to 20 mg/L"), "“1e308”不在0–20 mg/L范围内");
  assert.equal(why.inChinese("the plant has no pump P-9; did you mean P-1?"), "本厂没有水泵P-9;是否为“P-1”?");
  assert.equal(why.inChinese("something that nobody says"), null);
});
