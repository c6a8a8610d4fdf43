// How the desk feels with many plants that speak: called by `cargo bench -- desk`, which makes them
// speak. Says lines: how long until the first values, the longest task, when an alarm was seen.
// Usage: bench.js LINK PLANT SECONDS

import { browse, person } from "./place.js";

const [link, plant, seconds] = process.argv.slice(2);
const LOADS = 5;
const say = (what, value) => console.log(`${what} ${value}`);

const browser = await browse();
const context = await person(browser);
await context.addInitScript((plant) => {
  self.longest = 0;
  self.long = 0;
  new PerformanceObserver((list) => list.getEntries().forEach((it) => {
    self.longest = Math.max(self.longest, it.duration);
    self.long++;
  })).observe({ type: "longtask" });
  const look = () => {
    self.first ??= document.querySelector("table.plants tr[data-plant] .figure, table.plants tr[data-plant] td a") ? performance.now() : undefined;
    self.seen ??= document.querySelector(`tr[data-plant="${plant}"] .badge`) ? Date.now() : undefined;
  };
  new MutationObserver(look).observe(document, { childList: true, subtree: true, characterData: true });
}, plant);

const first = [];
let page;
for (let load = 0; load < LOADS; load++) {
  await page?.close();
  page = await context.newPage();
  await page.goto(load ? link.split("#")[0] : link);
  await page.waitForFunction(() => self.first, null, { timeout: 30000 });
  first.push(await page.evaluate(() => self.first));
}
say("first", Math.round(first.sort((a, b) => a - b)[LOADS >> 1]));

// What loading took is told above.
await page.evaluate(() => new Promise((done) => setTimeout(done, 2000)));
await page.evaluate(() => { self.longest = 0; self.long = 0; });
const began = await page.locator("table.plants tbody").textContent();
await page.evaluate((ms) => new Promise((done) => setTimeout(done, ms)), seconds * 1000);
if (began === await page.locator("table.plants tbody").textContent()) throw new Error("nothing has changed meanwhile");
say("longest", Math.round(await page.evaluate(() => self.longest)));
say("long", await page.evaluate(() => self.long));
if (await page.evaluate(() => self.seen)) throw new Error(`${plant} had an alarm before it was to have one`);
say("ready", plant);
await page.waitForFunction(() => self.seen, null, { timeout: 30000 });
say("seen", await page.evaluate(() => self.seen));
await browser.close();
