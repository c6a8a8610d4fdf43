// What this page knows: the catalogue, the last state, what happened; and how fresh it is.

import { textOf, language } from "./words.js";

const RECORDS = 300;
const TREND = 60;
const SILENT_MS = 7000; // the desk says something every two seconds

export const store = {
  catalogue: null,
  role: "viewer",
  seat: null, // who came in last with this browser, if it was somebody else
  plants: [],
  records: [],
  link: { state: "connecting", reason: "", monitor: "runs", since: null },
  refused: {},
  wall: 0,
  id: null,
  ready: false,
  replay: null, // of the past that is looked at; replay.js
  lostAt: null, // as this page counts: clocks of browsers are wrong, or put right meanwhile
  heardAt: 0,
  error: null,
};

// What goes on meanwhile, when `store` shows the past; else the same.
export const live = { plants: [], records: [] };

// What is to be done when an exercise has something new, for everybody or at a station.
export const exercise = { news: null, station: null };

const listeners = new Set();
export const onChange = (listener) => listeners.add(listener);
export const changed = () => listeners.forEach((listener) => listener());

export class Refused extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

export async function call(path, options = {}) {
  const early = self.early?.[path];
  if (early) delete self.early[path];
  const response = await (early ?? fetch("api/" + path, { credentials: "same-origin", ...options }));
  const said = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(response.status, said.error ?? response.statusText);
  return said;
}

// Gives what has been asked meanwhile (come-in.js): the state of everything.
export async function enter() {
  const snapshot = call("snapshot");
  snapshot.catch(() => {}); // whoever waits for it is told
  const catalogue = await call("catalogue");
  const { likes } = catalogue;
  catalogue.plants.forEach((card) => {
    Object.setPrototypeOf(card, likes.plants[card.like]);
    card.tags.forEach((tag) => Object.setPrototypeOf(tag, likes.tags[tag.like]));
    card.byTag = new Map(card.tags.map((tag, at) => [tag.id, at]));
    card.byVillage = new Map(card.villages.map((village) => [village.id, village]));
  });
  Object.assign(store, { catalogue, role: catalogue.role });
  return { snapshot };
}

const number = (id) => (id ? Number(id.split(".")[1]) : -1);
const run = (id) => (id ? id.split(".")[0] : "");
let waiting = null;
let fetching = null;

// Looks at everything again; at what has been asked already, if it has.
export function resync(asked = null) {
  waiting ??= [];
  fetching ??= (asked ?? call("snapshot"))
    .then((whole) => {
      Object.assign(live, { plants: whole.plants, records: whole.records });
      if (!store.replay) showLive();
      Object.assign(store, { link: whole.link, refused: whole.refused, wall: whole.wall });
      Object.assign(store, { id: whole.id, ready: true, error: null });
      heard();
      const missed = waiting ?? [];
      waiting = null;
      missed.forEach(take);
      exercise.news?.(); // it may be another branch by now
      changed();
    })
    .catch((error) => {
      if (error.status === 401) store.error = error.message;
      waiting = null;
      lost();
    })
    .finally(() => (fetching = null));
  return fetching;
}

export function showLive() {
  Object.assign(store, { replay: null, plants: live.plants, records: live.records });
}

// A moment of the past, as the ledger's records tell it.
export function showPast({ plants, records }) {
  Object.assign(store, { plants, records });
}

function heard() {
  store.heardAt = performance.now();
  store.lostAt = null;
}

// The desk's clock, which goes on while nothing is heard of it.
export const wall = () => store.wall + Math.max(0, performance.now() - store.heardAt);

// Is nothing that is shown of now? The desk is not heard, or the monitor, or nobody hears the plants.
export const isOld = () => !store.replay && (store.lostAt !== null || store.link.monitor !== "runs" || !["connected", "ledger"].includes(store.link.state));

// The time at a plant, as far as anybody knows. That of an exercise goes on at its own pace; what
// runs faster than the clock comes in heaps, and is judged up to a moment that it has reached whole.
export function timeAt({ head }) {
  const { reached, heard_at, speed } = head;
  if (store.replay) return reached;
  if (!head.exercise) return wall();
  const since = store.lostAt === null ? store.link.since : store.wall;
  const unheard = isOld() ? Math.max(0, wall() - (since ?? wall())) : 0;
  return (speed > 1 ? reached : Math.max(reached, heard_at)) + unheard * (speed ?? 1);
}

export function lost() {
  store.lostAt ??= store.heardAt || performance.now();
  changed();
}

// Who sits here: a role, and a name where the link is of somebody's own.
export const seat = () => `${store.role} ${store.catalogue.person ?? ""}`;

// Pages of one browser tell each other who came in.
export function watchSeat() {
  const seats = new BroadcastChannel("sanmen-seat");
  seats.onmessage = ({ data }) => {
    store.seat = data.seat === seat() ? null : data;
    changed();
  };
  seats.postMessage({ seat: seat(), role: store.role, person: store.catalogue.person });
}

// Has it been silent for too long?
export function watchSilence() {
  setInterval(() => {
    if (store.ready && performance.now() - store.heardAt > SILENT_MS) lost();
    else if (store.lostAt) changed();
  }, 1000);
}

// One thing told by the stream.
export function take(piece) {
  if (piece.kind === "lost") return lost();
  if (piece.kind === "open") return store.lostAt || !store.ready ? resync() : undefined;
  if (piece.kind === "resync") return resync();
  if (waiting) return waiting.push(piece);
  if (run(piece.id) !== run(store.id)) return resync();
  if (number(piece.id) <= number(store.id)) return;
  // What lies between was told before this page listened.
  if (number(piece.id) > number(store.id) + 1) return resync();
  store.id = piece.id;
  heard();
  const data = JSON.parse(piece.data);
  if (data.wall) store.wall = data.wall;
  if (piece.kind === "state") {
    for (const [at, change] of Object.entries(data.plants)) apply(live.plants[at], change);
  } else if (piece.kind === "link") {
    store.link = data;
  } else if (piece.kind === "exercise") {
    exercise.news?.();
  } else if (piece.kind === "station") {
    exercise.station?.(data);
  } else if (piece.kind === "record") {
    const known = live.records.some((entry) => entry.plant === data.plant && entry.n === data.n);
    if (!known) live.records.push(data);
    if (live.records.length > RECORDS) live.records.shift();
  }
  changed();
}

function apply(plant, change) {
  if (!plant) return;
  plant.version = (plant.version ?? 0) + 1;
  for (const key of ["head", "alarms", "shelves"]) if (change[key]) plant[key] = change[key];
  for (const [at, cell] of Object.entries(change.tags ?? {})) {
    const before = plant.tags[at];
    plant.tags[at] = cell;
    const [time, value, flag] = cell;
    if (plant.trends && value !== null && flag < 4 && time > (before?.[0] ?? 0)) {
      plant.trends[at].push(value);
      if (plant.trends[at].length > TREND) plant.trends[at].shift();
    }
  }
}

// The last values of a plant's instruments are asked for when somebody sees them for the first time.
const wanted = new Map();
export function trendsOf(plant, at) {
  if (!plant.trends) {
    if (!wanted.size) setTimeout(askTrends);
    wanted.set(at, plant);
    plant.trends = plant.tags.map(() => []);
  }
  return plant.trends;
}

async function askTrends() {
  const asked = [...wanted];
  wanted.clear();
  try {
    const told = await call("trends?plants=" + asked.map(([at]) => at));
    asked.forEach(([, plant], n) => {
      plant.trends = told[n];
      plant.version = (plant.version ?? 0) + 1;
    });
    changed();
  } catch {
    asked.forEach(([, plant]) => (plant.trends = null)); // whoever looks next asks again
  }
}

// ---- what follows from it

const DIAGNOSTIC = new Set(["quality", "tag-silence", "grab-sample", "refusal"]);
const UNANSWERED = new Set(["unacknowledged", "returned-unacknowledged", "latched-unacknowledged"]);
const ASIDE = new Set(["shelved", "suppressed-by-design", "out-of-service"]);
const LEVELS = { high: 1, medium: 2, low: 3 };

export const idOf = ({ plant, rule, tag, n }) =>
  `${plant}/${rule}/${tag ?? "plant"}` + (n > 0 ? `/${n}` : "");

// An alarm as pages show it.
function alarmOf(event, plant, card) {
  const rule = store.catalogue.rules[event.id.rule];
  let level = LEVELS[event.priority];
  if (level === 3 && DIAGNOSTIC.has(rule?.kind)) level = 4;
  const id = idOf(event.id);
  return {
    id, event, card, rule, level,
    tag: event.id.tag ?? null,
    state: event.state,
    at: Date.parse(event.at),
    since: event.since ? Date.parse(event.since) : null,
    unanswered: UNANSWERED.has(event.state),
    aside: ASIDE.has(event.state),
    active: event.state === "unacknowledged" || event.state === "acknowledged",
    until: plant.shelves[id] ?? null,
    group: event.group ? idOf(event.group.cause ?? event.group.first_out) : id,
    title: event.texts ? textOf(event.texts.title) : rule ? textOf(rule.title) : event.title,
    advice: event.texts ? textOf(event.texts.advice) : rule ? textOf(rule.advice) : "",
  };
}

const byUrgency = (a, b) =>
  a.aside - b.aside || b.unanswered - a.unanswered || a.level - b.level || a.at - b.at;

const remembered = new WeakMap();
const gathered = new WeakMap();

// The alarms of one plant, most urgent first.
export const alarmsOf = (at, plants = store.plants) => alarmsIn(plants[at], at);

function alarmsIn(plant, at) {
  if (!plant) return [];
  const known = remembered.get(plant.alarms);
  if (known && known.lang === language() && known.shelves === plant.shelves) return known.alarms;
  const card = store.catalogue.plants[at];
  const alarms = plant.alarms.map((event) => alarmOf(event, plant, card)).sort(byUrgency);
  remembered.set(plant.alarms, { alarms, lang: language(), shelves: plant.shelves });
  return alarms;
}

export function allAlarms(plants = store.plants) {
  if (plants.length === 1) return alarmsOf(0, plants);
  const each = plants.map((_, at) => alarmsOf(at, plants));
  const known = gathered.get(plants);
  if (known && known.each.length === each.length && each.every((it, at) => it === known.each[at])) return known.all;
  const all = each.flat().sort(byUrgency);
  gathered.set(plants, { each, all });
  return all;
}

// The newest of those that are most urgent and that nobody has answered.
export function topAlarm(plants = store.plants) {
  const open = allAlarms(plants).filter((alarm) => alarm.unanswered && !alarm.aside);
  const level = Math.min(...open.map((alarm) => alarm.level));
  return open.filter((alarm) => alarm.level === level).sort((a, b) => b.at - a.at)[0];
}

// Villages whose water has an alarm: for want of pressure, of water, of quality.
const counted = new WeakMap();
export function concerned(at) {
  const alarms = alarmsOf(at);
  if (!counted.has(alarms)) counted.set(alarms, concernedBy(alarms, store.catalogue.plants[at]));
  return counted.get(alarms);
}

function concernedBy(alarms, card) {
  const found = { pressure: new Set(), dry: new Set(), quality: new Set() };
  for (const alarm of alarms) {
    const interrupted = alarm.event.id.rule === "supply-interrupted";
    if (!alarm.active || !(alarm.rule?.of_water || interrupted)) continue;
    const tag = card.tags[card.byTag.get(alarm.tag)];
    if (!tag || (tag.point !== "finished-water" && !tag.village)) continue;
    const set = interrupted ? found.dry : tag.quantity === "pressure" ? found.pressure : found.quality;
    const all = tag.point === "finished-water" ? card.villages : [card.byVillage.get(tag.village)];
    all.forEach((village) => village && set.add(village.id));
  }
  const people = (set) => card.villages.filter((it) => set.has(it.id)).reduce((n, it) => n + it.people, 0);
  const any = new Set([...found.pressure, ...found.dry, ...found.quality]);
  return {
    pressure: people(found.pressure), dry: people(found.dry),
    quality: people(found.quality), any: people(any),
  };
}

// The time that the monitor counts in: the newest any plant has reached.
export const now = () => store.replay?.at ?? Math.max(0, ...store.plants.map((plant) => plant.head.heard_at ?? plant.head.reached ?? 0));
export const isExercise = () => store.plants.some((plant) => plant.head.exercise);

// What happened at a plant, and to the monitor, oldest first.
export const plantEvents = (id) => store.records.filter((entry) => entry.plant === id || entry.plant === null);
