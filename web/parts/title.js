/** The title of the browser's tab: what the view shows. */

import { useEffect } from "./html.js";

/** @param {string} text empty while it is not known */
export function useTitle(text) {
  useEffect(() => {
    if (text !== "") document.title = `${text} · Wand`;
  }, [text]);
}
