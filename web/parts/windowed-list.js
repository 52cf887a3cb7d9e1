/** A list of which only the rows in view are in the page, however long it is. Every row has the same height. */

import { html, useEffect, useLayoutEffect, useRef, useState } from "./html.js";

const SPARE = 8;

/**
 * @typedef {object} WindowedListProps
 * @property {number} count
 * @property {number} rowHeight in CSS pixels
 * @property {(at: number) => any} row
 * @property {string} label
 * @property {boolean} [follow] stay at the end as the list grows, unless the reader has scrolled up
 */

/** @param {WindowedListProps} props */
export function WindowedList({ count, rowHeight, row, label, follow }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const atEnd = useRef(true);
  const [seen, setSeen] = useState({ top: 0, height: 600 });
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const look = () => {
      atEnd.current = element.scrollTop + element.clientHeight >= element.scrollHeight - rowHeight;
      setSeen({ top: element.scrollTop, height: element.clientHeight });
    };
    const sized = new ResizeObserver(look);
    sized.observe(element);
    element.addEventListener("scroll", look, { passive: true });
    return () => (sized.disconnect(), element.removeEventListener("scroll", look));
  }, [rowHeight]);
  useLayoutEffect(() => {
    if (follow && atEnd.current && box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  }, [count, follow]);
  const first = Math.max(0, Math.floor(seen.top / rowHeight) - SPARE);
  const last = Math.min(count, Math.ceil((seen.top + seen.height) / rowHeight) + SPARE);
  const rows = [];
  for (let at = first; at < last; at++) {
    rows.push(html`<li key=${at} style=${{ top: `${at * rowHeight}px`, height: `${rowHeight}px` }} aria-setsize=${count} aria-posinset=${at + 1}>${row(at)}</li>`);
  }
  return html`<div class="windowed" ref=${box} tabindex="0" role="region" aria-label=${label}>
    <ul style=${{ height: `${count * rowHeight}px` }}>${rows}</ul>
  </div>`;
}
