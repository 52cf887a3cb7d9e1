/** A field for a text, by the format that the schema names. */

import { html } from "../html.js";

/** @type {Record<string, string>} */
const TYPES = { date: "date", email: "email", uri: "url", url: "url", time: "time" };

/** @param {{id: string, schema: any, value: any, onChange: (value: any) => void, about: Record<string, any>, required: boolean}} props */
export function TextField({ id, schema, value, onChange, about, required }) {
  const change = (/** @type {any} */ event) => onChange(event.currentTarget.value === "" && !required ? undefined : event.currentTarget.value);
  if (schema.format === "date-time") {
    const set = (/** @type {any} */ event) => onChange(event.currentTarget.value === "" ? undefined : new Date(event.currentTarget.value).toISOString());
    return html`<input id=${id} type="datetime-local" step="1" value=${local(value)} onInput=${set} ...${about} />`;
  }
  const long = (schema.maxLength ?? 1000) > 200 && schema.format === undefined && schema.pattern === undefined;
  if (long) return html`<textarea id=${id} rows="2" class="prose" value=${value ?? ""} onInput=${change} ...${about}></textarea>`;
  return html`<input id=${id} type=${TYPES[schema.format] ?? "text"} value=${value ?? ""} maxlength=${schema.maxLength} onInput=${change} ...${about} />`;
}

/** @param {any} value */
function local(value) {
  const date = new Date(value ?? "");
  return Number.isNaN(date.getTime()) ? "" : new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}
