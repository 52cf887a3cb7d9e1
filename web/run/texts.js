/** The texts of all nodes that emit, as they come. */

import { html, useLayoutEffect, useRef } from "../parts/html.js";

/** @param {{texts: Map<string, import("./text-board.js").Text>, changes: number, onSelect: (id: string) => void}} props */
export function Texts({ texts, onSelect }) {
  if (texts.size === 0) return html`<p class="quiet">No agent of this run has emitted text.</p>`;
  return html`<section class="texts" aria-label="Texts">${[...texts].map(
    ([name, text]) => html`<article key=${name} class="card"><div class="row spread"><button class="link mono" onClick=${() => onSelect(name)}>${name}</button>
      <span class="quiet small">${text.final ? "" : "writing …"}${text.gap ? " a part is no longer there" : ""}</span></div><${Growing} text=${text.text} name=${name} /></article>`,
  )}</section>`;
}

/** A text that stays at its end while it grows, unless the reader has scrolled up. @param {{text: string, name: string}} props */
function Growing({ text, name }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const atEnd = useRef(true);
  useLayoutEffect(() => {
    if (box.current !== null && atEnd.current) box.current.scrollTop = box.current.scrollHeight;
  }, [text]);
  const look = () => {
    const element = box.current;
    if (element !== null) atEnd.current = element.scrollTop + element.clientHeight >= element.scrollHeight - 20;
  };
  return html`<pre class="emitted" ref=${box} onScroll=${look} tabindex="0" aria-label=${`Text of ${name}`}>${text}</pre>`;
}
