/** Sentences in place of, or above, what a view shows. */

import { html } from "./html.js";

/** @param {{kind: "info" | "warning" | "error", text: string, children?: any}} props */
export function Notice({ kind, text, children }) {
  return html`<div class=${`notice ${kind}`} role=${kind === "error" ? "alert" : "status"}><p>${text}</p>${children}</div>`;
}

export function Loading() {
  return html`<p class="loading" role="status">Loading …</p>`;
}
