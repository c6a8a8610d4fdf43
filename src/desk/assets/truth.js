// What is true, which no instrument shows: for those who lead an exercise or judge it. The desk
// tells nobody else.

import { call, changed, store } from "./store.js";
import { shown } from "./drill.js";

const known = { told: null, key: "", asked: null };

export const maySee = () => Boolean(store.catalogue.exercise) && ["instructor", "evaluator"].includes(store.role);

// The truth of the moment that pages show, or the last that is known of; asked for as that moves on.
export function truth() {
  const view = shown();
  const at = store.replay ? Math.round(store.replay.at) : null;
  ask(`${view?.branch} ${at ?? "now " + view?.now}`, at);
  return known.told;
}

function ask(key, at) {
  if (known.asked || key === known.key) return;
  known.asked = call("exercise/truth" + (at === null ? "" : "?at=" + at))
    .then((told) => { known.told = told; }, () => {}) // the next moment is asked for again
    .finally(() => {
      Object.assign(known, { key, asked: null });
      changed();
    });
}
