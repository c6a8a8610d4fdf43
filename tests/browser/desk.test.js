// The desk as people use it: Debian's Chromium before a real run. No sleeps, no fixed ports.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { after, before, test } from "node:test";
import { api, browse, cable, come as openPage, go, hindrances, person, program, start, unfold, violations } from "./place.js";

const shots = process.env.SANMEN_BROWSER_SHOTS ?? join(dirname(fileURLToPath(import.meta.url)), "../../target/browser/shots");
const LONG = { timeout: 120000 };
let run;
let browser;

before(async () => {
  mkdirSync(shots, { recursive: true });
  [run, browser] = await Promise.all([start(), browse()]);
  const page = await come(await person(browser));
  await go(page, "#/alarms", "table.alarms");
  await unfold(page);
  // What the tests below answer: no test waits for a plant to fail.
  await page.waitForFunction((unanswered) => document.querySelectorAll(unanswered).length >= 7, unanswered);
  await page.context().close();
});
after(async () => {
  if (browser) await come(await person(browser));
  const ended = await run?.stop();
  await browser?.close();
  assert.equal(ended, 0, "Ctrl-C ends well, even with pages open");
});

const come = (context, link = run.link) => openPage(context, link);
const unanswered = "tr.alarm.unacknowledged";

test("the plant is alive on the page, and it is said how soon", LONG, async () => {
  const context = await person(browser);
  const began = Date.now();
  const page = await come(context);
  await page.locator(".scheme .figure").first().waitFor();
  await page.waitForFunction(() => [...document.querySelectorAll(".scheme .figure")].some((it) => /\d/.test(it.textContent)));
  const took = Date.now() - began;
  assert.ok(!page.url().includes("token"), "the token has left the address");
  assert.deepEqual(await page.evaluate(() => document.cookie), "", "no script sees the cookie");
  assert.deepEqual(await violations(page), []);
  console.log(`# alive after ${took} ms`);
  await context.close();
});

test("seven tabs are all live", LONG, async () => {
  const context = await person(browser);
  const pages = [];
  for (let n = 0; n < 7; n++) pages.push(await come(context));
  const clocks = (page) => page.locator("header .clocks").textContent();
  const first = await Promise.all(pages.map(clocks));
  await Promise.all(pages.map((page, n) => page.waitForFunction((was) => document.querySelector("header .clocks").textContent !== was, first[n])));
  await context.close();
});

test("a page whose stream is cut for 30 s says so, and then knows what was done meanwhile", LONG, async () => {
  const wire = await cable(run.origin);
  const context = await person(browser, { lang: "zh" });
  const page = await come(context, run.linkOf("operator", wire.origin));
  await go(page, "#/alarms", unanswered);
  await unfold(page);
  wire.cut();
  await page.locator("body.is-lost footer .lost").waitFor();
  assert.match(await page.locator("footer .lost").textContent(), /断线 \d+ 秒/);
  // Somebody else answers an alarm, and the page cannot know.
  const row = page.locator(unanswered).first();
  const id = await row.getAttribute("data-alarm");
  const answered = await api(run, "operator", `alarms/${id}/ack`, { method: "POST", body: JSON.stringify({ by: "Wang" }), headers: { "Content-Type": "application/json", "Idempotency-Key": "while-it-is-cut" } });
  assert.equal(answered.status, 200, JSON.stringify(answered.said));
  await page.locator("footer .lost", { hasText: /断线 3\d 秒/ }).waitFor({ timeout: 60000 });
  assert.ok(await page.locator(`tr.unacknowledged[data-alarm="${id}"]`).isVisible(), "what was known stays, hatched");
  wire.mend();
  await page.waitForFunction(() => !document.body.classList.contains("is-lost"));
  await page.locator(`tr.acknowledged[data-alarm="${id}"]`).waitFor();
  const listed = async () => page.locator("tr.alarm").evaluateAll((rows) => rows.map((row) => `${row.dataset.alarm} ${row.classList[1]}`).sort());
  const known = async () => {
    const { said } = await api(run, "viewer", "snapshot");
    const aside = ["shelved", "suppressed-by-design", "out-of-service"];
    const events = said.plants.flatMap((plant) => plant.alarms).filter((it) => !aside.includes(it.state));
    return events.map(({ id, state }) => `${id.plant}/${id.rule}/${id.tag ?? "plant"}/${id.n} ${state}`).sort();
  };
  await assert.doesNotReject(async () => {
    for (let n = 0; ; n++) {
      const [shown, told] = [await listed(), await known()];
      if (JSON.stringify(shown) === JSON.stringify(told)) return;
      if (n === 60) assert.deepEqual(shown, told);
      await page.evaluate(() => new Promise(requestAnimationFrame));
    }
  });
  await context.close();
  wire.close();
});

test("a browser's clock may be wrong, and be put right meanwhile", LONG, async () => {
  const context = await person(browser);
  await context.clock.install({ time: new Date("2031-01-01T03:00:00Z") });
  const page = await come(context);
  await page.evaluate(() => {
    self.wasLost = false;
    new MutationObserver(() => (self.wasLost ||= document.body.classList.contains("is-lost"))).observe(document.body, { attributes: true });
  });
  const goesOn = async () => {
    const was = await page.locator("header .clocks").textContent();
    await page.waitForFunction((was) => document.querySelector("header .clocks").textContent !== was, was);
  };
  const isNow = async () => {
    const said = (await page.locator("header .clocks").textContent()).match(/(\d\d):(\d\d)\s*$/);
    const now = new Date();
    const off = (now.getHours() * 60 + now.getMinutes() - Number(said[1]) * 60 - Number(said[2]) + 1440) % 1440;
    assert.ok(off <= 1 || off === 1439, said[0]);
  };
  await goesOn();
  await isNow();
  for (const time of ["2019-06-01T12:00:00Z", "2040-06-01T12:00:00Z"]) {
    await context.clock.setSystemTime(new Date(time));
    for (let n = 0; n < 4; n++) await goesOn();
    await isNow();
  }
  assert.equal(await page.evaluate(() => self.wasLost), false, "the desk was heard all the time");
  assert.deepEqual(await violations(page), []);
  await context.close();
});

test("an alarm that an announced stop explains is suppressed by design, and stands again after it", LONG, async () => {
  const context = await person(browser);
  const page = await come(context);
  await go(page, "#/alarms", unanswered);
  await unfold(page);
  const row = page.locator(`${unanswered}[data-alarm*="/service-pressure-low/"]`).first();
  const id = await row.getAttribute("data-alarm");
  const { said } = await api(run, "operator", "catalogue");
  const { likes, plants: [card] } = said;
  const tag = card.tags.find((it) => it.id === id.split("/")[2]);
  const village = tag.village ?? likes.tags[tag.like].village;
  const sanmen = (...args) => {
    const done = spawnSync(program, ["alarms", ...args, "--village", village, "--by", "Li", "--data", dirname(run.folder), "--space", "k7"], { encoding: "utf8" });
    assert.equal(done.status, 0, done.stderr);
  };
  sanmen("announce", "sanmen", "--from", "2024-12-05T09:00:00+08:00", "--until", "2024-12-09T09:00:00+08:00", "--reason", "a valve is replaced");
  await page.locator(".tab").nth(2).click();
  await page.locator(`tr[data-alarm="${id}"] td.state`, { hasText: "suppressed" }).waitFor();
  sanmen("withdraw", "sanmen", "--reason", "it is done tomorrow");
  await page.locator(".tab").first().click();
  await page.locator(`tr.unacknowledged[data-alarm="${id}"]`).waitFor();
  await context.close();
});

for (const [lang, words] of Object.entries({
  en: { ack: "Acknowledge", acked: "acknowledged, active", shelved: /shelved \(until \d\d:\d\d\)/, unshelve: "Unshelve", out: "Out of service", back: "Back in service", shelf: /^Shelf/, shelve: "Shelve", confirm: "Confirm", reason: "Reason" },
  zh: { ack: "确认", acked: "已确认·持续", shelved: /搁置.到 \d\d:\d\d/, unshelve: "取消搁置", out: "停用", back: "恢复使用", shelf: /^搁置/, shelve: "搁置", confirm: "确认执行", reason: "原因" },
})) {
  test(`an alarm's life in the hands of a person (${lang})`, LONG, async () => {
    const context = await person(browser, { lang });
    const page = await come(context);
    await go(page, "#/alarms", unanswered);
    await unfold(page);
    const id = await page.locator(unanswered).first().getAttribute("data-alarm");
    const row = page.locator(`tr[data-alarm="${id}"]`);
    const state = (text) => row.locator("td.state", { hasText: text }).waitFor();
    const button = (name) => row.getByRole("button", { name, exact: true });
    // With the keyboard alone: choose, acknowledge.
    await row.focus();
    await page.keyboard.press("a");
    await state(words.acked);
    assert.equal(await page.locator(`.banner:has-text("${id}")`).count(), 0);
    // The shelf wants a reason, and says until when.
    await row.focus();
    await page.keyboard.press("s");
    const form = page.getByRole("dialog");
    await form.getByLabel(words.reason).fill("the wire is replaced");
    await form.getByRole("button", { name: words.confirm }).click();
    await page.getByRole("button", { name: words.shelf }).first().click();
    await state(words.shelved);
    await button(words.unshelve).click();
    await page.locator(".tab").first().click();
    await state(words.acked);
    await button(words.out).click();
    await form.getByLabel(words.reason).fill("maintenance");
    await form.getByRole("button", { name: words.confirm }).click();
    await page.locator(".tab").nth(3).click();
    await button(words.back).click();
    await page.locator(".tab").first().click();
    await state(words.acked);
    assert.deepEqual(await violations(page), []);
    await context.close();
  });
}

test("an alarm that went before anybody answered stays until somebody does", LONG, async () => {
  const context = await person(browser);
  const page = await come(context);
  await go(page, "#/alarms", "table.alarms");
  await unfold(page);
  const returned = page.locator("tr.alarm.returned-unacknowledged").first();
  await returned.waitFor({ timeout: 90000 });
  const id = await returned.getAttribute("data-alarm");
  await returned.getByRole("button", { name: "Acknowledge" }).click();
  await page.locator(`tr[data-alarm="${id}"]`).waitFor({ state: "detached" });
  await context.close();
});

test("hostile text of strangers is text", LONG, async () => {
  const context = await person(browser);
  const page = await come(context);
  const evil = "<img src=x onerror=self.hacked=1>";
  for (const [topic, message] of [[`sanmen/v1/k7/sanmen/data`, evil], [`sanmen/v1/k7/elsewhere/data`, JSON.stringify({ plant: "elsewhere", boot_id: 1, seq: 0, sent_at: "2024-12-05T00:00:00Z", exercise: evil, readings: [] })], [`sanmen/v1/k7/${evil}/birth`, evil]]) {
    const sent = spawnSync("mosquitto_pub", ["-h", "127.0.0.1", "-p", run.broker, "-t", topic, "-m", message]);
    assert.equal(sent.status, 0, String(sent.stderr));
  }
  await page.locator("header .who input").fill(evil);
  await page.locator("header .who input").press("Tab");
  await go(page, "#/alarms", unanswered);
  await page.locator(unanswered).first().getByRole("button", { name: "Acknowledge" }).click();
  await go(page, "#/plant/sanmen", ".events");
  await page.locator(".events li", { hasText: evil }).first().waitFor();
  assert.equal(await page.evaluate(() => self.hacked), undefined);
  assert.equal(await page.locator("main img").count(), 0);
  assert.deepEqual(await violations(page), []);
  await context.close();
});

test("who only looks on cannot answer, and strangers cannot even look", LONG, async () => {
  const context = await person(browser);
  const page = await come(context, run.linkOf("viewer"));
  await go(page, "#/alarms", "tr.alarm");
  assert.equal(await page.locator("td.act button").count(), 0);
  const id = await page.locator("tr.alarm").first().getAttribute("data-alarm");
  const post = (role, headers = {}) => api(run, role, `alarms/${id}/ack`, { method: "POST", body: JSON.stringify({ by: "Li" }), headers: { "Content-Type": "application/json", "Idempotency-Key": "browser-test-1", ...headers } });
  for (const role of ["viewer", "evaluator"]) assert.equal((await post(role)).status, 403, role);
  assert.equal((await api({ origin: run.origin, tokens: { x: "nobody" } }, "x", "snapshot")).status, 401);
  assert.equal((await post("operator", { Origin: "http://evil.example" })).status, 403);
  assert.equal((await post("operator", { "Content-Type": "text/plain" })).status, 415);
  assert.equal((await post("operator", { "Idempotency-Key": "x" })).status, 400);
  // Asked twice under one name it is done once, and said the same.
  const [one, two] = [await post("operator"), await post("operator")];
  assert.deepEqual(one, two);
  const stranger = await browser.newContext();
  const door = await stranger.newPage();
  await door.goto(`${run.origin}/#token=wrong`);
  await door.locator("main.door [role=alert]").waitFor();
  await stranger.close();
  await context.close();
});

const PAGES = { overview: ["#/overview", "table.plants"], plant: ["#/plant/sanmen", ".scheme .figure"], alarms: ["#/alarms", "tr.alarm"], point: ["#/point/sanmen/PIT-407", "#trend canvas"], map: ["#/map/sanmen", "#netmap a.spot"], tickets: ["#/tickets", "table.tickets"] };

for (const lang of ["zh", "en"]) {
  test(`every page can be used by everybody, and looks as it should (${lang})`, LONG, async () => {
    const context = await person(browser, { lang });
    const page = await come(context);
    for (const [name, [hash, what]] of Object.entries(PAGES)) {
      await go(page, hash, what);
      await page.screenshot({ path: join(shots, `${name}-${lang}.png`) });
      assert.deepEqual(await hindrances(page), [], `${name} ${lang}`);
    }
    assert.deepEqual(await violations(page), []);
    await page.setViewportSize({ width: 390, height: 800 });
    for (const [name, [hash, what]] of Object.entries(PAGES)) {
      await go(page, hash, what);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name} fits a phone`);
    }
    await page.screenshot({ path: join(shots, `phone-${lang}.png`) });
    await context.close();
  });
}

test("the tour ends with the first acknowledged alarm", LONG, async () => {
  const context = await person(browser, { toured: false });
  const page = await come(context);
  const tour = page.locator(".tour");
  for (let step = 1; step < 5; step++) {
    await tour.getByText(`${step}/5`).waitFor();
    await tour.getByRole("button", { name: "Next" }).click();
  }
  await page.locator(unanswered).first().focus();
  await page.keyboard.press("a");
  await tour.getByRole("button", { name: "Done" }).click();
  await tour.waitFor({ state: "detached" });
  assert.equal(await page.evaluate(() => localStorage.getItem("toured")), "yes");
  await context.close();
});

test("the language changes at once, and is remembered", LONG, async () => {
  const context = await person(browser, { lang: "zh" });
  const page = await come(context);
  assert.equal(await page.evaluate(() => document.documentElement.lang), "zh-CN");
  await page.locator("button.lang").click();
  await page.getByRole("heading", { name: "Sanmen waterworks" }).waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "Sanmen waterworks" }).waitFor();
  await context.close();
});
