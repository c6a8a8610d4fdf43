// What is old says so by the same drawn clock on every page, whatever fonts there are.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { browse, come, go, hindrances, person, start, violations } from "./place.js";

// Nothing comes any more: what was read last grows old.
const SILENCE = `
title = { en = "Silence", zh = "沉默" }
plant = "sanmen"
condition = "normal"
start = 2024-12-05T09:00:00+08:00
duration_h = 96
seed = 7
speed = 600

[[inject]]
id = "silent"
at_min = 10
kind = "gateway-silence"
`;
let run;
let browser;
const folder = mkdtempSync(join(tmpdir(), "sanmen-stale-"));

before(async () => {
  const file = join(folder, "silence.toml");
  writeFileSync(file, SILENCE);
  [run, browser] = await Promise.all([start(file), browse()]);
});
after(async () => {
  const ended = await run?.stop();
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
  assert.equal(ended, 0, "Ctrl-C ends well");
});

test("a value that is old has a drawn clock beside it, and says its age", { timeout: 120000 }, async () => {
  const page = await come(await person(browser), run.link);
  const shapes = new Set();
  // The clock is seen: it has a size, and no letter stands for it.
  const clock = async (where) => {
    const old = page.locator(where).first();
    await old.waitFor();
    shapes.add(await old.innerHTML());
    const { width, height } = await old.boundingBox();
    assert.ok(width >= 9 && height >= 9, `${where}: ${width}×${height}`);
    assert.ok(!(await page.locator("body").innerHTML()).includes("⏱"), where);
  };
  const own = 'a[href="#/point/sanmen/PIT-404"]';
  await clock(`.scheme ${own} svg.old`);
  assert.match(await page.locator(`.scheme ${own} title`).first().textContent(), /PIT-404 · .*ago/);
  await clock(`table.values ${own} .value.stale svg.old`);
  await go(page, "#/map/sanmen", "#netmap a.spot");
  await clock(`#netmap ${own} svg.old`);
  await clock(".legend svg.old");
  // The clock and the value beside it do not lie upon each other.
  const [sign, value] = await Promise.all(["svg.old", ".label text.figure"].map((it) => page.locator(`#netmap ${own} ${it}`).first().boundingBox()));
  assert.ok(sign.x + sign.width <= value.x + 1, JSON.stringify([sign, value]));
  await go(page, "#/overview", "table.plants tbody tr");
  await clock("table.plants .value.stale svg.old");
  assert.equal(shapes.size, 1, "one shape everywhere");
  assert.deepEqual(await hindrances(page), []);
  assert.deepEqual(await violations(page), []);
  await page.context().close();
});
