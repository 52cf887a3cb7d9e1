/** The API key of this tab: asked for once, kept until the tab is closed, and in no address. */

const PLACE = "wand.key";

/** @type {Set<() => void>} */
const listeners = new Set();

/** @returns {string | null} */
export function key() {
  return sessionStorage.getItem(PLACE);
}

/** @param {string | null} value */
export function setKey(value) {
  if (value === null) sessionStorage.removeItem(PLACE);
  else sessionStorage.setItem(PLACE, value);
  for (const listener of listeners) listener();
}

/**
 * Calls `listener` after each change of the key, until the returned function is called.
 * @param {() => void} listener
 */
export function onKey(listener) {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** @returns {Record<string, string>} */
export function keyHeaders() {
  const known = key();
  return known === null ? {} : { "X-API-Key": known };
}
