/** When each node was queued, ran and waited: one bar a node, over the time of the run. */

import { html, useMemo, useState } from "../../parts/html.js";
import { duration } from "../../parts/moment.js";
import { WindowedList } from "../../parts/windowed-list.js";
import { isPart } from "../../state/fold.js";

/** @typedef {import("../../state/fold.js").RunState} RunState */
/** @typedef {import("../../state/fold.js").NodeState} NodeState */

const ROW = 28;

/** @param {{state: RunState, until: number, changes: number, selected: string | null, onSelect: (id: string) => void}} props `until`: the moment at the right edge */
export function Timeline({ state, until, changes, selected, onSelect }) {
  const [parts, setParts] = useState(false);
  const rows = useMemo(() => rowsOf(state, parts), [state, parts, changes]);
  const from = state.started_at ? Date.parse(state.started_at) : until;
  const whole = Math.max(1, until - from);
  return html`
    <section class="timeline" aria-label="Timeline">
      <div class="row">
        <label class="row"><input type="checkbox" checked=${parts} onChange=${(/** @type {any} */ event) => setParts(event.currentTarget.checked)} /> parts too</label>
        <span class="key"><i data-of="queued"></i> queued <i data-of="running"></i> running <i data-of="waiting"></i> waiting</span>
        <span class="quiet small">0 to ${duration(whole)}</span>
      </div>
      <${WindowedList} count=${rows.length} rowHeight=${ROW} label="Timeline of the nodes"
        row=${(/** @type {number} */ at) => html`<${Bar} row=${rows[at]} from=${from} whole=${whole} until=${until} selected=${rows[at]?.[0] === selected} onSelect=${onSelect} />`} />
    </section>
  `;
}

/** @param {RunState} state @param {boolean} parts @returns {[string, NodeState][]} */
function rowsOf(state, parts) {
  return [...state.nodes].filter(([name, node]) => node.scheduled_at !== null && (parts || !isPart(name)));
}

/** @param {{row: [string, NodeState] | undefined, from: number, whole: number, until: number, selected: boolean, onSelect: (id: string) => void}} props */
function Bar({ row, from, whole, until, selected, onSelect }) {
  if (row === undefined) return null;
  const [name, node] = row;
  const scheduled = Date.parse(node.scheduled_at ?? "");
  const end = node.finished_at ? Date.parse(node.finished_at) : until;
  const started = node.started_at ? Date.parse(node.started_at) : node.status === "scheduled" ? end : scheduled;
  const at = (/** @type {number} */ moment) => `${Math.max(0, Math.min(100, (100 * (moment - from)) / whole))}%`;
  const wide = (/** @type {number} */ begin, /** @type {number} */ finish) => `${Math.max(0.15, Math.min(100, (100 * (finish - begin)) / whole))}%`;
  return html`<button class="bar" aria-pressed=${selected} onClick=${() => onSelect(name)}>
    <span class="name">${name}</span> <span class="visually-hidden">${node.status}</span>
    <span class="track">
      ${started > scheduled && html`<i data-of="queued" style=${{ left: at(scheduled), width: wide(scheduled, started) }}></i>`}
      ${node.status !== "scheduled" && html`<i data-of=${node.status === "waiting" ? "waiting" : node.status} style=${{ left: at(started), width: wide(started, end) }}></i>`}
    </span>
    <span class="length">${duration(end - scheduled)}</span>
  </button>`;
}
