/** Moments and durations in words. */

import { html, useEffect, useState } from "./html.js";

const STEPS = /** @type {const} */ ([
  [86_400_000, "day"],
  [3_600_000, "hour"],
  [60_000, "minute"],
  [1000, "second"],
]);
const AGO = new Intl.RelativeTimeFormat("en", { numeric: "always", style: "narrow" });

/**
 * Returns a length of time with the two greatest units: `1 h 2 min`, `3.4 s`, `87 ms`.
 * @param {number} ms
 */
export function duration(ms) {
  if (!Number.isFinite(ms) || ms < 0) return "";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 9950 ? 1 : 0)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min ${Math.floor((ms % 60_000) / 1000)} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/**
 * Returns the length of time between two moments, up to `now` if the second is missing.
 * @param {string | null | undefined} from
 * @param {string | null | undefined} until
 * @param {number} now
 */
export function between(from, until, now) {
  if (!from) return "";
  return duration(Math.max(0, (until ? Date.parse(until) : now) - Date.parse(from)));
}

/** @param {string} moment @param {number} now */
export function ago(moment, now) {
  const ms = Date.parse(moment) - now;
  for (const [size, unit] of STEPS) if (Math.abs(ms) >= size) return AGO.format(Math.trunc(ms / size), unit);
  return "now";
}

/** Returns the present moment, anew every second while `ticking`. @param {boolean} [ticking] */
export function useNow(ticking = true) {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!ticking) return;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [ticking]);
  return now;
}

/** @param {{at: string | null | undefined, now: number}} props */
export function Moment({ at, now }) {
  if (!at) return null;
  return html`<time datetime=${at} title=${new Date(at).toLocaleString()}>${ago(at, now)}</time>`;
}
