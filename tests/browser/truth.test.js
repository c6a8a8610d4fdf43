// What no instrument shows: the map and the past, for whoever leads an exercise or judges it.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { api, browse, come, go, here, hindrances, person, start, violations } from "./place.js";

const LONG = { timeout: 180000 };
const MINUTE = 60000;
const BEGUN = Date.parse("2024-12-05T09:00:00+08:00");
let run;
let browser;

before(async () => {
  [run, browser] = await Promise.all([start(join(here, "exercise.toml")), browse()]);
  for (let told; !(told?.said.at > BEGUN + 3 * MINUTE);) told = await api(run, "instructor", "exercise/truth");
});
after(async () => {
  const ended = await run?.stop();
  await browser?.close();
  assert.equal(ended, 0, "Ctrl-C ends well");
});

test("a trainee has no age of water, no truth on the map, and is refused it by the server", LONG, async () => {
  for (const role of ["operator", "viewer"]) {
    const { status, said } = await api(run, role, "exercise/truth");
    assert.deepEqual([status, Object.keys(said)], [403, ["error"]], role);
    const context = await person(browser);
    const page = await come(context, run.linkOf(role));
    const asked = [];
    page.on("request", (request) => asked.push(request.url()));
    await go(page, "#/map/sanmen/age", "#netmap a.spot");
    await page.locator(".chip[aria-pressed=true]", { hasText: "Pressure" }).waitFor();
    assert.equal(await page.getByRole("button", { name: /age|true/i }).count(), 0, role);
    assert.ok((await page.locator("#netmap .spot.hollow").count()) > 50, "where nobody measures it is hollow");
    assert.ok(!asked.some((url) => url.includes("truth?") || url.endsWith("exercise/truth")), "and does not ask");
    await context.close();
  }
});

const AGE = { en: ["Water age", "Pressure", "True values", "Table", /true at every place/, /true: \d/i], zh: ["水龄", "水压", "真值", "表格", /各处的真值/, /真值: \d/] };

for (const [lang, role] of [["en", "instructor"], ["zh", "evaluator"]]) {
  test(`whoever leads or judges sees the age of water at every place, by keys too (${lang} ${role})`, LONG, async () => {
    const [age, pressure, truth, table, how, text] = AGE[lang];
    const context = await person(browser, { lang });
    const page = await come(context, run.linkOf(role));
    await go(page, "#/map/sanmen", "#netmap a.spot");
    await page.getByRole("button", { name: age }).focus();
    await page.keyboard.press("Enter");
    await page.locator(".fiction", { hasText: how }).waitFor();
    const { said: map } = await api(run, role, "map?plant=sanmen");
    await page.locator("#netmap .spot .s2").first().waitFor();
    assert.equal(await page.locator("#netmap .spot").count(), map.nodes.length);
    assert.equal(await page.locator("#netmap .spot > :is(.s0, .s1, .s2, .s3)").count(), map.nodes.length, "all of them have an age");
    assert.deepEqual(await page.locator(".legend span").evaluateAll((all) => all.slice(0, 4).map((it) => it.textContent.trim())), ["< 6 h", "6–12 h", "12–24 h", "≥ 24 h"]);
    // The shade of a place is that of its age.
    const { said: told } = await api(run, role, "exercise/truth");
    const spot = page.locator("#netmap .spot[aria-label^='CLEARWELL']");
    const hours = told.nodes.CLEARWELL[told.quantities.indexOf("age")];
    assert.ok(hours > 0 && hours < 5.5, `${hours} h in the clear well`);
    assert.equal(await spot.locator(":scope > .s0").count(), 1);
    // One place is reached by Tab, its neighbours by arrows.
    assert.equal(await page.locator("#netmap .spot[tabindex='0']").count(), 1);
    await page.locator("#netmap .spot[tabindex='0']").focus();
    await page.locator(".told", { hasText: text }).waitFor();
    const first = await page.locator(".told").textContent();
    await page.keyboard.press("ArrowRight");
    await page.waitForFunction((first) => document.querySelector(".told").textContent !== first, first);
    assert.match(await page.locator(".told").textContent(), text);
    assert.deepEqual(await hindrances(page), []);
    // Truth of what is measured too, beside the reading.
    await page.getByRole("button", { name: pressure, exact: true }).click();
    await page.getByRole("button", { name: table }).click();
    const row = page.locator(".twin tbody tr", { has: page.locator("a[href='#/point/sanmen/PIT-404']") });
    await row.waitFor();
    const [real, reading] = (await row.locator("td.number").allTextContents()).slice(-2).map(parseFloat);
    assert.ok(Math.abs(real - reading) < 0.5 * real, `${real} ${reading}`);
    assert.equal(await page.locator(".twin tbody tr").count(), map.nodes.length);
    assert.deepEqual(await hindrances(page), []);
    await page.setViewportSize({ width: 390, height: 844 });
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "it fits a phone");
    // Back to what instruments show.
    await page.getByRole("button", { name: truth }).click();
    await page.locator("#netmap a.spot").first().waitFor();
    assert.deepEqual(await violations(page), []);
    await context.close();
  });
}

test("at a moment of the past whoever leads sees what was true then, beside the readings of then", LONG, async () => {
  const context = await person(browser);
  const page = await come(context, run.linkOf("instructor"));
  const at = BEGUN + 2 * MINUTE;
  await go(page, "#/map/sanmen", "#netmap a.spot");
  await go(page, `#/replay/${at}/station`, "body.is-replay .station tbody tr");
  await page.locator(".station h2 small", { hasText: "09:02" }).waitFor();
  const then = async (role = "instructor") => (await api(run, role, `exercise/truth?at=${at}`)).said;
  const { said: past } = await api(run, "instructor", `past?at=${at}`);
  const { said: catalogue } = await api(run, "instructor", "catalogue");
  const n = catalogue.plants[0].tags.findIndex((it) => it.id === "PIT-404");
  const row = page.locator(".station tbody tr", { hasText: "PIT-404" });
  const [real, reading] = (await row.locator("td").allTextContents()).slice(1).map(Number);
  assert.equal(real, Number((await then()).tags["PIT-404"].toFixed(2)), "true then");
  assert.equal(reading, Number(past.plants[0].tags[n][1].toFixed(2)), "and read then");
  assert.deepEqual(await hindrances(page), []);
  await go(page, "#/map/sanmen/age", "#netmap .spot[tabindex='0']");
  await page.locator(".fiction", { hasText: "09:02" }).waitFor();
  // A minute on by the keys of the scrub bar, and the truth goes with it.
  await page.locator(".scrub input").focus();
  await page.keyboard.press("ArrowRight");
  await page.locator(".fiction", { hasText: "09:03" }).waitFor();
  assert.deepEqual(await hindrances(page), []);
  await page.locator("#back-to-live").click();
  await page.waitForFunction(() => !document.body.classList.contains("is-replay"));
  await page.locator(".fiction:not(:text('09:03'))").waitFor();
  assert.equal((await api(run, "operator", `exercise/truth?at=${at}`)).status, 403);
  assert.deepEqual(await violations(page), []);
  await context.close();
});
