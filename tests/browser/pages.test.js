// Pages beside the first ones: the map, the past, several answers at once, calls that repeat.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, browse, come, go, hindrances, person, start, unfold, violations } from "./place.js";

const LONG = { timeout: 120000 };
const unanswered = "tr.alarm.unacknowledged";
let run;
let browser;

before(async () => {
  [run, browser] = await Promise.all([start(), browse()]);
  const page = await come(await person(browser), run.link);
  await go(page, "#/alarms", "table.alarms");
  await unfold(page);
  await page.waitForFunction((unanswered) => document.querySelectorAll(unanswered).length >= 7, unanswered);
  await page.context().close();
});
after(async () => {
  const ended = await run?.stop();
  await browser?.close();
  assert.equal(ended, 0, "Ctrl-C ends well");
});

test("a first page fetches little, compressed, and other pages when they are opened", LONG, async () => {
  const context = await person(browser);
  const page = await come(context, run.link);
  await page.locator(".scheme .figure").first().waitFor();
  const fetched = () => page.evaluate(() => performance.getEntriesByType("resource").concat(performance.getEntriesByType("navigation"))
    .filter((it) => !it.name.includes("/api/")).map((it) => ({ name: new URL(it.name).pathname, wire: it.encodedBodySize, whole: it.decodedBodySize })));
  const first = await fetched();
  const wire = first.reduce((sum, it) => sum + it.wire, 0);
  assert.ok(wire > 10000 && wire < 50000, `${wire} bytes: ${JSON.stringify(first)}`);
  const words = first.find((it) => it.name.endsWith("/words.json"));
  assert.ok(words.wire < words.whole / 2, "it came compressed");
  assert.ok(!first.some((it) => /pages\/(map|alarms|tickets|point)|replay|uPlot/.test(it.name)), "nothing that is not open");
  await go(page, "#/map/sanmen", "#netmap a.spot");
  assert.ok((await fetched()).some((it) => it.name.endsWith("/pages/map.js")));
  // What is named by its version is not asked for a second time.
  await page.reload();
  await page.locator("#netmap a.spot").first().waitFor();
  const again = await page.evaluate(() => performance.getEntriesByType("resource").filter((it) => it.name.includes("/@")).map((it) => [it.name, it.transferSize]));
  assert.ok(again.length > 10 && again.every(([, bytes]) => bytes === 0), JSON.stringify(again));
  console.log(`# ${wire} bytes on the wire before data`);
  await context.close();
});

test("first values wait for no timer, no frame and no script that holds the page up", LONG, async () => {
  const context = await person(browser);
  await (await come(context, run.link)).close();
  const page = await context.newPage();
  await page.clock.install();
  await page.clock.pauseAt(new Date(Date.now() + 60000));
  await page.addInitScript(() => {
    self.doors = 0;
    new MutationObserver(() => (self.doors += document.querySelectorAll("main.door").length)).observe(document, { childList: true, subtree: true });
  });
  await page.goto(run.origin);
  await page.locator(".scheme .figure").first().waitFor();
  assert.equal(await page.evaluate(() => self.doors), 0, "no word of waiting before them");
  assert.equal(await page.locator("script[src]:not([type=module]):not([async])").count(), 0);
  await context.close();
});

test("the map shows what instruments show, and hollow places where nobody measures", LONG, async () => {
  const context = await person(browser);
  const page = await come(context, run.link);
  await go(page, "#/map/sanmen", "#netmap a.spot");
  const spot = (tag) => page.locator(`#netmap a.spot[href="#/point/sanmen/${tag}"]`);
  assert.match(await spot("PIT-401").getAttribute("class"), /a\d/, "its alarm colours it");
  assert.match(await spot("PIT-401").textContent(), /[▲◆●■][1-4] 40\.0/, "shape, number and value");
  assert.ok((await page.locator("#netmap .spot.hollow").count()) > 50);
  // The server has places only: no truth, no value.
  const { said } = await api(run, "viewer", "map?plant=sanmen");
  assert.deepEqual([...new Set(said.nodes.flatMap(Object.keys))].sort(), ["elevation_m", "id", "kind", "tags", "village", "x", "y"]);
  assert.equal((await api(run, "viewer", "map?plant=nowhere")).status, 404);
  // Names by the keyboard, measured or not.
  await spot("PIT-401").focus();
  await page.locator(".told", { hasText: "PIT-401" }).waitFor();
  const before = await page.locator(".told").textContent();
  await page.keyboard.press("ArrowLeft");
  await page.waitForFunction((before) => document.querySelector(".told").textContent !== before, before);
  assert.match(await page.locator(".told").textContent(), /unmeasured/);
  // No instrument measures the age of water, and without an exercise nobody is told what is true.
  for (const name of ["Water age", "True values"]) assert.equal(await page.getByRole("button", { name }).count(), 0, name);
  await page.getByRole("button", { name: "Free chlorine" }).click();
  await page.getByRole("button", { name: "Table" }).click();
  await page.locator(".twin tbody tr").first().waitFor();
  assert.equal(await page.locator(".twin tbody tr").count(), said.nodes.length);
  assert.deepEqual(await violations(page), []);
  await context.close();
});

test("the past is shown as it was, nobody answers it, and the way back keeps what was set", LONG, async () => {
  const context = await person(browser);
  const page = await come(context, run.link);
  await go(page, "#/alarms", "tr.alarm");
  await unfold(page);
  const chip = page.getByRole("button", { name: "Active", exact: true });
  await chip.click();
  const name = ({ id, state }) => `${id.plant}/${id.rule}/${id.tag ?? "plant"}/${id.n} ${state}`;
  const names = (plant) => plant.alarms.map(name).sort();
  // An alarm that has just come was kept a little after what was heard last.
  let then;
  let heard;
  for (let attempt = 0; attempt < 30; attempt++) {
    then = (await api(run, "viewer", "snapshot")).said.plants[0];
    heard = (await api(run, "viewer", `past?at=${then.head.heard_at}`)).said.plants[0];
    if (names(heard).join() === names(then).join()) break;
    await page.waitForTimeout(100);
  }
  assert.deepEqual(names(heard), names(then));
  const cells = (plant) => plant.tags.map((cell) => cell.slice(0, 2));
  assert.deepEqual(cells(heard), cells(then), "and every reading");
  await page.keyboard.press("g");
  await page.keyboard.press("r");
  await page.locator("body.is-replay .replaying").waitFor();
  assert.equal(await page.locator("td.act button").count(), 0, "nobody answers the past");
  await page.keyboard.press("a");
  const slider = page.locator(".scrub input");
  await slider.focus();
  await slider.evaluate((it) => { it.value = it.min; it.dispatchEvent(new Event("input", { bubbles: true })); });
  await page.locator(".empty").first().waitFor();
  assert.equal(await page.locator("tr.alarm").count(), 0, "in the beginning there was no alarm");
  await slider.evaluate((it) => it.blur());
  await page.keyboard.press(".");
  await page.locator("tr.alarm").first().waitFor();
  assert.deepEqual(await hindrances(page), []);
  await page.locator(".replaybar .main").first().click();
  const moment = await page.locator(".moment").textContent();
  await page.waitForFunction((was) => document.querySelector(".moment").textContent !== was, moment);
  await page.locator("#back-to-live").click();
  await page.locator("td.act button").first().waitFor();
  assert.equal(await page.locator("body.is-replay").count(), 0);
  assert.equal(await chip.getAttribute("aria-pressed"), "true", "the filter has stayed");
  // A link to a moment.
  await page.evaluate((at) => (location.hash = `#/replay/${at}/plant/sanmen`), then.head.reached);
  await page.locator("body.is-replay .scheme").waitFor();
  assert.equal(await page.evaluate(() => location.hash), "#/plant/sanmen");
  assert.deepEqual(await violations(page), []);
  await context.close();
});

test("several alarms are acknowledged once each has been chosen and all are listed", LONG, async () => {
  const context = await person(browser);
  const page = await come(context, run.link);
  await go(page, "#/alarms", unanswered);
  await unfold(page);
  assert.equal(await page.locator("thead input").count(), 0, "nothing chooses all");
  const ids = await page.locator(unanswered).evaluateAll((rows) => rows.slice(0, 3).map((row) => row.dataset.alarm));
  for (const id of ids.slice(0, 2)) {
    await page.locator(`tr[data-alarm="${id}"]`).focus();
    await page.keyboard.press("x");
  }
  await page.locator(".chosen", { hasText: "2 chosen" }).waitFor();
  await page.keyboard.press("a");
  const form = page.getByRole("dialog");
  await form.waitFor();
  assert.deepEqual(await form.locator("li").evaluateAll((items) => items.map((it) => it.dataset.alarm).sort()), ids.slice(0, 2).sort());
  assert.deepEqual(await hindrances(page), []);
  await form.getByRole("button", { name: "Acknowledge 2" }).click();
  await form.getByRole("button", { name: "Close" }).click();
  for (const id of ids.slice(0, 2)) await page.locator(`tr.acknowledged[data-alarm="${id}"]`).waitFor();
  assert.equal(await page.locator(`tr.unacknowledged[data-alarm="${ids[2]}"]`).count(), 1, "the others wait");
  await context.close();
});

test("other days and samples stand behind a trend", LONG, async () => {
  const context = await person(browser);
  const page = await come(context, run.link);
  await go(page, "#/point/sanmen/PIT-407", "#trend canvas");
  const asked = page.waitForRequest((it) => it.url().includes("history") && Number(new URL(it.url()).searchParams.get("to")) < Date.parse("2024-12-05T00:00:00Z"));
  await page.getByRole("button", { name: "Yesterday" }).click();
  await asked;
  await page.locator("text=no readings are kept of those hours").waitFor();
  const { said } = await api(run, "viewer", "history?plant=sanmen&tag=AIT-301&from=0&to=1900000000000");
  assert.ok(Array.isArray(said.samples));
  assert.deepEqual(await violations(page), []);
  await context.close();
});

test("a broken address leads home, A answers the most urgent alarm, another link takes the seat", LONG, async () => {
  const context = await person(browser);
  const page = await come(context, run.link);
  await page.locator(".scheme .figure").first().waitFor();
  await page.evaluate(() => { location.hash = "#/alarms/%E0%A4%A"; });
  await page.locator("table.alarms").waitFor();
  await go(page, "#/%E0%A4%A", ".scheme .figure");
  // Nothing is chosen in the list: the key means what the banner says.
  await go(page, "#/alarms", "tr.alarm");
  const wanted = await page.locator(".banner").textContent();
  await page.keyboard.press("a");
  await page.waitForFunction((wanted) => document.querySelector(".banner")?.textContent !== wanted, wanted);
  const other = await come(context, run.linkOf("viewer"));
  await other.locator(".scheme .figure").first().waitFor();
  await page.getByRole("alert").filter({ hasText: "Another link" }).waitFor();
  assert.equal(await other.getByRole("alert").filter({ hasText: "Another link" }).count(), 0);
  await page.getByRole("button", { name: "Reload" }).click();
  await page.locator("input[aria-label]:disabled").first().waitFor({ state: "attached" });
  await context.close();
});

test("everything is reached and answered with the keyboard alone", LONG, async () => {
  const context = await person(browser);
  const page = await come(context, run.link);
  const press = async (...keys) => { for (const key of keys) await page.keyboard.press(key); };
  const is = (what) => page.locator(what).first().waitFor();
  await press("g", "o"); await is("table.plants");
  await press("g", "m"); await is("#netmap");
  await press("g", "t"); await is("table.tickets");
  await press("g", "p"); await is(".scheme");
  await press("g", "a"); await is("table.alarms");
  await press("ArrowDown");
  await is("tr.alarm[aria-current]:focus");
  const id = await page.evaluate(() => document.activeElement.dataset.alarm);
  const row = page.locator(`tr[data-alarm="${id}"]`);
  if (/unacknowledged/.test(await row.getAttribute("class"))) {
    await press("a");
    await page.locator(`tr.acknowledged[data-alarm="${id}"]`).waitFor();
  }
  await page.locator(`tr[data-alarm="${id}"]`).focus();
  await press("s");
  await is("dialog[open] input:focus");
  await page.keyboard.type("the keyboard is enough");
  await press("Enter");
  await page.waitForFunction((id) => !document.querySelector(`tr[data-alarm="${id}"]`), id);
  await press("?"); await is("dialog[open] dl");
  await press("Escape");
  await page.waitForFunction(() => !document.querySelector("dialog"));
  // By Tab from the top: every stop is seen.
  await press("g", "p"); await is(".scheme");
  await page.evaluate(() => { document.activeElement.blur(); scrollTo(0, 0); });
  for (let n = 0; n < 25; n++) {
    await press("Tab");
    const stop = await page.evaluate(() => {
      const it = document.activeElement;
      const { outlineStyle, stroke } = getComputedStyle(it);
      return { name: it.outerHTML.slice(0, 120), seen: outlineStyle !== "none" || stroke !== "none" };
    });
    assert.ok(stop.seen, stop.name);
  }
  await press("g", "r"); await is("body.is-replay");
  await press(","); await press("g", "l");
  await page.waitForFunction(() => !document.body.classList.contains("is-replay"));
  await context.close();
});
