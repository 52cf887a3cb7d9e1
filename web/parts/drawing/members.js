/** The nodes of a folded box. */

import { Badge } from "../badge.js";
import { html, useEffect, useMemo, useRef, useState } from "../html.js";
import { WindowedList } from "../windowed-list.js";

/** @param {{box: import("./folding.js").Box, nodeOf?: (id: string) => any, onSelect?: (id: string) => void, onClose: () => void}} props */
export function Members({ box, nodeOf, onSelect, onClose }) {
  const [text, setText] = useState("");
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  useEffect(() => field.current?.focus(), [box]);
  const shown = useMemo(() => box.members.filter((id) => id.includes(text)), [box, text]);
  return html`
    <section class="members card" aria-label=${`Nodes of ${box.type}`} onKeyDown=${(/** @type {KeyboardEvent} */ event) => event.key === "Escape" && onClose()}>
      <div class="row spread"><h3>${box.members.length} × ${box.type}</h3><button onClick=${onClose}>Close</button></div>
      <input ref=${field} type="search" aria-label="Filter these nodes" placeholder="Filter" value=${text}
        onInput=${(/** @type {any} */ event) => setText(event.currentTarget.value)} />
      <${WindowedList} count=${shown.length} rowHeight=${34} label=${`Nodes of ${box.type}`}
        row=${(/** @type {number} */ at) => {
          const id = shown[at] ?? "";
          const node = nodeOf?.(id);
          return html`<button class="link mono" onClick=${() => onSelect?.(id)}>${id}</button> ${node && html`<${Badge} status=${node.status} />`}`;
        }} />
    </section>
  `;
}
