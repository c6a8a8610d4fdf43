// An instructor goes back in time: everybody is told, and the run goes on as a branch of its own.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { api, browse, come, go, here, hindrances, person, start, violations } from "./place.js";

const LONG = { timeout: 180000 };
let run;
let browser;

before(async () => { [run, browser] = await Promise.all([start(join(here, "exercise.toml")), browse()]); });
after(async () => {
  const ended = await run?.stop();
  await browser?.close();
  assert.equal(ended, 0, "Ctrl-C ends well");
});

test("a snapshot is restored: pages find their way, and what came after has not happened", LONG, async () => {
  const trainee = await person(browser);
  const leader = await person(browser);
  const page = await come(trainee, run.link);
  const station = await come(leader, run.linkOf("instructor"));
  await go(page, "#/exercise", ".ex-head");
  await go(station, "#/station", ".ex-head");
  await page.locator(".ex-question").waitFor();
  await station.getByLabel("Name of this moment").fill("before the crew");
  await station.getByRole("button", { name: "Snapshot" }).click();
  await station.locator(".ex-log li", { hasText: "before the crew" }).first().waitFor();
  await page.getByRole("button", { name: "Send a crew" }).click();
  await page.locator(".ex-panel select").selectOption("mend");
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByRole("button", { name: "Yes, do it" }).click();
  await page.locator(".ex-log li", { hasText: "Mend the main" }).first().waitFor();
  // The clock has gone on a minute at least: the slider offers the way back too.
  const slider = station.getByLabel("Back to");
  await slider.waitFor();
  assert.ok(Number(await slider.getAttribute("max")) > Number(await slider.getAttribute("min")));

  station.on("dialog", (dialog) => dialog.accept());
  await station.locator("li", { hasText: "before the crew" }).getByRole("button", { name: "Restore" }).click();
  await page.locator(".ex-log li", { hasText: "The clock went back" }).waitFor({ timeout: 60000 });
  await page.locator(".ex-head", { hasText: "Branch 2: practice" }).waitFor();
  await station.locator(".ex-head", { hasText: "Branch 2: practice" }).waitFor({ timeout: 60000 });
  const score = async () => (await api(run, "instructor", "exercise")).said.score;
  for (let wait = 0; wait < 300 && !(await score()); wait++) await page.waitForTimeout(100);
  assert.equal((await score()).practice, true);
  assert.equal(await page.locator(".ex-log li", { hasText: "Mend the main" }).count(), 0, "it was never sent");
  const { said: shown } = await api(run, "operator", "exercise");
  assert.equal(shown.branch, 2);
  assert.ok(!("marks" in shown), "marks are the instructor's");
  assert.deepEqual(await hindrances(page), []);
  assert.deepEqual(await hindrances(station), []);
  assert.deepEqual(await violations(page), []);
  // What was left is kept.
  assert.ok(readFileSync(join(run.folder, "exercise.jsonl"), "utf8").includes("send-crew mend"));
  assert.ok(existsSync(join(run.folder, "branch-2", "exercise.jsonl")));
  for (const context of [trainee, leader]) await context.close();
});
