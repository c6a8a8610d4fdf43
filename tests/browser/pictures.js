// Pictures of every page in both languages: each a name and a PNG, in the order in which they are drawn.

import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { come, edits, ended, go, here, person, start, unfold } from "./place.js";

// The last values come after the newest.
const curves = (page) => page.locator(".curve polyline").first().waitFor({ state: "attached" });

// Opened with a run of its own: the page, what must be there, what is done before the picture.
const MORNING = {
  plant: ["#/plant/sanmen", ".scheme .l2", curves],
  map: ["#/map/sanmen", "#netmap a.spot.a2"],
  alarms: ["#/alarms", "tr.alarm", unfold],
  point: ["#/point/sanmen/PIT-407", "#trend canvas"],
};
const PAST = {
  tickets: ["#/tickets", "table.tickets tbody tr"],
  replay: ["#/replay/1733356800000/plant/sanmen", "body.is-replay .scheme .l2"],
};
const FLOOD = { overview: ["#/overview", "table.plants .badge.p1", curves] };
const TRAINEE = { exercise: ["#/exercise", ".ex-head"] };
const LEADER = { station: ["#/station", ".ex-head"] };

const LANGS = ["zh", "en"];

async function taken(page) {
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  return page.screenshot({ scale: "css" });
}

async function* ofPages(browser, link, pages) {
  for (const lang of LANGS) {
    for (const [name, [hash, what, also]] of Object.entries(pages)) {
      const context = await person(browser, { lang });
      const page = await come(context, link);
      page.setDefaultTimeout(150000);
      await go(page, hash, what);
      await also?.(page);
      yield [`${name}-${lang}`, await taken(page)];
      await context.close();
    }
  }
}

// The editor over an exercise that ships, with a fault open.
async function* ofEditor(browser) {
  // The page says in which folder it keeps.
  const own = join(tmpdir(), "exercises");
  mkdirSync(own, { recursive: true });
  const run = await edits("e6-sensor-drift", own);
  for (const lang of LANGS) {
    const context = await person(browser, { lang, viewport: { width: 1280, height: 960 } });
    const page = await context.newPage();
    await page.goto(run.link);
    await page.locator(".ed-fine").waitFor();
    await page.locator("#f-inject-0 .ed-title").click();
    await page.evaluate(() => scrollTo(0, 0));
    yield [`editor-${lang}`, await taken(page)];
    await context.close();
  }
  await run.stop();
}

export async function* pictures(browser) {
  yield* ofEditor(browser);
  const runs = [
    [() => start(), [[null, MORNING]]],
    [() => start(join(here, "exercise.toml")), [[null, TRAINEE], ["instructor", LEADER]]],
    [() => ended("complaints-aged"), [[null, PAST]]],
    [() => start(join(here, "flood.toml")), [[null, FLOOD]]],
  ];
  for (const [begin, parts] of runs) {
    const run = await begin();
    for (const [role, pages] of parts) yield* ofPages(browser, role ? run.linkOf(role) : run.link, pages);
    await run.stop();
  }
}
