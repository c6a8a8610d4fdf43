// The instructor's station of an exercise that ships: one screen on a laptop, in both languages.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { api, browse, come, here, hindrances, person, program, start, violations } from "./place.js";

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

const inject = (page) => page.locator(".ex-inject");
const said = async (role) => (await api(run, role, "exercise")).said;

// The field that has this key, by its label.
const field = (page, key) => page.locator(`#f-${key}`);

test("a fault is let happen by a form of what this plant has, and its effect is in the truth", { timeout: 180000 }, async () => {
  for (const role of ["operator", "viewer", "evaluator"]) {
    const options = { method: "POST", body: "{}", headers: { "Content-Type": "application/json" } };
    assert.equal((await api(run, role, "exercise/fault/open", options)).status, 403, role);
    assert.equal((await api(run, role, "exercise/improvised")).status, 403, role);
  }
  assert.equal((await api(run, "instructor", "exercise/improvised")).status, 409, "nothing was improvised");
  const page = await come(await person(browser, { lang: "zh" }), run.linkOf("instructor"));
  const kind = page.locator("#inject-kind");
  await kind.waitFor();
  await inject(page).getByText("仪表").first().waitFor({ state: "attached" });
  assert.equal(await inject(page).locator("textarea").count(), 0, "no TOML is typed");

  // Only what is there can be chosen.
  await kind.selectOption("burst");
  await field(page, "target").waitFor();
  const places = await field(page, "target").locator("option").allTextContents();
  assert.ok(places.some((it) => /枫岭村.*\(FL-1\)/.test(it)) && !places.some((it) => it.includes("(P-1)")), places.slice(0, 9).join());
  await kind.selectOption("pump-trip");
  await page.waitForFunction(() => [...document.querySelectorAll("#f-target option")].some((it) => it.value === "P-1"));
  assert.ok((await field(page, "target").locator("option").count()) < 6, "pumps are few");

  // A value that cannot be stands at its field, in the language of whoever reads, and nothing happens.
  await kind.selectOption("burst");
  await field(page, "m3_per_h_at_20_m").fill("-3");
  await inject(page).getByRole("button", { name: "注入" }).click();
  await page.locator("#f-m3_per_h_at_20_m[aria-invalid=true]:focus").waitFor();
  await page.locator("#f-m3_per_h_at_20_m-e", { hasText: "须在0.01到5000之间,现为-3" }).waitFor();
  assert.deepEqual(await hindrances(page), []);
  const happened = async () => (await said("instructor")).log.filter((it) => it.what === "happened").map((it) => it.injection);
  assert.ok(!(await happened()).some((it) => it.startsWith("ad-hoc")), "nothing has happened");

  // By keys alone: mended, and let happen.
  await field(page, "m3_per_h_at_20_m").fill("80");
  await field(page, "target").selectOption("FL-1");
  await inject(page).getByRole("button", { name: "+ 持续" }).press("Enter");
  await field(page, "for_min").fill("45");
  await page.keyboard.press("Tab");
  await inject(page).getByRole("button", { name: "注入" }).press("Enter");
  await page.locator(".ex-log li", { hasText: /事件: 爆管.*枫岭村/ }).waitFor();
  await page.locator("#inject-kind:focus").waitFor();
  assert.equal(await kind.inputValue(), "", "the next one begins anew");
  assert.deepEqual(await happened(), ["ad-hoc-1"]);
  assert.deepEqual(await violations(page), []);

  // What befalls an instrument comes midway too: it is told beside the truth.
  const pressure = async () => (await said("instructor")).truth["PIT-404"];
  const before = await pressure();
  await kind.selectOption("instrument-stuck-at");
  await field(page, "target").selectOption("PIT-404");
  await field(page, "at_kpa").fill("555");
  await inject(page).getByRole("button", { name: "注入" }).click();
  await page.locator("tr", { hasText: "PIT-404" }).locator("td", { hasText: /^555$/ }).waitFor();
  for (let wait = 0; wait < 600 && !((await pressure()) < before - 5); wait++) await page.waitForTimeout(100);
  assert.ok((await pressure()) < before - 5, `the main has burst: ${before} ${await pressure()}`);

  // It can be kept, and played again.
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "存为演练文件" }).click()]);
  assert.equal(download.suggestedFilename(), "e4-burst-improvised.toml");
  const kept = join(run.folder, "kept.toml");
  await download.saveAs(kept);
  const text = readFileSync(kept, "utf8");
  assert.match(text, /# What the instructor let happen .*improvised-1 \(\d+(\.\d+)? min\), improvised-2/);
  assert.match(text, /kind = "burst"\ntarget = "FL-1"\nm3_per_h_at_20_m = 80\n/);
  assert.match(text, /until_min = /);
  execFileSync(program, ["config", "check", kept], { encoding: "utf8" });
  await page.context().close();
});
