// An alarm of the highest priority calls at once, and again every minute until somebody answers:
// seen, said, and heard by whoever has allowed it. What goes on now calls, whatever is looked at.

import { allAlarms, changed, live } from "./store.js";
import { subject } from "./parts.js";
import { span } from "./format.js";
import { say } from "./words.js";

const AGAIN_MS = 60000;
const SHOWN_MS = 5000;
const called = new Map();
export const voice = { text: "", until: 0, times: 0, sound: localStorage.getItem("sound") === "on" };
let speaker = null;

// Looks whether anything calls; also asked while the page is hidden.
export function listen() {
  const at = Date.now();
  const open = allAlarms(live.plants).filter((it) => it.level === 1 && it.unanswered && !it.aside);
  const ids = new Set(open.map((it) => it.id));
  for (const id of called.keys()) if (!ids.has(id)) called.delete(id);
  const due = open.filter(({ id }) => at - (called.get(id)?.last ?? -AGAIN_MS) >= AGAIN_MS);
  if (!due.length) return;
  for (const { id } of due) {
    const known = called.get(id) ?? { first: at, times: 0 };
    called.set(id, { ...known, last: at, times: known.times + 1 });
  }
  const { first, times } = called.get(due[0].id);
  const again = times > 1 ? " " + say("called-again", { n: times, span: span(at - first) }) : "";
  const others = due.length > 1 ? " " + say("more-alarms", { n: due.length - 1 }) : "";
  Object.assign(voice, { text: `${say("priority-n", { n: 1 })} ${subject(due[0])} ${due[0].title}${again}${others}`, until: at + SHOWN_MS, times });
  setTimeout(changed, SHOWN_MS + 50);
  ring();
  changed();
}

// A click is the permission: browsers let no page sound without one.
export function setSound(on) {
  voice.sound = on;
  localStorage.setItem("sound", on ? "on" : "off");
  if (on) wake().then(ring);
  changed();
}

async function wake() {
  speaker ??= new AudioContext();
  if (speaker.state === "suspended") await speaker.resume();
}

// After a reload the first click or key anywhere gives the permission again.
for (const kind of ["pointerdown", "keydown"]) {
  addEventListener(kind, () => voice.sound && wake(), { passive: true });
}

function ring() {
  if (!voice.sound || speaker?.state !== "running") return;
  for (const [n, pitch] of [880, 660, 880].entries()) {
    const from = speaker.currentTime + n * 0.22;
    const [tone, loudness] = [speaker.createOscillator(), speaker.createGain()];
    tone.frequency.value = pitch;
    loudness.gain.setValueAtTime(0.15, from);
    loudness.gain.exponentialRampToValueAtTime(0.001, from + 0.2);
    tone.connect(loudness).connect(speaker.destination);
    tone.start(from);
    tone.stop(from + 0.2);
  }
}
