// Exercises that ship, played by their reference robot's deeds through the pages: the marks are
// those of the robot itself, headless.
//
// Nothing of a deed is written here: the log of the headless run says what is done and at which
// simulated minute. The instructor lets time run at its fastest and freezes it when a deed is due;
// the trainee does it by the forms that anybody has, and time goes on. When something asks, time
// runs slowly by itself, and the headless robot takes half a minute of the wall's to answer: here
// it is done as soon as all is heard that the robot had heard. So each clock of a mark ends where
// the robot's does or earlier, by minutes at most, and later by no more than the time in which a
// freeze comes to the plant; every window of the reference run is wider than that, and the wall's
// clock stands while time is frozen. That is the same mark; every one is compared. The instructor
// ends it once nothing is left to be done.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { api, browse, come, here, person, program, start, violations } from "./place.js";

const LONG = { timeout: 300000 };
// So far a deed may be from the robot's, in simulated minutes.
const NEAR_MIN = 15;
// Time runs at its fastest to what is further away.
const SOON_MIN = 5;
const EXERCISES = join(here, "../../scenarios/exercises");
let browser;

before(async () => { browser = await browse(); });
after(async () => { await browser?.close(); });

// What the reference robot does headless, and what it has for it.
function headless(exercise) {
  const folder = mkdtempSync(join(tmpdir(), "sanmen-reference-"));
  const args = ["exercise", "play", exercise, "--robot", "reference", "--format", "json", "--report", folder];
  const marks = JSON.parse(execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim().split("\n").at(-1));
  const log = readFileSync(join(folder, "exercise.jsonl"), "utf8").trim().split("\n").map((line) => JSON.parse(line));
  rmSync(folder, { recursive: true });
  return { marks, log };
}

// An entry of a log, whenever and by whomever.
const gist = ({ what, deed, message, alarm }) => [what, deed ?? message ?? `${alarm?.rule} ${alarm?.tag} ${alarm?.n}`].join(" ");
const isDeed = (entry) => entry.what === "did";

// ---- the trainee's hands

async function byForm(page, verb, words) {
  await page.getByRole("link", { name: /^Exercise/ }).click();
  await page.locator(`[data-verb="${verb}"]`).click();
  const fields = page.locator(".ex-panel label");
  for (const [at, word] of words.entries()) {
    const field = fields.nth(at).locator("select, input");
    if ((await field.evaluate((it) => it.tagName)) === "SELECT") await field.selectOption(word);
    else await field.fill(word);
  }
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByRole("button", { name: "Yes, do it" }).click();
}

const HANDS = {
  async acknowledge(page, [rule, tag]) {
    await page.getByRole("link", { name: /^Alarms/ }).click();
    await page.locator(`tr[data-alarm*="/${rule}/${tag}/"]`).getByRole("button", { name: "Acknowledge" }).first().click();
  },
  async "open-trend"(page, [tag]) {
    await page.getByRole("link", { name: "Plant", exact: true }).click();
    await page.locator(`main a[href$="/${tag}"]`).first().click();
    await page.locator("#trend").waitFor();
  },
  async diagnose(page, [cause]) {
    await page.getByRole("link", { name: /^Exercise/ }).click();
    await page.getByLabel("Cause").selectOption(cause);
    await page.getByRole("button", { name: "Name it" }).click();
  },
  async answer(page, [message, choice], { questions }) {
    const { text } = questions.find((it) => it.id === message).choices.find((it) => it.id === choice);
    await page.getByRole("link", { name: /^Exercise/ }).click();
    await page.locator(".ex-question").getByRole("button", { name: text.en, exact: true }).click();
  },
};

// ---- the run

// Looks at the exercise until something is so, or the test's time is over.
async function until({ run, signal }, what, isSo) {
  for (;;) {
    const { said: view } = await api(run, "instructor", "exercise");
    if (isSo(view)) return view;
    assert.ok(!view.ended && !signal.aborted, `it is over before ${what}`);
    await new Promise((done) => setTimeout(done, 30));
  }
}

// Every deed of `log` by hand, each at its time; what is due in one freeze is done in it.
async function deeds(at, log, { page, station }) {
  let speed = "";
  for (const [n, entry] of log.entries()) {
    if (!isDeed(entry)) continue;
    const before = log.slice(0, n).map(gist);
    const due = Date.parse(entry.at);
    const isDue = (view) => {
      const came = new Set(view.log.map(gist));
      return before.every((it) => came.has(it)) && (view.attention || Date.parse(view.now) >= due);
    };
    let view = await until(at, "anything", () => true);
    if (!view.frozen || !isDue(view)) {
      // What comes soon is not run past.
      const wanted = due - Date.parse(view.now) > SOON_MIN * 60000 ? "600" : "60";
      if (speed !== wanted) await station.getByLabel("Speed").selectOption(speed = wanted);
      if (view.frozen) await station.getByRole("button", { name: /Run/ }).click();
      await station.getByRole("button", { name: /Freeze/ }).waitFor();
      await station.locator("main").focus();
      await until(at, entry.deed, isDue);
      await station.keyboard.press("Space");
      view = await until(at, "the freeze", (view) => view.frozen);
    }
    const [verb, ...words] = entry.deed.split(" ");
    await (HANDS[verb] ? HANDS[verb](page, words, view) : byForm(page, verb, words));
    await until(at, entry.deed, (view) => view.log.some((it) => gist(it) === gist(entry)));
    const late = (Date.parse(view.now) - due) / 60000;
    assert.ok(Math.abs(late) <= NEAR_MIN, `${entry.deed}: at ${view.now}, by the robot at ${entry.at}`);
  }
}

// Each mark, and of how many; what it says besides may differ by seconds.
const marksOf = ({ total, met, reasons }) => ({
  total: total.toFixed(2), met,
  reasons: reasons.map(({ category, marks, of, text }) => `${category} ${marks.toFixed(2)}/${of.toFixed(2)} ${category === "consequence" ? "" : text.en.split(":")[0]}`),
});

async function played(exercise, signal) {
  const { marks, log } = headless(exercise);
  const run = await start(join(EXERCISES, `${exercise}.toml`));
  try {
    const [trainee, leader] = [await person(browser), await person(browser)];
    const page = await come(trainee, run.link);
    const station = await come(leader, run.linkOf("instructor"));
    await station.locator(".ex-head").waitFor();
    await deeds({ run, signal }, log, { page, station });
    const { said: { tasks } } = await api(run, "instructor", "exercise");
    assert.deepEqual(tasks.filter((it) => !it.done), [], "nothing is left to be done");
    station.on("dialog", (dialog) => dialog.accept());
    await station.getByRole("button", { name: /End/ }).click();

    // The report that the trainee opens has them too.
    await page.getByRole("link", { name: /^Exercise/ }).click();
    await page.getByRole("button", { name: "Skip" }).click();
    await page.getByRole("link", { name: "After-action report" }).waitFor();
    let report;
    do report = await api(run, "operator", "exercise/report/report.json"); while (report.status !== 200 && !signal.aborted);
    assert.deepEqual(marksOf(report.said), marksOf(marks));
    for (const it of [page, station]) assert.deepEqual(await violations(it), []);
    for (const it of [trainee, leader]) await it.close();
  } finally {
    assert.equal(await run.stop(), 0, "Ctrl-C ends well");
  }
}

// Side by side: each waits for the other's clock no longer than for its own.
describe("played through the pages as its reference robot plays it, it has the robot's marks:", { concurrency: true }, () => {
  for (const exercise of ["e6-sensor-drift", "e5-power-cut"]) test(exercise, LONG, ({ signal }) => played(exercise, signal));
});
