/** A field that filters what is below it as the reader types; the text stands in the address. */

import { html, useEffect, useRef } from "./html.js";
import { go } from "../route.js";

const PAUSE_MS = 150;

/** @param {{label: string, path: string[], query: URLSearchParams, name?: string}} props */
export function SearchField({ label, path, query, name = "search" }) {
  const timer = useRef(/** @type {number | undefined} */ (undefined));
  useEffect(() => () => clearTimeout(timer.current), []);
  /** @param {any} event */
  const changed = (event) => {
    const text = event.currentTarget.value;
    clearTimeout(timer.current);
    timer.current = setTimeout(() => go(path, { ...Object.fromEntries(query), [name]: text }, { replace: true }), PAUSE_MS);
  };
  return html`<input type="search" class="search-field" aria-label=${label} placeholder=${label}
    defaultValue=${query.get(name) ?? ""} onInput=${changed} />`;
}
