// An exercise played by keys alone, and what the monitor has refused meanwhile.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { api, browse, come, here, hindrances, person, start, violations } from "./place.js";

const LONG = { timeout: 180000 };
// Somebody speaks in the plant's name, who has no key.
const ATTACK = `
[[attack]]
id = "low"
at_min = 2
for_min = 3
kind = "forged-reading"
tag = "PIT-404"
value_kpa = 7.0
`;
let run;
let browser;
const folder = mkdtempSync(join(tmpdir(), "sanmen-keys-"));

before(async () => {
  const file = join(folder, "exercise.toml");
  writeFileSync(file, readFileSync(join(here, "exercise.toml"), "utf8").replace("duration_h = 3", "duration_h = 12") + ATTACK);
  [run, browser] = await Promise.all([start(file), browse()]);
});
after(async () => {
  const ended = await run?.stop();
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
  assert.equal(ended, 0, "Ctrl-C ends well");
});

// What has the focus, as people are told of it.
const focused = (page) => page.evaluate(() => {
  const it = document.activeElement;
  const text = it.getAttribute("aria-label") ?? it.labels?.[0]?.textContent ?? it.textContent;
  return `${it.tagName.toLowerCase()} ${text.trim().replace(/\s+/g, " ")}`;
});

// Goes on by one key until something has the focus.
async function keyTo(page, wanted, key = "Tab") {
  const passed = [];
  for (let n = 0; n < 150; n++) {
    await page.keyboard.press(key);
    passed.push(await focused(page));
    if (wanted.test(passed.at(-1))) return;
  }
  assert.fail(`no ${wanted} by ${key}: ${passed.slice(0, 60).join(" | ")}`);
}

// The page is drawn when the browser has time for it.
async function comes(page, wanted) {
  for (let wait = 0; wait < 100 && !wanted.test(await focused(page)); wait++) await page.waitForTimeout(50);
  assert.match(await focused(page), wanted);
}

test("who has no mouse plays an exercise, and never loses the place", LONG, async () => {
  const context = await person(browser);
  const page = await come(context, run.link);
  const press = (key) => page.keyboard.press(key);
  await keyTo(page, /^a Exercise/);
  await press("Enter");
  await page.locator(".ex-question").waitFor();
  await press("a");
  await page.locator(".ex-log li", { hasText: "Acknowledged" }).first().waitFor();

  // Through the causes, and only the one that is meant is named.
  await keyTo(page, /^select Cause/);
  for (let n = 0; n < 40 && (await page.getByLabel("Cause").inputValue()) !== "network/burst"; n++) await press("ArrowDown");
  await keyTo(page, /^button Name it/);
  await press("Enter");
  await page.locator(".ex-log li", { hasText: "Cause" }).first().waitFor();

  // Begun, told at its field that it cannot be, and left by Esc.
  await keyTo(page, /^button Set the chlorine dose/);
  await press("Enter");
  await comes(page, /^input mg\/L/);
  await page.keyboard.type("21");
  await press("Enter");
  await page.locator("#ex-wrong", { hasText: "21 is no number from 0 to 20 mg/L" }).waitFor();
  await comes(page, /^input mg\/L \(0–20\)/);
  assert.equal(await page.locator(".ex-panel input").getAttribute("aria-invalid"), "true");
  assert.deepEqual(await hindrances(page), []);
  await page.keyboard.type(".5");
  assert.equal(await page.locator("#ex-wrong").count(), 0, "it is looked at anew");
  await press("Escape");
  await comes(page, /^button Set the chlorine dose/);
  assert.equal(await page.locator(".ex-panel").count(), 0);

  // Chosen, looked at, done.
  await keyTo(page, /^button Send a crew/);
  await press("Enter");
  await comes(page, /^select Work/);
  await press("ArrowDown");
  await keyTo(page, /^button Next/);
  await press("Enter");
  await comes(page, /^button Yes, do it/);
  await press("Enter");
  await comes(page, /^button Send a crew/);
  await page.locator(".ex-log li", { hasText: "Mend the main" }).first().waitFor();
  await keyTo(page, /^button A burst in Fengling/, "Shift+Tab");
  await press("Enter");
  await comes(page, /^h2 Messages/);
  const answered = page.locator(".ex-log li", { hasText: "Answer · A burst in Fengling" });
  await answered.waitFor();

  // What was refused is there as text, and the way back too.
  await keyTo(page, /^button Look into the quarantine/);
  for (const wanted of [/^button Next/, /^button Yes, do it/, /^h2 Quarantine: \d+ messages refused/]) {
    await press("Enter");
    await comes(page, wanted);
  }
  await page.locator(".ex-refused tr", { hasText: "not signed" }).first().waitFor();
  await page.locator(".ex-refused code", { hasText: "PIT-404" }).first().waitFor();
  assert.deepEqual(await hindrances(page), []);
  await press("Escape");
  await comes(page, /^button Look into the quarantine/);
  assert.deepEqual(await violations(page), []);

  // Over, there is nothing left to do but to think about it.
  const { said: { log } } = await api(run, "operator", "exercise");
  const did = log.filter((entry) => entry.what === "did").map((entry) => entry.deed);
  assert.deepEqual(did.filter((deed) => deed.startsWith("diagnose")), ["diagnose network/burst"]);
  assert.ok(!did.some((deed) => deed.startsWith("set-dose")), did.join());
  const headers = { "Content-Type": "application/json", "Idempotency-Key": "the-end-of-it" };
  await api(run, "instructor", "exercise/direct", { method: "POST", headers, body: JSON.stringify({ by: "Wang", direction: { direction: "end" } }) });
  await page.getByLabel("What happened?").waitFor();
  assert.equal(await page.getByRole("button", { name: /Send a crew|A hint|Name it/ }).count(), 0);
  await keyTo(page, /^textarea What happened/);
  await page.keyboard.type("A burst.");
  await keyTo(page, /^button Keep/);
  await press("Enter");
  await page.getByRole("link", { name: "After-action report" }).waitFor();
  await context.close();
});

test("the quarantine is for those who play, lead or judge, and tells nothing of the truth", LONG, async () => {
  assert.equal((await api(run, "viewer", "exercise/quarantine")).status, 403);
  for (const role of ["operator", "instructor", "evaluator"]) {
    const { status, said } = await api(run, role, "exercise/quarantine");
    assert.equal(status, 200, role);
    assert.deepEqual(Object.keys(said).sort(), ["kept", "total"]);
    assert.ok(said.total >= 1 && said.kept.length >= 1, role);
    assert.deepEqual(Object.keys(said.kept[0]).sort(), ["at", "base64", "detail", "payload", "reason", "retained", "topic"]);
  }
});
