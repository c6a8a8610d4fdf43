// Numbers and times as people read them.

import { say } from "./words.js";

const two = (n) => String(n).padStart(2, "0");

// Local time of a plant.
export function clock(ms, offset_s, { date = false, seconds = true } = {}) {
  if (!ms) return "–";
  const at = new Date(ms + offset_s * 1000);
  const time = `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`;
  const day = date ? `${two(at.getUTCMonth() + 1)}-${two(at.getUTCDate())} ` : "";
  return day + time + (seconds ? `:${two(at.getUTCSeconds())}` : "");
}

export const wallClock = (ms) => clock(ms, -new Date(ms).getTimezoneOffset() * 60, { seconds: false });

// A span in a word or two.
export function span(ms) {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 90) return say("span-s", { n: s });
  if (s < 5400) return say("span-min", { n: Math.round(s / 60) });
  if (s < 172800) return say("span-h", { n: Math.round(s / 3600) });
  return say("span-d", { n: Math.round(s / 86400) });
}

export const grouped = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, ",");

function decimals(quantity, value) {
  if (quantity === "pressure") return Math.abs(value) < 100 ? 1 : 0;
  if (quantity === "flow" || quantity === "conductivity") return 1;
  if (quantity === "turbidity" && Math.abs(value) >= 10) return 1;
  return quantity === "state" ? 0 : 2;
}

export function figure(tag, value) {
  if (value === null || value === undefined || Math.abs(value) >= 1e6) return "–";
  return value.toFixed(decimals(tag.quantity, value));
}

export const unitOf = (tag) => (tag.unit === "1" ? "" : tag.unit);
export const withUnit = (tag, value) => `${figure(tag, value)} ${unitOf(tag)}`.trim();
