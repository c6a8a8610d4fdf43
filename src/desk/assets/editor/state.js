// The text that is edited, what the server makes of it, and the way back.

const AGAIN_MS = 400;

export const state = {
  cards: null, name: "", kept: "", folder: "", copyOf: null, seen: null, disk: "",
  text: "", form: null, mistakes: [], holds: false,
  past: [], future: [], open: new Set(), notice: null, said: { text: "", bad: false }, error: "", rehearsal: null,
};

// Where on the server the text is read and changed.
export const place = { path: "editor/" };

let draw = () => {};
export const onChange = (how) => { draw = how; };
export const changed = () => draw();
export function tell(text, bad = false) { state.said = { text, bad }; changed(); }

export class Refused extends Error {
  constructor(status, text) { super(text); this.status = status; }
}

async function call(path, options = {}) {
  const response = await fetch("api/" + path, { credentials: "same-origin", ...options });
  const said = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(response.status, said.error ?? response.statusText);
  return said;
}

// Whatever is posted can be posted again: nothing is done twice by it.
export async function post(what, body) {
  const headers = { "Content-Type": "application/json" };
  for (let attempt = 0; ; attempt++) {
    try {
      return await call(place.path + what, { method: "POST", headers, body: JSON.stringify(body) });
    } catch (error) {
      if (error.status || attempt === 2) throw error;
      await new Promise((done) => setTimeout(done, AGAIN_MS * 2 ** attempt));
    }
  }
}

export const rehearsal = () => call("editor/rehearsal");

// The token of the link becomes a cookie that no script can read, and leaves the address.
export async function enter() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token) {
    history.replaceState(null, "", location.pathname);
    await call("session", { method: "POST", headers: { Authorization: "Bearer " + token } });
  }
  opened(await call("editor"));
}

// What is not saved survives a reload of the page.
const shelf = () => `draft:${state.folder}/${state.kept}`;
export const dirty = () => state.text !== state.disk || (state.copyOf !== null && state.seen === null);
function keepDraft() {
  if (!state.kept) return; // it is no file
  if (state.text === state.disk) localStorage.removeItem(shelf());
  else localStorage.setItem(shelf(), JSON.stringify({ text: state.text, seen: state.seen }));
}

export function opened(said) {
  Object.assign(state, { cards: said.cards, name: said.name, kept: said.name, folder: said.folder, copyOf: said.copy_of, seen: said.seen, disk: said.text, text: said.text, past: [], future: [] });
  const kept = JSON.parse(localStorage.getItem(shelf()) ?? "null");
  if (kept && kept.text !== said.text) {
    state.notice = kept.seen === said.seen ? "ed-restored" : "ed-restored-other";
    // Known by what was on disk when it was written, so that nobody's change is lost.
    Object.assign(state, { text: kept.text, seen: kept.seen });
  }
}

// One after another: each change is of the text that the one before has left.
let turn = Promise.resolve();
const next = (what) => (turn = turn.then(what, what));

function take(said, past = state.text) {
  if (said.text !== past) {
    state.past.push(past);
    state.future = [];
  }
  Object.assign(state, { text: said.text, form: said.form ?? state.form, broken: said.form === null, mistakes: said.mistakes, holds: said.holds, error: "" });
  keepDraft();
  changed();
}

export const describe = (text = state.text, past = text) => next(async () => {
  try {
    const said = await post("describe", { text });
    // Somebody may have typed on.
    if (text === state.text) take(said, past);
  } catch (error) { failed(error); }
});

function failed(error) {
  state.error = error.status ? error.message : "";
  tell(state.error || "!", true);
}

// Changes the text as a form wants it; gives whether it could be done.
export const change = (...changes) => next(async () => {
  const past = state.text;
  try {
    let said = null;
    for (const wish of changes) said = await post("change", { text: said?.text ?? past, change: wish });
    take(said, past);
    return true;
  } catch (error) {
    failed(error);
    return false;
  }
});

export const set = (path, value) => change({ change: "set", path, value });

// Typed by hand: it is read a moment later, and is one step back.
let typed = null;
export function type(text) {
  const past = typed?.past ?? state.text;
  clearTimeout(typed?.timer);
  state.text = text;
  keepDraft();
  typed = { past, timer: setTimeout(() => { typed = null; describe(state.text, past); }, 350) };
}

export function back() {
  if (!state.past.length) return;
  state.future.push(state.text);
  state.text = state.past.pop();
  keepDraft();
  describe();
}

export function forth() {
  if (!state.future.length) return;
  state.past.push(state.text);
  state.text = state.future.pop();
  keepDraft();
  describe();
}

export async function save() {
  const { text, name } = state;
  const seen = name === state.kept ? state.seen : null;
  try {
    const said = await post("save", { text, name, seen });
    localStorage.removeItem(shelf());
    Object.assign(state, { seen: said.seen, disk: text, kept: said.name, name: said.name, copyOf: null, notice: null, conflict: "" });
    localStorage.removeItem(shelf());
    if (state.text !== text) keepDraft();
    changed();
    return said.path;
  } catch (error) {
    state.conflict = error.status === 409 ? error.message : "";
    if (error.status !== 409) failed(error);
    changed();
    return null;
  }
}

// What is on disk, in place of what is here; a step back brings that again.
export async function reread() {
  const past = state.text;
  try {
    const said = await post("open", { name: state.kept });
    localStorage.removeItem(shelf());
    Object.assign(state, { seen: said.seen, disk: said.text, text: said.text, conflict: "", notice: null });
    state.past.push(past);
    await describe();
  } catch (error) { failed(error); }
}
