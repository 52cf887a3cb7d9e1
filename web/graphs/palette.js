/** What a graph can be made of, beside its text: nodes to put in, and the schema of the one where the cursor is. */

import { EntrySchemas, firstSentence, fits } from "../catalog/catalog.js";
import { html, useMemo, useState } from "../parts/html.js";
import { Prose } from "../parts/prose.js";

/** @typedef {import("../catalog/catalog.js").Entry} Entry */

const SHOWN = 60;

/** @param {{entries: Entry[], near: Entry | null, onInsert: (entry: Entry) => void}} props */
export function Palette({ entries, near, onInsert }) {
  const [search, setSearch] = useState("");
  const found = useMemo(() => entries.filter((entry) => entry.kind !== "tool" && fits(entry, search)), [entries, search]);
  return html`
    <section class="card palette" aria-label="Nodes">
      ${near && html`<details class="near" open><summary>At the cursor: <code class="strong">${near.name}</code></summary>
        <p class="small"><${Prose} text=${firstSentence(near.description)} /></p><${EntrySchemas} entry=${near} /></details>`}
      <h2>Put in a node</h2>
      <input type="search" class="search-field" aria-label="Search agents and tools" placeholder="Search agents and tools" value=${search}
        onInput=${(/** @type {any} */ event) => setSearch(event.currentTarget.value)} />
      <ul>${found.slice(0, SHOWN).map((entry) => html`<li key=${entry.name}>
        <button onClick=${() => onInsert(entry)} aria-label=${`Put in ${entry.name}`}>+</button>
        <span><code class="strong">${entry.name}</code> <span class="quiet small"><${Prose} text=${firstSentence(entry.description)} /></span></span></li>`)}</ul>
      ${found.length > SHOWN && html`<p class="quiet small">${found.length - SHOWN} more: search.</p>`}
    </section>
  `;
}
