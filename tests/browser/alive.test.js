// Nothing old looks as if it were of now: the monitor hangs or is gone, nobody hears the plants, or
// an instrument has said nothing for too long.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import net from "node:net";
import { after, before, test } from "node:test";
import { browse, come, go, hindrances, monitor, over, person, start, violations } from "./place.js";

const LONG = { timeout: 180000 };
let browser;

before(async () => { browser = await browse(); });
after(async () => { await browser?.close(); });

const VALUES = "table.values .value:not(.none)";
// Is every value hatched, with its age?
const allOld = (page) => page.waitForFunction((values) => {
  const shown = [...document.querySelectorAll(values)];
  return shown.length > 5 && shown.every((it) => it.classList.contains("stale") && it.querySelector("em")?.textContent);
}, VALUES);
const someFresh = (page) => page.waitForFunction((values) => !document.querySelector(".doubt") && [...document.querySelectorAll(values)].some((it) => !it.classList.contains("stale")), VALUES);

test("a monitor that hangs, and one that is gone, are told of, and all they showed is old", LONG, async () => {
  const run = await start();
  const desk = await over(run);
  const page = await come(await person(browser), desk.link);
  const doubt = (text) => page.locator(".banner.doubt", { hasText: text }).waitFor();
  await someFresh(page);
  run.signal("SIGSTOP");
  await doubt(/The monitor has said nothing since \d\d:\d\d\. All values are old/);
  await allOld(page);
  const age = () => page.locator(`${VALUES} em`).first().textContent();
  const first = await age();
  await page.waitForFunction(([values, first]) => document.querySelector(`${values} em`).textContent !== first, [VALUES, first]);
  run.signal("SIGCONT");
  await someFresh(page);
  run.signal("SIGKILL");
  await doubt("No monitor writes this ledger");
  await allOld(page);
  assert.deepEqual(await hindrances(page), []);
  await go(page, "#/map/sanmen", "#netmap a.spot.stale");
  await page.locator("button.lang").click();
  await doubt("没有监测程序在写此台账");
  await go(page, "#/overview", "table.plants .value.stale");
  assert.equal(await page.locator("table.plants .value:not(.stale):not(.none)").count(), 0);
  assert.deepEqual(await violations(page), []);
  // The past is what it was: its ages are those of then.
  await page.keyboard.press("g");
  await page.keyboard.press("r");
  await page.locator("body.is-replay").waitFor();
  assert.equal(await page.locator(".doubt").count(), 0);
  await page.context().close();
  const later = await over(run);
  assert.match(later.said, /^no monitor writes this ledger: /m);
  await later.stop();
  assert.equal(await desk.stop(), 0);
  await run.stop();
});

async function freePort() {
  const server = net.createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

test("of a real plant ages are counted by the wall, and without a broker all is old at once", LONG, async () => {
  const port = await freePort();
  const broker = spawn("mosquitto", ["-p", String(port)], { stdio: "ignore" });
  const ended = new Promise((done) => broker.on("exit", done));
  const desk = await monitor(`mqtt://127.0.0.1:${port}`);
  const page = await come(await person(browser), desk.link);
  await page.locator("footer", { hasText: "Broker: connected" }).waitFor();
  let seq = 0;
  const publish = (kind, body) => {
    const head = { plant: "sanmen", boot_id: 3, seq: seq++, sent_at: new Date().toISOString(), exercise: null };
    const sent = spawnSync("mosquitto_pub", ["-q", "1", "-p", String(port), "-t", `sanmen/v1/k7/sanmen/${kind}`, "-m", JSON.stringify({ ...head, ...body })]);
    assert.equal(sent.status, 0, String(sent.stderr));
  };
  const read = (tag, age_s) => publish("data", { from: new Date(Date.now() - age_s * 1000).toISOString(), readings: [{ tag, ms: [0], value: [230] }] });
  publish("birth", { tags: ["PIT-404", "PIT-405"].map((tag) => ({ tag, quantity: "pressure", unit: "kPa", range: [0, 1000], poll_ms: 60000 })) });
  read("PIT-404", 172);
  read("PIT-405", 0);
  const value = (tag, more) => page.locator(`table.values a[href="#/point/sanmen/${tag}"] .value${more}`).first();
  await value("PIT-405", ":not(.none)").waitFor();
  // It is too old after three minutes, however late others may still come.
  await value("PIT-404", ".stale").waitFor();
  assert.match(await value("PIT-404", ".stale").textContent(), /3 min ago/);
  assert.equal(await value("PIT-405", ".stale").count(), 0);
  broker.kill("SIGKILL");
  await ended;
  await page.locator(".banner.doubt", { hasText: /No connection to the broker since \d\d:\d\d\./ }).waitFor();
  await value("PIT-405", ".stale").waitFor();
  await page.context().close();
  assert.equal(await desk.stop(), 0);
});
