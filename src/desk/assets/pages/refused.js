// The quarantine as those look into it who play: what came over the broker and was not believed. All of
// it is text, whoever wrote it.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { call, changed } from "../store.js";
import { clock } from "../format.js";
import { say } from "../words.js";

const state = { kept: null, total: 0, error: "" };

export async function open() {
  try {
    Object.assign(state, await call("exercise/quarantine"), { error: "" });
  } catch (error) {
    Object.assign(state, { kept: [], total: 0, error: error.status ? error.message : say("not-sent") });
  }
  changed();
}

export function close() {
  state.kept = null;
  changed();
}

export const isOpen = () => state.kept !== null;

const reasonOf = (reason) => {
  const text = say("ex-refused-" + reason);
  return text === "ex-refused-" + reason ? reason : text;
};

// When a message came is told by the wall's clock, in this browser's zone.
const time = (at) => clock(Date.parse(at), -new Date(Date.parse(at)).getTimezoneOffset() * 60);

export function panel(leave) {
  if (!isOpen()) return nothing;
  const { kept, total, error } = state;
  const keys = (event) => { if (event.key === "Escape") leave(); };
  return html`<section class="panel ex-refused" aria-labelledby="ex-refused" @keydown=${keys}>
    <h2 id="ex-refused" tabindex="-1">${say("ex-refused-title", { n: total })}</h2>
    <p class="muted">${say("ex-refused-text", { n: kept.length })}</p>${error ? html`<p class="error" role="alert">${error}</p>` : nothing}
    ${kept.length ? html`<div class="scroll" tabindex="0" role="region" aria-label=${say("ex-verb-open-quarantine")}><table>
      <thead><tr><th scope="col">${say("ex-refused-when")}</th><th scope="col">${say("ex-refused-kind")}</th><th scope="col">${say("ex-refused-topic")}</th><th scope="col">${say("ex-refused-begins")}</th></tr></thead>
      <tbody>${kept.map((it) => html`<tr><td class="time">${time(it.at)}</td><td>${reasonOf(it.reason)}${it.retained ? html` · ${say("ex-refused-was-retained")}` : nothing}${it.detail ? html`<br><small><bdi>${it.detail}</bdi></small>` : nothing}</td>
        <td><bdi>${it.topic}</bdi></td><td><code><bdi>${it.base64 ? "base64: " : ""}${it.payload}</bdi></code></td></tr>`)}</tbody></table></div>` : nothing}
    <p class="buttons"><button @click=${leave}>${say("close")}</button> <button @click=${open}>${say("ex-refused-again")}</button></p></section>`;
}
