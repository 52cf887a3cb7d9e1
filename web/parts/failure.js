/** Why a node or a run failed: the sentence, where it happened, the causes and the author's own lines. */

import { html } from "./html.js";

/** @param {{error: any}} props */
export function FailureView({ error }) {
  const exception = error.exception;
  return html`
    <div class="failure">
      <p><strong class="mono">${error.code}</strong> ${error.message}</p>
      ${error.worker && html`<p class="quiet small">on ${error.worker}</p>`}
      ${exception && html`<${Raised} told=${exception} type=${exception.type} />`}
      ${exception?.causes?.map((/** @type {any} */ cause, /** @type {number} */ at) => html`<div key=${at} class="cause">
        <p class="small"><span class="quiet">${RELATIONS[cause.relation] ?? cause.relation}</span> <strong class="mono">${cause.type}</strong> ${cause.message}</p>
        <${Raised} told=${cause} type="" /></div>`)}
      ${error.details !== null && error.details !== undefined && html`<details><summary>Details</summary><pre tabindex="0">${JSON.stringify(error.details, null, 2)}</pre></details>`}
    </div>
  `;
}

/** @type {Record<string, string>} */
const RELATIONS = { cause: "caused by", context: "while handling", part: "part of it:" };

/** @param {{told: any, type: string}} props */
function Raised({ told, type }) {
  if (!told.frames?.length && !type) return null;
  return html`<pre tabindex="0" class="frames" aria-label="Traceback">${told.frames?.map((/** @type {any} */ frame) => `${frame.file}:${frame.line} in ${frame.function}\n`)}${type}</pre>`;
}
