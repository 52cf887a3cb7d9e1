/** The faults and warnings of a text, each a way to its place. */

import { html } from "../parts/html.js";
import { Prose } from "../parts/prose.js";

/** @typedef {import("./check.js").Checked} Checked */
/** @typedef {import("./check.js").PlacedFault} PlacedFault */

const SHOWN = 100;

/** @param {Checked} checked */
export function sentenceOfCheck({ state, faults, warnings }) {
  const warned = warnings.length === 0 ? "" : `, ${counted(warnings.length, "warning")}`;
  switch (state) {
    case "checking": return "Checking …";
    case "sound": return `✓ Without a fault${warned}.`;
    case "faulty": return `✕ ${counted(faults.length, "fault")}${warned}.`;
    default: return "✕ It cannot be read yet.";
  }
}

/** @param {number} count @param {string} noun */
const counted = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** @param {{checked: Checked, onGo: (line: number, column: number) => void}} props */
export function FaultList({ checked, onGo }) {
  const rows = [...checked.faults.map((fault) => ({ fault, kind: "fault" })), ...checked.warnings.map((fault) => ({ fault, kind: "warning" }))];
  return html`<ul class="faults" aria-label="Faults and warnings">${rows.slice(0, SHOWN).map(({ fault, kind }) =>
    html`<li key=${`${kind} ${fault.pointer} ${fault.code} ${fault.message}`} data-kind=${kind}><${Row} fault=${fault} onGo=${onGo} /></li>`)}
    ${rows.length > SHOWN && html`<li class="quiet">${rows.length - SHOWN} more.</li>`}</ul>`;
}

/** @param {{fault: PlacedFault, onGo: (line: number, column: number) => void}} props */
function Row({ fault, onGo }) {
  const { line, column, pointer, message } = fault;
  const told = html`<span><${Prose} text=${message} /> ${pointer && html`<code class="quiet">${pointer}</code>`}</span>`;
  if (!line) return told;
  return html`<button onClick=${() => onGo(line, column ?? 1)}><span class="line">${line}:${column ?? 1}</span>${told}</button>`;
}
