// People with links of their own: made, used and revoked at the instructor's station.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { api, browse, come, go, here, hindrances, person, start, violations } from "./place.js";

const LONG = { timeout: 180000 };
let run;
let browser;

before(async () => { [run, browser] = await Promise.all([start(join(here, "exercise.toml"), ["--trainee", "王芳"]), browse()]); });
after(async () => {
  const ended = await run?.stop();
  await browser?.close();
  assert.equal(ended, 0, "Ctrl-C ends well");
});

test("trainees of one role act in their own names, each by a link that can be revoked", LONG, async () => {
  const leader = await person(browser, { lang: "zh" });
  const station = await come(leader, run.linkOf("instructor"));
  station.on("dialog", (dialog) => dialog.accept());
  await station.getByText("王芳 · 学员(值班员)").waitFor();
  await station.getByLabel("受邀人姓名").fill("<b>李明</b>");
  await station.getByRole("button", { name: "生成链接" }).click();
  const link = station.getByRole("link", { name: "<b>李明</b>" });
  await link.waitFor();
  assert.deepEqual(await hindrances(station), []);
  const own = await person(browser);
  const page = await come(own, await link.getAttribute("href"));
  await go(page, "#/exercise", ".ex-head");
  const named = page.getByLabel("Your name");
  assert.equal(await named.inputValue(), "<b>李明</b>");
  assert.ok(await named.isDisabled(), "nobody is called otherwise by a link of their own");
  assert.ok(!page.url().includes("token"), page.url());

  // What is done at the alarm and in the exercise bears the name, whatever the page remembers.
  await page.evaluate(() => localStorage.setItem("name", "Zhao"));
  await page.locator(".ex-question").waitFor();
  await page.locator(".banner").getByRole("button", { name: /Acknowledge/ }).click();
  await page.getByLabel("Cause").selectOption("network/burst");
  await page.getByRole("button", { name: "Name it" }).click();
  await page.locator(".ex-log li", { hasText: "<b>李明</b>" }).nth(1).waitFor();
  const { said: { log } } = await api(run, "viewer", "exercise");
  const did = log.filter((entry) => entry.what === "did").map((entry) => `${entry.who} ${entry.deed.split(" ")[0]}`);
  for (const deed of ["acknowledge", "diagnose"]) assert.ok(did.includes(`<b>李明</b> ${deed}`), did.join("\n"));
  assert.deepEqual(await hindrances(page), []);
  assert.deepEqual(await violations(page), []);

  // What changes with time follows at the station without being asked for, and its score with it.
  let asked = 0;
  station.on("request", (request) => { asked += request.url().endsWith("/api/exercise"); });
  const truth = () => station.locator("tr", { hasText: "PIT-40" }).allTextContents().then(String);
  let followed = false;
  for (let wait = 0, before = [await truth(), asked]; wait < 300 && !followed; wait++) {
    const now = [await truth(), asked];
    followed = now[0] !== before[0] && now[1] === before[1];
    if (now[1] !== before[1]) before = now;
    await station.waitForTimeout(100);
  }
  assert.ok(followed, "the truth stands still");

  // Revoked, the page ends; nobody else's does.
  const others = await come(await person(browser), run.link);
  await station.getByRole("button", { name: "撤销<b>李明</b>的链接" }).click();
  await page.locator("main.door").waitFor();
  await station.getByText("<b>李明</b> · ").waitFor({ state: "detached" });
  await go(others, "#/exercise", ".ex-head");
  assert.equal(await others.locator("main.door").count(), 0);
  const gone = await own.newPage();
  await gone.goto(run.origin);
  await gone.locator("main.door").waitFor();
  const kept = readFileSync(join(run.folder, "exercise.jsonl"), "utf8");
  assert.ok(kept.includes("李明") && !kept.includes("Zhao"), kept);
  for (const context of [leader, own, others.context()]) await context.close();
});
