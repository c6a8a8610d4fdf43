// An exercise edited by somebody who has never seen its file: in forms, in the text, with mistakes.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { browse, edits, here, hindrances, person, program, violations } from "./place.js";

const LONG = { timeout: 180000 };
const folder = mkdtempSync(join(tmpdir(), "sanmen-editor-"));
const E6 = join(here, "../../scenarios/exercises/e6-sensor-drift.toml");
let browser;
const open = [];

before(async () => { browser = await browse(); });
after(async () => {
  const codes = await Promise.all(open.map((it) => it.stop()));
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
  assert.ok(codes.every((code) => code === 0), `Ctrl-C ends well: ${codes}`);
});

// A file of its own for each test, its editor, and a page before it.
async function edited(name, text, { lang = "en", from = E6 } = {}) {
  const file = join(folder, name);
  if (text === undefined) copyFileSync(from, file);
  else writeFileSync(file, text);
  const run = await edits(file, folder);
  open.push(run);
  const context = await person(browser, { lang });
  const page = await context.newPage();
  page.setDefaultTimeout(30000);
  page.on("dialog", (dialog) => dialog.accept());
  await page.goto(run.link);
  await page.locator("footer").waitFor();
  return { run, page, file, context };
}

const text = (page) => page.locator("#text").inputValue();
const item = (page, title) => page.locator(".ed-item", { has: page.locator(".ed-title", { hasText: title }) }).last();
const unfold = async (page, title) => {
  const own = item(page, title);
  await own.locator(".ed-title").first().click();
  await own.locator(".ed-body").first().waitFor();
  return own;
};
// Until the server has read the change.
const becomes = (page, what) => page.waitForFunction((what) => document.getElementById("text").value.includes(what), what);
const put = async (field, value) => { await field.fill(value); await field.press("Tab"); };

test("a message, a time and a task are changed in forms; what is saved passes the check", LONG, async () => {
  const { page, file } = await edited("e6.toml");
  const before = readFileSync(file, "utf8");
  assert.equal(await text(page), before);
  await page.locator(".ed-fine").waitFor();
  assert.deepEqual(await hindrances(page), []);

  const round = page.locator("#f-message-0");
  await round.locator(".ed-title").click();
  await put(round.getByLabel("English"), "Our kit says 0.57 mg/L. “Really.”");
  await becomes(page, "“Really.”");
  await put(page.locator("#f-message-0-when-at_min"), "200");
  await becomes(page, "at_min = 200");

  // A mistake is said beside its field and in the text, and goes when it is mended.
  await unfold(page, "330 min · Instrument is stuck");
  const stuck = page.locator("#f-inject-1");
  await put(stuck.getByLabel("When", { exact: true }), "soon");
  const wrong = stuck.locator(".ed-wrong", { hasText: "must be a number" });
  await wrong.waitFor();
  assert.equal(await stuck.getByLabel("When", { exact: true }).getAttribute("aria-invalid"), "true");
  assert.match(await page.locator("#lines .is-wrong").first().innerText(), /✗ \d+/);
  assert.equal(await page.locator("#rehearse").isDisabled(), true, "robots do not play mistakes");
  assert.deepEqual(await hindrances(page), []);
  await put(stuck.getByLabel("When", { exact: true }), "300");
  await wrong.waitFor({ state: "detached" });
  await page.locator(".ed-fine").waitFor();

  // One more task, with a deed of the list, and an expectation's rule by its name.
  await page.locator("#f-task-add").click();
  const own = page.locator("#f-task-9");
  await own.locator(".ed-body").waitFor();
  await put(own.getByLabel("English"), "Tell the bureau");
  await becomes(page, "Tell the bureau");
  await own.locator(".ed-deed select").first().selectOption("report");
  await becomes(page, 'do = "report"');
  await own.locator(".ed-deed select").first().selectOption("escalate");
  await becomes(page, 'do = "escalate"');
  await own.locator(".ed-chips select").selectOption("bureau");
  await becomes(page, 'do = "escalate bureau"');
  await own.getByLabel("Critical").check();
  await becomes(page, "critical = true");
  await put(own.getByLabel("Points"), "7");
  await becomes(page, "points = 7\n");

  await page.keyboard.press("Control+s");
  await page.locator("#said", { hasText: "Saved:" }).waitFor();
  const after = readFileSync(file, "utf8");
  assert.equal(after, await text(page));
  for (const line of before.split("\n").filter((line) => line.startsWith("#"))) assert.ok(after.includes(line), `kept: ${line}`);
  assert.ok(after.includes("per_day_mg_per_l = -0.96    # -0.04 mg/L an hour"), "also what stands behind a value");
  const checked = spawnSync(program, ["exercise", "check", file, "--format", "json"], { encoding: "utf8" });
  assert.ok([0, 1].includes(checked.status), checked.stderr);
  assert.ok(JSON.parse(checked.stdout).marks.reference > 0, "it reads what was saved");
  assert.deepEqual(await violations(page), []);
});

test("robots play what is edited, say what does not hold, and can be stopped", LONG, async () => {
  const { page } = await edited("small.toml", undefined, { from: join(here, "exercise.toml") });
  await page.locator("#rehearse").click();
  await page.locator("#rehearsal-title", { hasText: "It holds" }).waitFor({ timeout: 120000 });
  assert.equal(await page.locator(".ed-rehearsal tbody tr").count(), 3);
  assert.ok(await page.locator(".ed-came.raised").count() > 0, "what came stands on the strip");
  assert.deepEqual(await hindrances(page), []);

  // An alarm that does not come in time, in the words of `sanmen test`.
  await page.locator("#f-expect-0 .ed-title").click();
  await put(page.locator("#f-expect-0-within_min"), "1");
  await becomes(page, "within_min = 1\n");
  await page.locator("#rehearse").click();
  await page.locator("#rehearsal-title", { hasText: "It does not hold" }).waitFor({ timeout: 120000 });
  const said = await page.locator(".ed-failing li").first().innerText();
  assert.match(said, /small\.toml:\d+: expected /);

  await page.getByLabel("Lasts").fill("20000");
  await page.getByLabel("Lasts").press("Tab");
  await becomes(page, "duration_h = 20000");
  await page.locator("#rehearse").click();
  await page.locator("progress").waitFor();
  await page.getByRole("button", { name: "Stop", exact: true }).click();
  await page.locator(".ed-rehearsal", { hasText: "was stopped" }).waitFor();
});

test("a broken file opens as text, and its forms come when it is mended", LONG, async () => {
  const whole = readFileSync(E6, "utf8");
  const { page } = await edited("broken.toml", whole.replace("duration_h = 16", "duration_h = = 16"), { lang: "zh" });
  await page.locator(".ed-mistakes", { hasText: "TOML" }).waitFor();
  assert.equal(await page.locator("#lines .is-wrong").innerText(), "✗ 13");
  assert.deepEqual(await hindrances(page), []);
  await page.locator("#text").fill(whole);
  await page.locator(".ed-fine", { hasText: "没有错误" }).waitFor();
  await page.locator("#f-message .ed-item").first().waitFor();
  // Mistakes speak Chinese too, with the way out.
  await page.locator("#text").fill(whole.replace('target = "PIT-403"', 'target = "PIT-40"').replace("within_s = 60", "within_s = -1"));
  await page.locator(".ed-mistakes", { hasText: "没有“PIT-40”" }).waitFor();
  await page.locator(".ed-mistakes", { hasText: "须在0到86400之间" }).waitFor();
  await page.locator(".ed-goto", { hasText: "PIT-40" }).click();
  await page.locator("#f-inject-1-target:focus").waitFor();
  await page.locator("button.lang").click();
  await page.locator(".ed-mistakes", { hasText: 'tag "PIT-40" is not known' }).waitFor();
});

test("what somebody else has written is not overwritten, and unsaved changes survive a reload", LONG, async () => {
  const { page, file } = await edited("shared.toml");
  const seed = page.getByLabel("Seed of chance");
  await put(seed, "7");
  await becomes(page, "seed = 7");
  await page.reload();
  await page.locator(".advice", { hasText: "What you had not saved is here again" }).waitFor();
  assert.match(await text(page), /seed = 7\n/);

  const theirs = readFileSync(file, "utf8").replace("seed = 20241205", "seed = 9");
  writeFileSync(file, theirs);
  await page.locator("#save").click();
  await page.locator("#saving", { hasText: "somebody has changed shared.toml on disk meanwhile" }).waitFor();
  assert.equal(readFileSync(file, "utf8"), theirs);
  assert.deepEqual(await hindrances(page), []);
  // Under another name it is kept; a name that leads elsewhere is refused.
  for (const name of ["../other.toml", "/tmp/other.toml", "other"]) {
    await page.locator("#name").fill(name);
    await page.locator("#save").click();
    await page.locator("#saving", { hasText: "cannot be the name" }).waitFor();
  }
  await page.locator("#name").fill("mine.toml");
  await page.locator("#save").click();
  await page.locator("#said", { hasText: "mine.toml" }).waitFor();
  assert.match(readFileSync(join(folder, "mine.toml"), "utf8"), /seed = 7\n/);
  assert.equal(readFileSync(file, "utf8"), theirs);
  await page.reload();
  await page.locator(".ed-fine").waitFor();
  assert.match(await text(page), /seed = 7\n/, "from now on it is the file that is edited");
  assert.equal(await page.locator("#name").inputValue(), "mine.toml");

  // A copy of one that ships never takes the place of a file that is there.
  writeFileSync(join(folder, "my-e6-sensor-drift.toml"), "mine");
  const run = await edits("e6-sensor-drift", folder);
  open.push(run);
  const other = await page.context().newPage();
  await other.goto(run.link);
  await other.locator(".advice", { hasText: "A copy of the exercise e6-sensor-drift" }).waitFor();
  await other.locator("#save").click();
  await other.locator("#saving", { hasText: "there is a my-e6-sensor-drift.toml already" }).waitFor();
  assert.equal(readFileSync(join(folder, "my-e6-sensor-drift.toml"), "utf8"), "mine");
});

test("hostile texts are texts, and strangers are not let in", LONG, async () => {
  const evil = "<img src=x onerror=self.broken=1>\\\"'${1}";
  const whole = readFileSync(E6, "utf8").replace('en = "Name the cause"', `en = "${evil}"`).replace('target = "PIT-403"', `target = "${evil}"`);
  const { run, page } = await edited("evil.toml", whole);
  await page.locator(".ed-mistakes").waitFor();
  await unfold(page, "<img src=x");
  assert.equal(await page.locator("img").count(), 0);
  assert.equal(await page.evaluate(() => self.broken), undefined);
  assert.deepEqual(await violations(page), []);

  const ask = (path, options = {}) => fetch(`${run.origin}/api/${path}`, options).then((it) => it.status);
  const json = { "Content-Type": "application/json", Authorization: `Bearer ${run.token}` };
  assert.equal(await ask("editor"), 401);
  assert.equal(await ask("editor", { headers: { Authorization: "Bearer nobody-knows-this-token" } }), 401);
  const save = (headers, body) => ask("editor/save", { method: "POST", headers, body: JSON.stringify(body) });
  assert.equal(await save({ "Content-Type": "application/json" }, { text: "x", name: "x.toml" }), 401);
  assert.equal(await save({ ...json, Origin: "http://evil.example" }, { text: "x", name: "x.toml" }), 403);
  assert.equal(await save(json, { text: "x", name: "../x.toml" }), 409);
  assert.equal(await ask("editor/describe", { method: "POST", headers: json, body: JSON.stringify({ text: "#".repeat(3e6) }) }), 413);
  assert.equal(existsSync(join(folder, "x.toml")), false);
});

test("it is used with the keyboard alone, and `new` writes something that holds", LONG, async () => {
  const file = join(folder, "new.toml");
  execFileSync(program, ["exercise", "new", file]);
  execFileSync(program, ["exercise", "check", file]);
  assert.equal(spawnSync(program, ["exercise", "new", file]).status, 2, "it is there already");
  const { page } = await edited("new.toml", readFileSync(file, "utf8"));
  const steps = async (key, until) => {
    for (let n = 0; n < 400; n++) {
      await page.keyboard.press(key);
      if (await page.evaluate(until)) return;
    }
    assert.fail(`the keyboard does not lead to ${until}`);
  };
  const on = (selector) => `document.activeElement.matches(${JSON.stringify(selector)})`;
  // From a mark on the strip to its form, and by its buttons up and down.
  await steps("Tab", on(".ed-mark.message"));
  await page.keyboard.press("Enter");
  await page.locator("#f-message-0:focus").waitFor();
  await page.locator("#f-message-0 .ed-body").waitFor();
  await steps("Tab", on("#f-task-0 .ed-bar button[data-move=true]"));
  const before = await text(page);
  await page.keyboard.press("Enter");
  await page.waitForFunction((before) => document.getElementById("text").value !== before, before);
  await page.locator("#f-task-1 [data-move=true]:focus").waitFor();
  await page.keyboard.press("Control+z");
  await page.waitForFunction((before) => document.getElementById("text").value === before, before);
  await steps("Tab", on("#f-hint-add"));
  await page.keyboard.press("Enter");
  await page.locator("#f-hint-1 .ed-body").waitFor();
  await page.keyboard.press("Control+s");
  await page.locator("#said", { hasText: "Saved" }).waitFor();
});
