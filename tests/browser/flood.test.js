// A flood of alarms over twenty works: the most urgent stays in sight, and calls again.

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { after, before, test } from "node:test";
import { browse, come, go, hindrances, person, start, violations } from "./place.js";

const LONG = { timeout: 180000 };
const FIRST = "P1 · ▲1";
let run;
let browser;

before(async () => {
  [run, browser] = await Promise.all([start(join(dirname(fileURLToPath(import.meta.url)), "flood.toml")), browse()]);
});
after(async () => {
  const ended = await run?.stop();
  await browser?.close();
  assert.equal(ended, 0, "Ctrl-C ends well");
});

const inSight = (page, what) => page.locator(what).first().evaluate((it) => {
  const { top, bottom } = it.getBoundingClientRect();
  const covered = document.elementFromPoint(it.getBoundingClientRect().x + 4, (top + bottom) / 2);
  return top >= 0 && bottom <= innerHeight && it.contains(covered);
});

test(`in a flood of twenty works the needle is in sight without scrolling (${FIRST})`, LONG, async () => {
  const context = await person(browser);
  const page = await come(context, run.link);
  await page.evaluate(() => {
    self.longest = 0;
    new PerformanceObserver((list) => list.getEntries().forEach((it) => (self.longest = Math.max(self.longest, it.duration)))).observe({ type: "longtask" });
  });
  await go(page, "#/overview", "table.plants");
  assert.equal(await page.locator("table.plants tbody tr").count(), 20);
  await page.locator("table.plants .badge.p1").first().waitFor({ timeout: 150000 });
  const others = await page.locator("table.plants .badge.p2").count();
  assert.ok(others >= 8, `a needle needs a haystack: ${others}`);
  assert.ok(await inSight(page, "table.plants tbody tr .badge.p1"), "on the overview");
  assert.ok(await page.locator("table.plants tbody tr").first().locator(".badge.p1").count(), "the first of all works");
  assert.ok(await inSight(page, ".banner .badge.p1"), "in the line under the head");
  await go(page, "#/alarms", "tr.alarm");
  assert.ok(await inSight(page, "tr.alarm .badge.p1"), "in the list");
  assert.deepEqual(await hindrances(page), []);
  assert.deepEqual(await violations(page), []);
  console.log(`# longest task ${Math.round(await page.evaluate(() => self.longest))} ms`);
  await context.close();
});

test("an alarm of the first priority calls again every minute until somebody answers", LONG, async () => {
  const context = await person(browser);
  const page = await context.newPage();
  await page.clock.install();
  await page.goto(run.link);
  const alert = page.locator("div[role=alert]");
  await alert.filter({ hasText: /priority 1/ }).waitFor({ state: "attached" });
  // Others may come meanwhile: each is told at once, and has a minute of its own.
  const subject = (text) => text.replace(/ and \d+ more$/, "").replace(/ — called .*/, "");
  const look = async () => [await alert.textContent(), await page.evaluate(() => Date.now())];
  const [told, at] = await look();
  assert.doesNotMatch(told, /called/);
  const first = new Map([[subject(told), at]]);
  for (let s = 0, again = false; !again; s++) {
    assert.ok(s < 150, `a minute has passed for one of ${[...first.keys()]}`);
    await page.clock.runFor(1000);
    const [now, at] = await look();
    const before = first.get(subject(now));
    if (/called/.test(now) && before !== undefined) {
      assert.ok(at - before > 55000, `not again yet: ${now}`);
      again = /called 2 times/.test(now);
    } else if (now && before === undefined) first.set(subject(now), at);
  }
  await page.locator(".banner.calling .again", { hasText: "2 times" }).waitFor();
  await page.getByRole("button", { name: "Sound off" }).click();
  await page.getByRole("button", { name: "Sound on" }).waitFor();
  assert.equal(await page.evaluate(() => localStorage.getItem("sound")), "on");
  await context.close();
});
