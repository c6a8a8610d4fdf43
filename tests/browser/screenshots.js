// Pictures of every page in both languages. Usage: tests/browser/run --screenshots DIR [PROGRAM]

import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { browse, come, edits, ended, go, person, start, unfold } from "./place.js";

const here = dirname(fileURLToPath(import.meta.url));
const folder = process.argv[2];
const SIZE_MAX = 60000;

// Opened with a run of its own: the page, what must be there, what is done before the picture.
const MORNING = {
  plant: ["#/plant/sanmen", ".scheme .l2"],
  map: ["#/map/sanmen", "#netmap a.spot.a2"],
  alarms: ["#/alarms", "tr.alarm", unfold],
  point: ["#/point/sanmen/PIT-407", "#trend canvas"],
};
const PAST = {
  tickets: ["#/tickets", "table.tickets tbody tr"],
  replay: ["#/replay/1733356800000/plant/sanmen", "body.is-replay .scheme .l2"],
};
const FLOOD = { overview: ["#/overview", "table.plants .badge.p1"] };

// The browser itself can write a picture small.
async function small(browser, png) {
  const page = await browser.newPage();
  const base64 = await page.evaluate(async ([png, limit]) => {
    const picture = await createImageBitmap(await (await fetch("data:image/png;base64," + png)).blob());
    const canvas = Object.assign(document.createElement("canvas"), { width: picture.width, height: picture.height });
    canvas.getContext("2d").drawImage(picture, 0, 0);
    for (let quality = 0.8; ; quality -= 0.1) {
      const url = canvas.toDataURL("image/webp", quality);
      if (url.length * 0.75 <= limit || quality < 0.15) return url.split(",")[1];
    }
  }, [png.toString("base64"), SIZE_MAX]);
  await page.close();
  return Buffer.from(base64, "base64");
}

async function pictures(browser, run, pages) {
  for (const lang of ["zh", "en"]) {
    for (const [name, [hash, what, also]] of Object.entries(pages)) {
      const context = await person(browser, { lang });
      const page = await come(context, run.link);
      page.setDefaultTimeout(150000);
      await go(page, hash, what);
      await also?.(page);
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
      const path = join(folder, `${name}-${lang}.webp`);
      writeFileSync(path, await small(browser, await page.screenshot({ scale: "css" })));
      console.log(`${path} ${statSync(path).size} bytes`);
      await context.close();
    }
  }
  await run.stop();
}

// The editor over an exercise that ships, with a task and a fault open.
async function editor(browser) {
  // The page says in which folder it keeps.
  const own = join(tmpdir(), "exercises");
  mkdirSync(own, { recursive: true });
  const run = await edits("e6-sensor-drift", own);
  for (const lang of ["zh", "en"]) {
    const context = await person(browser, { lang, viewport: { width: 1280, height: 960 } });
    const page = await context.newPage();
    await page.goto(run.link);
    await page.locator(".ed-fine").waitFor();
    await page.locator("#f-inject-0 .ed-title").click();
    await page.evaluate(() => scrollTo(0, 0));
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    const path = join(folder, `editor-${lang}.webp`);
    writeFileSync(path, await small(browser, await page.screenshot({ scale: "css" })));
    console.log(`${path} ${statSync(path).size} bytes`);
    await context.close();
  }
  await run.stop();
}

mkdirSync(folder, { recursive: true });
const browser = await browse();
await editor(browser);
await pictures(browser, await start(), MORNING);
await pictures(browser, await ended("complaints-aged"), PAST);
await pictures(browser, await start(join(here, "flood.toml")), FLOOD);
await browser.close();
