// Pages look as their kept pictures do (src/docs/pictures), but for figures, curves and the hour:
// both are made coarse, so that what counts is where things are, and how dark. A page that was
// changed on purpose gets a new picture: tests/browser/run --screenshots src/docs/pictures

import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pictures } from "./pictures.js";
import { browse, here } from "./place.js";

const KEPT = join(here, "../../src/docs/pictures");
const CELLS = [32, 24];
// Of 255; cells that differ more are other things. So many of a hundred may: alarms come and go.
const DIFFERENT = 24;
const SHARE_MAX = 8;

// Brightness of each cell, whatever the kind of picture.
async function coarse(page, bytes, kind) {
  return page.evaluate(async ([base64, kind, [columns, rows]]) => {
    const picture = await createImageBitmap(await (await fetch(`data:image/${kind};base64,${base64}`)).blob());
    const whole = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
    whole.drawImage(picture, 0, 0);
    const { data } = whole.getImageData(0, 0, picture.width, picture.height);
    const sums = new Array(columns * rows).fill(0);
    const counts = new Array(columns * rows).fill(0);
    for (let y = 0; y < picture.height; y++) {
      for (let x = 0; x < picture.width; x++) {
        const cell = Math.floor((y * rows) / picture.height) * columns + Math.floor((x * columns) / picture.width);
        const at = (y * picture.width + x) * 4;
        sums[cell] += 0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2];
        counts[cell]++;
      }
    }
    return sums.map((sum, cell) => sum / counts[cell]);
  }, [bytes.toString("base64"), kind, CELLS]);
}

const share = (one, other) => (100 * one.filter((it, at) => Math.abs(it - other[at]) > DIFFERENT).length) / one.length;
const mean = (one, other) => one.reduce((sum, it, at) => sum + Math.abs(it - other[at]), 0) / one.length;

test("every page looks as its kept picture, and more so than as any other page's", { timeout: 500000 }, async () => {
  const browser = await browse();
  const page = await browser.newPage();
  const kept = {};
  for (const file of readdirSync(KEPT).filter((it) => it.endsWith(".webp"))) {
    kept[file.replace(".webp", "")] = await coarse(page, readFileSync(join(KEPT, file)), "webp");
  }
  const faults = [];
  let drawn = 0;
  for await (const [name, png] of pictures(browser)) {
    drawn++;
    if (!existsSync(join(KEPT, `${name}.webp`))) {
      faults.push(`${name}: no picture is kept`);
      continue;
    }
    const now = await coarse(page, png, "png");
    const differs = share(now, kept[name]);
    console.log(`# ${name}: ${differs.toFixed(1)} % of it differs, ${mean(now, kept[name]).toFixed(1)} of 255 on the whole`);
    if (differs > SHARE_MAX) faults.push(`${name}: ${differs.toFixed(1)} % of it differs`);
    // A page in the other language lies in the same places.
    const of = (it) => it.split("-")[0];
    const nearer = Object.keys(kept).filter((it) => of(it) !== of(name) && mean(now, kept[it]) <= mean(now, kept[name]));
    if (nearer.length) faults.push(`${name} looks like ${nearer}`);
  }
  await browser.close();
  assert.equal(drawn, 20, "ten pages in two languages");
  assert.deepEqual(faults, [], "if it was changed on purpose: tests/browser/run --screenshots src/docs/pictures");
});
