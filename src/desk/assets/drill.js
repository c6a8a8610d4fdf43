// The exercise that is played, as far as this page may see it; fetched anew when the stream says so.

import { call, changed, exercise } from "./store.js";

let view = null;
let fetching = null;
let again = false;

export const shown = () => view;

export function begin() {
  exercise.news = hear;
  hear();
}

export function hear() {
  again = fetching !== null;
  fetching ??= call("exercise")
    .then((next) => { view = next; changed(); }, () => {})
    .finally(() => {
      fetching = null;
      if (again) hear();
    });
  return fetching;
}
