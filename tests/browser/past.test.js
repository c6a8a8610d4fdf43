// A run that has ended: its ledger, on the desk alone. Complaints, and the past from end to end.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, browse, come, ended, go, hindrances, person, violations } from "./place.js";

const LONG = { timeout: 180000 };
let desk;
let browser;

before(async () => {
  [desk, browser] = await Promise.all([ended("complaints-aged"), browse()]);
});
after(async () => {
  const code = await desk?.stop();
  await browser?.close();
  assert.equal(code, 0, "Ctrl-C ends well");
});

for (const lang of ["en", "zh"]) {
  test(`complaints stand beside the alarms of their time and place (${lang})`, LONG, async () => {
    const context = await person(browser, { lang });
    const page = await come(context, desk.link);
    await go(page, "#/tickets", "table.tickets tbody tr");
    const { said } = await api(desk, "viewer", "tickets");
    assert.equal(await page.locator("table.tickets tbody tr").count(), said.tickets.length);
    const beside = said.tickets.flatMap((it) => it.alarms.map((alarm) => alarm.rule));
    assert.ok(beside.includes("service-pressure-low"), "the low pressure that people complain of");
    assert.ok(said.tickets.every((it) => it.alarms.every((alarm) => alarm.raised_at <= Date.parse(it.filed_at) + 3600000)));
    await page.locator(".cluster").first().click();
    await page.locator(".cluster[aria-pressed=true]").waitFor();
    const chosen = await page.locator("table.tickets tbody tr").count();
    assert.ok(chosen > 0 && chosen < said.tickets.length);
    await page.locator(".cluster[aria-pressed=true]").click();
    await page.locator(".beside a").first().click();
    await page.waitForFunction(() => /^#\/(alarms|point|plant)\//.test(location.hash));
    await go(page, "#/tickets", "table.tickets tbody tr");
    assert.deepEqual(await hindrances(page), []);
    await page.setViewportSize({ width: 390, height: 844 });
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "it fits a phone");
    assert.deepEqual(await violations(page), []);
    await context.close();
  });
}

test("a ledger that has ended is replayed from its first moment to its last", LONG, async () => {
  const context = await person(browser);
  const page = await come(context, desk.link);
  const { said: span } = await api(desk, "viewer", "past/span");
  assert.ok(span.to - span.from >= 71 * 3600000, "three days");
  assert.ok(span.marks.some((it) => it[1] === "raised") && span.marks.some((it) => it[1] === "complaint"));
  assert.ok(span.marks.every((it) => it[0] >= span.from && it[0] <= span.to));
  await go(page, "#/plant/sanmen", ".scheme");
  await page.keyboard.press("g");
  await page.keyboard.press("r");
  await page.locator("body.is-replay .scrub text").first().waitFor();
  const marks = await page.locator(".scrub text").count();
  assert.equal(marks, span.marks.length);
  const at = span.marks.find((it) => it[1] === "raised");
  const shown = (await api(desk, "viewer", `past?at=${at[0]}`)).said;
  assert.ok(shown.plants[0].alarms.some((it) => `${it.id.plant}/${it.id.rule}/${it.id.tag}/${it.id.n}` === at[3]));
  assert.ok(!(await api(desk, "viewer", `past?at=${at[0] - 1}`)).said.plants[0].alarms.some((it) => `${it.id.plant}/${it.id.rule}/${it.id.tag}/${it.id.n}` === at[3]), "not a moment sooner");
  // Complaints of then only.
  const first = span.marks.find((it) => it[1] === "complaint")[0];
  assert.equal((await api(desk, "viewer", `tickets?until=${first - 1}`)).said.tickets.length, 0);
  assert.ok((await api(desk, "viewer", `tickets?until=${first}`)).said.tickets.length > 0);
  for (const wrong of ["past", "past?at=x", "past?at=99999999999999999", "tickets?until=x", "past?at=1&more=2"]) {
    const { status } = await fetch(`${desk.origin}/api/${wrong}`, { headers: { Authorization: `Bearer ${desk.tokens.viewer}` } });
    assert.equal(status, 400, wrong);
  }
  assert.deepEqual(await hindrances(page), []);
  await page.setViewportSize({ width: 390, height: 844 });
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "it fits a phone");
  await context.close();
});
