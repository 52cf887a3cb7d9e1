/** The status of a run or a node, by colour, sign and word: nobody has to tell colours apart. */

import { html } from "./html.js";

/** @type {Record<string, string>} */
export const SIGNS = {
  pending: "○",
  scheduled: "◔",
  running: "▶",
  retrying: "↻",
  waiting: "◆",
  paused: "‖",
  cancelling: "◌",
  succeeded: "✓",
  failed: "✕",
  timed_out: "◷",
  terminated: "■",
  skipped: "↷",
  cancelled: "⊘",
};

/** @param {string} status */
export const wordOf = (status) => status.replace("_", " ");

/** @param {{status: string}} props */
export function Badge({ status }) {
  return html`<span class="badge" data-status=${status}><span aria-hidden="true">${SIGNS[status] ?? ""}</span> ${wordOf(status)}</span>`;
}
