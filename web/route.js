/** Where the reader is: a path and filters behind the `#` of the address, so that Back, reload and a sent link work. */

import { useEffect, useState } from "./parts/html.js";

/**
 * @typedef {object} Route
 * @property {string[]} path such as `["runs", "r_1"]`
 * @property {URLSearchParams} query
 */

/** @returns {Route} */
export function route() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?", 2);
  const parts = (path ?? "").split("/").filter((part) => part !== "");
  return { path: parts.map(decoded), query: new URLSearchParams(query) };
}

/** @param {string} part */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Returns the route, and renders anew when it changes. */
export function useRoute() {
  const [now, setNow] = useState(route);
  useEffect(() => {
    const listener = () => setNow(route());
    addEventListener("hashchange", listener);
    return () => removeEventListener("hashchange", listener);
  }, []);
  return now;
}

/**
 * Returns the address of a view, for `href`.
 * @param {string[]} path
 * @param {Record<string, string | string[] | null | undefined> | URLSearchParams} [query] null, undefined and "" are left out
 */
export function href(path, query = {}) {
  const values = query instanceof URLSearchParams ? query : new URLSearchParams();
  if (!(query instanceof URLSearchParams)) {
    for (const [name, value] of Object.entries(query)) {
      for (const each of Array.isArray(value) ? value : [value]) if (each) values.append(name, each);
    }
  }
  const text = values.toString();
  return `#/${path.map(encodeURIComponent).join("/")}${text === "" ? "" : `?${text}`}`;
}

/**
 * Goes to a view; `replace` leaves no step for Back.
 * @param {string[]} path
 * @param {Parameters<typeof href>[1]} [query]
 * @param {{replace?: boolean}} [how]
 */
export function go(path, query, how = {}) {
  const target = href(path, query);
  if (!how.replace) {
    location.hash = target;
    return;
  }
  history.replaceState(null, "", target);
  dispatchEvent(new HashChangeEvent("hashchange"));
}
