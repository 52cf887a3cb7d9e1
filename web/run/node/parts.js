/** The parts of a node: items of a map, rounds of a repetition, turns and calls of a model, nodes of child runs. */

import { Badge } from "../../parts/badge.js";
import { html, useMemo } from "../../parts/html.js";
import { duration } from "../../parts/moment.js";
import { WindowedList } from "../../parts/windowed-list.js";

/** @param {{store: import("../run-store.js").RunStore, name: string, onSelect: (id: string) => void}} props */
export function Parts({ store, name, onSelect }) {
  const names = useMemo(() => partsIn(store.state, name), [store.changes, name]);
  if (names.length === 0) return null;
  return html`<h3>Parts (${names.length})</h3>
    <${WindowedList} count=${names.length} rowHeight=${32} label=${`Parts of ${name}`} row=${(/** @type {number} */ at) => {
      const part = names[at] ?? "";
      const node = store.state.nodes.get(part);
      const took = node?.started_at && node.finished_at ? duration(Date.parse(node.finished_at) - Date.parse(node.started_at)) : "";
      return html`<button class="link mono" onClick=${() => onSelect(part)}>${part.slice(name.length)}</button> <${Badge} status=${node?.status ?? "pending"} /> <span class="quiet small">${took}</span>`;
    }} />`;
}

/** Names of the parts directly in this node, and of those that stand for themselves. @param {import("../../state/fold.js").RunState} state @param {string} name */
function partsIn(state, name) {
  const found = [];
  for (const each of state.nodes.keys()) if (each.startsWith(`${name}[`) || each.startsWith(`${name}/`)) found.push(each);
  return found;
}
