// An exercise through the desk: played by a trainee, led by an instructor, judged by an evaluator.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { api, browse, come, go, here, hindrances, person, program, start, violations } from "./place.js";

const LONG = { timeout: 180000 };
const file = join(here, "exercise.toml");
let run;
let browser;

before(async () => { [run, browser] = await Promise.all([start(file), browse()]); });
after(async () => {
  const ended = await run?.stop();
  await browser?.close();
  assert.equal(ended, 0, "Ctrl-C ends well");
});

let n = 0;
const wish = (role, what, said, key = `wish-number-${n++}`) => api(run, role, `exercise/${what}`, {
  method: "POST", body: JSON.stringify({ by: "Li", ...said }),
  headers: { "Content-Type": "application/json", "Idempotency-Key": key },
});
const reflect = (by) => wish("operator", "reflect", { by, reflection: { happened: `${by} saw it` } });

test("what a trainee may not see or do is refused by the server", LONG, async () => {
  const { said: trainee } = await api(run, "operator", "exercise");
  for (const key of ["truth", "waiting", "tasks", "toll", "right_cause", "score", "script"]) assert.ok(!(key in trainee), key);
  const { said: looker } = await api(run, "viewer", "exercise");
  assert.ok(!("truth" in looker));
  // There is a truth once the plant has gone its first step.
  let leader;
  do ({ said: leader } = await api(run, "instructor", "exercise")); while (!("PIT-404" in leader.truth));
  assert.ok(leader.truth["PIT-404"] > 0 && leader.right_cause === "network/burst");
  assert.match(leader.script.burst.en, /burst.* · Fengling .*FL-1$/i, "what befalls the plant has a name, and a place");
  assert.match(leader.script.burst.zh, /爆管.* · 枫岭村/);
  const { said: menu } = await api(run, "operator", "exercise/menu");
  assert.ok(menu.verbs.length > 30 && !JSON.stringify(menu).includes("Send the crew"), "what ought to be done is no choice");
  for (const file of ["..%2Fexercise.json", "other.json"]) assert.equal((await api(run, "instructor", `exercise/report/${file}`)).status, 404, file);
  for (const [role, what, said] of [
    ["operator", "direct", { direction: { direction: "freeze" } }],
    ["viewer", "act", { deed: "cut-intake" }],
    ["evaluator", "act", { deed: "cut-intake" }],
    ["evaluator", "direct", { direction: { direction: "end" } }],
    ["operator", "judge", { judgement: {} }],
    ["viewer", "reflect", { reflection: {} }],
  ]) assert.equal((await wish(role, what, said)).status, 403, `${role} ${what}`);
  assert.equal((await api(run, "operator", "exercise/report/report.html")).status, 403, "not before the end");
  for (const [deed, why] of [["explode", /no explode/], ["start-pump P-77", /no P-77/], ["set-dose", /MG_PER_L/], ["set-dose nan", /^nan is no number from 0 to 20 mg\/L/], ["set-dose -1", /0 to 20/], ["set-coagulant 1e308", /0 to 200/]]) {
    const { status, said } = await wish("operator", "act", { deed });
    assert.equal(status, 409);
    assert.match(said.error, why);
  }
  const { said: { log } } = await api(run, "instructor", "exercise");
  assert.ok(!log.some((entry) => ["did", "failed"].includes(entry.what)), "what is refused is in no log");
  assert.equal((await wish("instructor", "direct", { direction: { direction: "say", from: "lead", text: { en: " ", zh: "" } } })).status, 409, "nothing is said");
  for (const hidden of ["\u202e", "\u202eerif", "a\u200bb", "\u2066"]) {
    for (const direction of [{ direction: "say", from: "lead", text: { en: hidden, zh: "好" } }, { direction: "say", from: "lead", text: { en: "good", zh: hidden } }, { direction: "mark", name: hidden }]) {
      const { status, said } = await wish("instructor", "direct", { direction });
      assert.equal(status, 409, JSON.stringify(direction));
      assert.match(said.error, /be seen/);
    }
  }
  assert.equal((await reflect("甲")).status, 409, "nobody thinks back on what goes on");
  assert.equal((await api(run, "operator", "exercise/report/evaluations.json")).status, 403);

  // Asked again it is done once; another wish under the same name is not taken for it.
  const looks = (tag) => wish("operator", "act", { deed: `open-trend ${tag}` }, "looks-at-a-trend");
  assert.equal((await looks("PIT-404")).status, 200);
  assert.equal((await looks("PIT-404")).status, 200);
  const other = await looks("PIT-405");
  assert.equal(other.status, 409);
  assert.match(other.said.error, /Idempotency-Key/);
});

// The form is there again after a reload, and nobody's is written over.
async function judged(judge) {
  const task = judge.locator("fieldset", { hasText: "Send the crew" });
  await judge.reload();
  await judge.locator(".ex-judge").waitFor();
  await task.getByLabel("P", { exact: true }).and(judge.locator(":checked")).waitFor();
  await task.getByLabel("Remark").fill("at once");
  await judge.getByRole("button", { name: "Add an improvement" }).click();
  await judge.getByLabel("What", { exact: true }).fill("A card for bursts");
  await judge.getByLabel("Owner").fill("Zhao");
  await judge.getByLabel("Due").fill("2026-12-24");
  assert.deepEqual(await hindrances(judge), []);
  await judge.getByRole("button", { name: "Keep" }).click();
  const kept = async () => (await api(run, "evaluator", "exercise/report/evaluations.json")).said;
  for (let wait = 0; wait < 300 && !(await kept())[0].improvements.length; wait++) await judge.waitForTimeout(100);
  const [own] = await kept();
  assert.deepEqual([own.objectives[0].rating, own.objectives[0].remark], ["P", "at once"]);
  const objectives = [{ task: own.objectives[0].task, rating: "U" }];
  assert.equal((await wish("instructor", "judge", { by: "王", judgement: { objectives } })).status, 200);
  const late = await wish("instructor", "judge", { judgement: { objectives, upon: null } });
  assert.equal(late.status, 409);
  assert.match(late.said.error, /reload/);
  assert.deepEqual((await kept()).map((form) => [form.evaluator, form.objectives[0].rating]), [["Li", "P"], ["王", "U"]]);
}

// A report at the desk looks as it does in a folder: in its styles, one language at a time.
async function readable(report) {
  assert.ok(await report.evaluate(() => document.styleSheets.length > 0), "it has its styles");
  const heading = (lang) => report.locator(`h1 [lang=${lang}]`);
  for (const [button, shown, hidden] of [["中文", "zh", "en"], ["English", "en", "zh"]]) {
    await report.getByLabel(button, { exact: true }).check();
    assert.ok(await heading(shown).isVisible(), shown);
    assert.ok(!(await heading(hidden).isVisible()), hidden);
    assert.deepEqual(await hindrances(report), []);
  }
  assert.deepEqual(await violations(report), []);
}

test("an exercise is played through the browser, and its score is that of its log", LONG, async () => {
  const trainee = await person(browser);
  const leader = await person(browser, { lang: "zh" });
  const page = await come(trainee, run.link);
  const station = await come(leader, run.linkOf("instructor"));
  await go(page, "#/exercise", ".ex-head");
  await station.locator(".ex-head").waitFor();

  // The instructor freezes it: nothing moves, everybody sees it; then it goes on.
  await station.getByRole("button", { name: /冻结/ }).click();
  await page.locator(".ex-head", { hasText: "Frozen" }).waitFor();
  const { said: still } = await api(run, "viewer", "exercise");
  await station.getByLabel("文本").fill("<img src=x onerror=alert(1)> hello");
  await station.getByRole("button", { name: "发送" }).click();
  await page.locator(".ex-log li", { hasText: "hello" }).waitFor();
  assert.equal((await api(run, "viewer", "exercise")).said.now, still.now, "time stands");
  assert.deepEqual(await hindrances(page), []);
  assert.deepEqual(await hindrances(station), []);
  await station.getByRole("button", { name: /运行/ }).click();

  // Looking is part of it.
  await go(page, "#/point/sanmen/PIT-404", "#trend");
  await station.locator(".ex-log li", { hasText: "PIT-404" }).first().waitFor();
  await go(page, "#/exercise", ".ex-head");

  // The alarm comes, time slows down, and somebody asks.
  await page.locator(".ex-question").waitFor();
  await page.locator(".ex-head", { hasText: "slow while something asks" }).waitFor();
  await page.locator(".banner").getByRole("button", { name: /Acknowledge/ }).click();
  await page.getByLabel("Cause").selectOption("network/burst");
  await page.getByRole("button", { name: "Name it" }).click();
  await page.getByRole("button", { name: "Send a crew" }).click();
  await page.locator(".ex-panel select").selectOption("mend");
  await page.getByRole("button", { name: "Next" }).click();
  await page.locator(".sure", { hasText: "30 min" }).waitFor();
  await page.getByRole("button", { name: "Yes, do it" }).click();
  await page.locator(".ex-log li", { hasText: "Mend the main" }).first().waitFor();
  await page.getByRole("button", { name: "A burst in Fengling" }).click();
  await page.locator(".ex-log li", { hasText: "Mended." }).waitFor();
  await wish("instructor", "direct", { direction: { direction: "inject", toml: 'kind = "demand"\nfactor = 1.01' } });
  await station.locator(".ex-log li", { hasText: "事件: 用水量变化" }).waitFor();

  // The evaluator judges, the instructor ends it, the trainee thinks about it before the marks.
  const judge = await come(await person(browser), run.linkOf("evaluator"));
  await judge.locator("fieldset", { hasText: "Send the crew" }).getByLabel("P", { exact: true }).check();
  await judge.getByRole("button", { name: "Keep" }).click();
  await judge.locator("#said", { hasText: "Kept." }).waitFor();
  await judged(judge);
  station.on("dialog", (dialog) => dialog.accept());
  await station.getByRole("button", { name: /结束/ }).click();
  await page.getByLabel("What happened?").fill("A burst.");
  await page.getByRole("button", { name: "Keep" }).click();
  const link = page.getByRole("link", { name: "After-action report" });
  await link.waitFor();
  for (const by of ["甲", "乙"]) assert.equal((await reflect(by)).status, 200, by);
  const report = async () => (await api(run, "operator", "exercise/report/report.json")).said;
  for (let wait = 0; wait < 300 && (await report()).self_assessments.length < 3; wait++) await page.waitForTimeout(100);
  const { total, met, evaluations: [evaluation], self_assessments: thoughts } = await report();
  const own = thoughts.find((it) => it.who === "Li");
  assert.deepEqual(thoughts.map((it) => it.who).sort(), ["Li", "乙", "甲"]);
  assert.equal(met, true);
  assert.ok(total > 85, String(total));
  assert.equal(evaluation.objectives[0].rating, "P");
  assert.equal(own.happened, "A burst.");
  assert.deepEqual(evaluation.improvements, [{ what: "A card for bursts", owner: "Zhao", due: "2026-12-24" }]);
  const [shown] = await Promise.all([trainee.waitForEvent("page"), link.click()]);
  await shown.getByText("A burst, in short").first().waitFor();
  await readable(shown);
  assert.deepEqual(await violations(page), []);

  // Played again from its log, headless, it has the same score.
  const log = join(run.folder, "exercise.jsonl");
  const said = execFileSync(program, ["exercise", "play", file, "--log", log, "--format", "json"], { encoding: "utf8" });
  assert.ok(Math.abs(JSON.parse(said.trim().split("\n").at(-1)).total - total) < 0.05, said);
  assert.ok(existsSync(join(run.folder, "report", "events.csv")));
  assert.ok(readFileSync(log, "utf8").includes("send-crew mend"));
  for (const context of [trainee, leader, judge.context()]) await context.close();
});
