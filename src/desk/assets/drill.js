// The exercise that is played, as far as this page may see it; fetched anew when the stream says so.

import { call, changed, exercise, store } from "./store.js";
import { name, once } from "./answers.js";

let view = null;
let fetching = null;
let again = false;

export const shown = () => view;

export function begin() {
  exercise.news = hear;
  exercise.station = (data) => view && Object.assign(view, data);
  hear();
}

// Who plays has opened a trend or an alarm: looking is part of what is scored.
let opened = "";
export function look(deed) {
  if (!store.catalogue.exercise || store.role !== "operator" || store.replay || deed === opened || view?.ended) return;
  opened = deed;
  once("exercise/act", { by: name(), deed }).catch(() => { opened = ""; });
}

export function hear() {
  again = fetching !== null;
  fetching ??= call("exercise")
    .then((next) => {
      // The clock went back: what a trainee's page remembers has not happened.
      const isElsewhere = view && next.branch !== view.branch && ["operator", "viewer"].includes(store.role);
      view = next;
      if (isElsewhere) location.reload();
      changed();
    }, () => {})
    .finally(() => {
      fetching = null;
      if (again) hear();
    });
  return fetching;
}
