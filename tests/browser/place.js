// A run of Sanmen with its desk, and a browser before it.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import net from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(join(process.env.SANMEN_BROWSER_MODULES ?? join(here, "../../target/browser"), "x.js"));
const { chromium } = require("playwright-core");
export const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
// From whatever folder it is started in.
export const program = resolve(process.env.SANMEN ?? join(here, "../../target/release/sanmen"));
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";

// Starts it; gives its link, its folder, and what it has said.
export async function start(scenario = join(here, "morning.toml"), flags = []) {
  const data = mkdtempSync(join(tmpdir(), "sanmen-desk-"));
  return served(["run", scenario, "--data", data, "--space", "k7", "--format", "json", ...(flags.includes("--by") ? [] : ["--by", "Li"]), ...flags], data);
}

// A program once it has said its link, and what it has said.
async function linked(args, options) {
  const child = spawn(program, args, { ...options, stdio: ["ignore", "ignore", "pipe"] });
  const told = { said: "", child, ended: new Promise((done) => child.on("exit", done)) };
  told.link = await new Promise((found, failed) => {
    child.stderr.on("data", (bytes) => {
      told.said += bytes;
      const line = told.said.match(/^desk: (\S+)$/m);
      if (line) found(line[1]);
    });
    child.on("exit", (code) => failed(new Error(`it ended with ${code}: ${told.said}`)));
  });
  return told;
}

// A monitor that listens to a broker.
export async function monitor(broker) {
  const data = mkdtempSync(join(tmpdir(), "sanmen-desk-"));
  return served(["monitor", "--broker", broker, "--data", data, "--space", "k7", "--format", "json", "--by", "Li"], data);
}

// A desk of its own over the ledger of a run, whatever becomes of that.
export const over = (run) => served(["desk", "--data", dirname(run.folder), "--space", "k7", "--listen", "0", "--by", "Li"], dirname(run.folder));

async function served(args, data) {
  const { child, ended, said, link } = await linked(args, {});
  const tokens = Object.fromEntries(readFileSync(join(data, "k7", "desk-tokens"), "utf8").trim().split("\n").map((line) => line.split(" ")));
  const origin = link.split("/#")[0];
  return {
    link, origin, tokens, said, signal: (name) => child.kill(name), folder: join(data, "k7"), broker: said.match(/mqtt:\/\/127\.0\.0\.1:(\d+)/)?.[1],
    linkOf: (role, at = origin) => `${at}/#token=${tokens[role]}`,
    stop: async () => {
      child.kill("SIGINT");
      const code = await ended;
      rmSync(data, { recursive: true, force: true });
      return code;
    },
  };
}

// The editor of a file or of an exercise that ships: its link, what it has said, and its end.
export async function edits(file, cwd) {
  const { child, ended, link } = await linked(["exercise", "edit", file, "--listen", "0"], { cwd });
  const [origin, token] = link.split("/#token=");
  return { link, origin, token, stop: () => { child.kill("SIGINT"); return ended; } };
}

export const browse = () => chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });

// A person with a browser of their own, who reads one language and has seen the tour.
export async function person(browser, { lang = "en", toured = true, viewport = { width: 1280, height: 720 } } = {}) {
  const context = await browser.newContext({ viewport, reducedMotion: "reduce" });
  await context.addInitScript(([lang, toured]) => {
    localStorage.setItem("lang", localStorage.getItem("lang") ?? lang);
    if (toured) localStorage.setItem("toured", "yes");
    self.violations = [];
    document.addEventListener("securitypolicyviolation", (event) => self.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
  }, [lang, toured]);
  return context;
}

// A page of the desk, once it is there.
export async function come(context, link) {
  const page = await context.newPage();
  page.setDefaultTimeout(30000);
  await page.goto(link);
  await page.locator("footer").waitFor();
  return page;
}

// Another page of it, once something of it is there.
export const go = async (page, hash, what) => {
  await page.evaluate((hash) => (location.hash = hash), hash);
  await page.locator(what).first().waitFor();
};

// A line an alarm: a flood folds them by itself unless somebody has said otherwise. What is pressed
// is what was drawn, though a flood begin in between: from then on it is somebody's choice.
export async function unfold(page) {
  const press = () => page.getByRole("button", { name: /Group by cause|按原因分组/ }).evaluate(async (it) => {
    const was = it.getAttribute("aria-pressed");
    it.click();
    while (it.getAttribute("aria-pressed") === was) await new Promise(requestAnimationFrame);
    return was;
  });
  if ((await press()) === "false") await press();
}

// What a page did against the policy that says what it may load and run.
export const violations = (page) => page.evaluate(() => self.violations);

// What keeps somebody from using the page, by the rules of WCAG and good practice.
export async function hindrances(page) {
  await page.evaluate(axe);
  const { violations: found } = await page.evaluate(async () => {
    // A row that lies half under a bar can be scrolled out from under it: it is no smaller for that.
    const bars = [...document.querySelectorAll("footer, .replaybar, .chosen")];
    bars.forEach((it) => (it.style.position = "static"));
    const found = await self.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] });
    bars.forEach((it) => (it.style.position = ""));
    return found;
  });
  return found.map((it) => `${it.id}: ${it.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" | ")}`);
}

// A cable between browser and desk that can be cut.
export async function cable(origin) {
  const port = Number(new URL(origin).port);
  const open = new Set();
  let cut = false;
  const server = net.createServer((near) => {
    if (cut) return near.destroy();
    const far = net.connect(port, "127.0.0.1");
    for (const [one, other] of [[near, far], [far, near]]) {
      open.add(one);
      one.pipe(other);
      one.on("error", () => other.destroy());
      one.on("close", () => { open.delete(one); other.destroy(); });
    }
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    cut: () => { cut = true; open.forEach((it) => it.destroy()); },
    mend: () => { cut = false; },
    close: () => { open.forEach((it) => it.destroy()); server.close(); },
  };
}

// A run to its end, and the desk alone over its ledger.
export async function ended(scenario, speed = "3600") {
  const data = mkdtempSync(join(tmpdir(), "sanmen-desk-"));
  const played = spawn(program, ["run", scenario, "--data", data, "--space", "k7", "--speed", speed, "--listen", "off", "--format", "json"], { stdio: "ignore" });
  const code = await new Promise((done) => played.on("exit", done));
  if (code !== 0) throw new Error(`${scenario} ended with ${code}`);
  return served(["desk", "--data", data, "--space", "k7", "--listen", "0", "--by", "Li"], data);
}

// What the desk says itself.
export const api = async (run, role, path, options = {}) => {
  const response = await fetch(`${run.origin}/api/${path}`, { ...options, headers: { Authorization: `Bearer ${run.tokens[role]}`, ...options.headers } });
  return { status: response.status, said: await response.json() };
};
