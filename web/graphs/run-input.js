/** The input of a run: a form where the graph has an `input_schema`, else JSON. */

import { JsonField } from "../parts/form/json-field.js";
import { SchemaForm, withDefaults } from "../parts/form/schema-form.js";
import { html } from "../parts/html.js";

/** @typedef {import("../server/request.js").Fault} Fault */

/** What a form begins with. @param {any} document of a graph */
export const firstInput = (document) => (document?.input_schema ? withDefaults(document.input_schema, document.input_schema) : undefined);

/** @param {{schema: any, value: any, onChange: (value: any) => void, faults: Fault[]}} props */
export function RunInput({ schema, value, onChange, faults }) {
  if (schema) return html`<${SchemaForm} schema=${schema} value=${value} onChange=${onChange} faults=${faults} idPrefix="input" />`;
  return html`
    <p class="quiet small">The graph has no <code>input_schema</code>: the input is any JSON, or nothing.</p>
    <${JsonField} id="input" label="Input as JSON" value=${value} onChange=${onChange} rows=${6} />
    ${faults.map((fault) => html`<p key=${fault.pointer} class="problem small" role="alert">${fault.message}</p>`)}
  `;
}
