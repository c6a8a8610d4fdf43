// The instructor's station of an exercise that ships: one screen on a laptop, in both languages.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { browse, come, here, hindrances, person, start, violations } from "./place.js";

let run;
let browser;

before(async () => { [run, browser] = await Promise.all([start(join(here, "../../scenarios/exercises/e4-burst.toml"), ["--by", "operator"]), browse()]); });
after(async () => {
  const ended = await run?.stop();
  await browser?.close();
  assert.equal(ended, 0, "Ctrl-C ends well");
});

test("control, truth, tasks and log are in sight at once, and whatever scrolls can be reached by keys", { timeout: 180000 }, async () => {
  for (const [lang, role] of [["zh", "instructor"], ["en", "instructor"], ["en", "evaluator"]]) {
    const page = await come(await person(browser, { lang }), run.linkOf(role));
    await page.locator(".station tbody tr").first().waitFor();
    assert.equal(await page.locator("header .who input").inputValue(), role, "nobody has said who sits there");
    const { whole, header, seen } = await page.evaluate(() => ({
      whole: document.documentElement.scrollHeight,
      header: document.querySelector("header").getClientRects()[0].height,
      seen: [...document.querySelectorAll(".station h2")].filter((it) => it.checkVisibility()).map((it) => it.getBoundingClientRect().bottom),
    }));
    assert.ok(whole <= 720, `${lang} ${role}: ${whole} px`);
    assert.ok(header < 50, `${lang}: the header wraps, ${header} px`);
    assert.ok(seen.length >= 4 && seen.filter((bottom) => bottom < 690).length >= 4, seen.join());
    assert.equal(await page.locator(".ex-folded").count(), role === "instructor" ? 1 : 0);
    assert.deepEqual(await hindrances(page), [], `${lang} ${role}`);
    assert.deepEqual(await violations(page), []);
    await page.context().close();
  }
});
