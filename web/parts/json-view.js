/** A JSON value, large ones cut; the whole can be copied or downloaded. */

import { html, useMemo, useState } from "./html.js";
import { send } from "../server/request.js";

const SHOWN = 20_000;

/**
 * @typedef {object} JsonViewProps
 * @property {any} value
 * @property {string} label what it is, for its buttons
 * @property {number} [bytes] of the whole, where `value` is not it
 * @property {string | null} [url] of the whole at the API
 */

/** @param {JsonViewProps} props */
export function JsonView({ value, label, bytes, url }) {
  const text = useMemo(() => (typeof value === "string" ? value : (JSON.stringify(value, null, 2) ?? "null")), [value]);
  const [all, setAll] = useState(false);
  const missing = (value === null || value === undefined) && bytes !== undefined && bytes > 4;
  const long = text.length > SHOWN;
  return html`
    <div class="json">
      ${missing ? html`<p class="quiet">${size(bytes)}: too large to be shown here.</p>` : html`<pre tabindex="0" aria-label=${label}>${all || !long ? text : `${text.slice(0, SHOWN)}…`}</pre>`}
      <div class="row small">
        ${long && !all && html`<button onClick=${() => setAll(true)}>Show all ${size(text.length)}</button>`}
        ${!missing && html`<button onClick=${() => navigator.clipboard?.writeText(text)} aria-label=${`Copy ${label}`}>Copy</button>`}
        ${(missing || long) && url && html`<button onClick=${() => download(url, `${label}.json`)} aria-label=${`Download ${label}`}>Download</button>`}
      </div>
    </div>
  `;
}

/** @param {number} bytes */
export function size(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(1)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

/**
 * Saves what the API answers as a file; a link alone would bring no key.
 * @param {string} url
 * @param {string} name
 */
export async function download(url, name) {
  save(await (await send(url)).blob(), name);
}

/**
 * Saves data as a file.
 * @param {Blob} data
 * @param {string} name
 */
export function save(data, name) {
  const place = URL.createObjectURL(data);
  const link = document.createElement("a");
  link.href = place;
  link.download = name.replace(/[^\w.-]+/g, "_");
  link.click();
  setTimeout(() => URL.revokeObjectURL(place), 10_000);
}
