// Pictures of every page in both languages, as files. Usage: tests/browser/run --screenshots DIR [PROGRAM]

import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pictures } from "./pictures.js";
import { browse } from "./place.js";

const folder = process.argv[2];
const SIZE_MAX = 60000;

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

mkdirSync(folder, { recursive: true });
const browser = await browse();
for await (const [name, png] of pictures(browser)) {
  const path = join(folder, `${name}.webp`);
  writeFileSync(path, await small(browser, png));
  console.log(`${path} ${statSync(path).size} bytes`);
}
await browser.close();
