/** The events of a run, filtered by node, level and text; the end is followed until the reader scrolls up. */

import { html, useMemo, useState } from "../../parts/html.js";
import { WindowedList } from "../../parts/windowed-list.js";

/** @typedef {import("../../server/types.js").RunEvent} RunEvent */

const LEVELS = ["debug", "info", "warning", "error"];
const ROW = 26;

/** @param {{events: RunEvent[], count: number, node: string | null, onNode: (id: string) => void}} props `count`: how many of the events are to be seen */
export function Log({ events, count, node, onNode }) {
  const [level, setLevel] = useState("debug");
  const [text, setText] = useState("");
  const [only, setOnly] = useState(false);
  const [open, setOpen] = useState(/** @type {RunEvent | null} */ (null));
  const shown = useMemo(() => selected(events, count, level, text, only ? node : null), [events, count, level, text, only, node]);
  return html`
    <section class="log" aria-label="Log">
      <div class="row filters-of-log">
        <label for="log-level">Level</label>
        <select id="log-level" onChange=${(/** @type {any} */ event) => setLevel(event.currentTarget.value)}>
          ${LEVELS.map((each) => html`<option key=${each} value=${each} selected=${each === level}>${each}${each === "error" ? "" : " and graver"}</option>`)}
        </select>
        <input type="search" aria-label="Find in the log" placeholder="Find" value=${text} onInput=${(/** @type {any} */ event) => setText(event.currentTarget.value)} />
        ${node !== null && html`<label class="row"><input type="checkbox" checked=${only} onChange=${(/** @type {any} */ event) => setOnly(event.currentTarget.checked)} /> only ${node}</label>`}
        <span class="quiet small" role="status">${shown.length} of ${count} events</span>
      </div>
      <${WindowedList} count=${shown.length} rowHeight=${ROW} follow label="Events" row=${(/** @type {number} */ at) => html`<${Line} event=${shown[at]} onOpen=${setOpen} onNode=${onNode} />`} />
      ${open !== null && html`<div class="card opened"><div class="row spread"><strong>${open.seq} ${open.type}</strong><button onClick=${() => setOpen(null)}>Close</button></div>
        <pre tabindex="0" aria-label="The event">${JSON.stringify(open, null, 2)}</pre></div>`}
    </section>
  `;
}

/** @param {RunEvent[]} events @param {number} count @param {string} level @param {string} text @param {string | null} node */
function selected(events, count, level, text, node) {
  const least = LEVELS.indexOf(level);
  const wanted = text.toLowerCase();
  const found = [];
  for (let at = 0; at < count; at++) {
    const event = events[at];
    if (event === undefined || LEVELS.indexOf(event.level) < least) continue;
    if (node !== null && event.node !== node && !event.node?.startsWith(`${node}[`) && !event.node?.startsWith(`${node}/`)) continue;
    if (wanted !== "" && !event.message.toLowerCase().includes(wanted) && !event.type.includes(wanted) && !event.node?.toLowerCase().includes(wanted)) continue;
    found.push(event);
  }
  return found;
}

/** @param {{event: RunEvent | undefined, onOpen: (event: RunEvent) => void, onNode: (id: string) => void}} props */
function Line({ event, onOpen, onNode }) {
  if (event === undefined) return null;
  return html`<div class="line" data-level=${event.level}>
    <button class="link seq" aria-label=${`Event ${event.seq}`} onClick=${() => onOpen(event)}>${event.seq}</button>
    <time datetime=${event.ts}>${event.ts.slice(11, 23)}</time>
    <span class="kind">${event.type}</span>
    ${event.node && html`<button class="link" onClick=${() => onNode(event.node ?? "")}>${event.node}</button>`}
    <span class="text">${event.message}</span>
  </div>`;
}
