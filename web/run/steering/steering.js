/** What can be done to a run: buttons for what its state allows, each asked for where it cannot be undone. */

import { Dialog } from "../../parts/dialog.js";
import { html, useState } from "../../parts/html.js";
import { go } from "../../route.js";
import { path, request } from "../../server/request.js";
import { hasEnded } from "../../state/fold.js";

/**
 * @typedef {object} Deed
 * @property {string} name
 * @property {string} text what will happen
 * @property {boolean} [danger]
 * @property {() => Promise<unknown>} act
 */

/**
 * @param {{runId: string, status: string, exceeded: boolean, onDone: () => void}} props
 */
export function Steering({ runId, status, exceeded, onDone }) {
  const [asked, setAsked] = useState(/** @type {Deed | null} */ (null));
  const [budget, setBudget] = useState("");
  const deeds = deedsOf(runId, status);
  return html`
    <div class="row" role="group" aria-label="Steering">
      ${deeds.map((deed) => html`<button key=${deed.name} class=${deed.danger ? "danger" : ""} onClick=${() => setAsked(deed)}>${deed.name}</button>`)}
      ${exceeded && html`<button onClick=${() => setAsked({ name: "Raise the budget", text: "The run goes on, and may spend this much in all.", act: async () => {
        await request(path`/runs/${runId}/budget`, { method: "POST", json: { usd: Number(budget) } });
        await request(path`/runs/${runId}/resume`, { method: "POST" });
      } })}>Raise the budget</button>`}
      ${asked && html`<${Dialog} key=${asked.name} title=${`${asked.name}?`} verb=${asked.name} danger=${asked.danger}
        act=${async () => (await asked.act(), onDone())} onClose=${() => setAsked(null)}>
        <p>${asked.text}</p>
        ${asked.name === "Raise the budget" && html`<label for="budget">US dollars</label>
          <input id="budget" type="number" min="0" step="any" required value=${budget} onInput=${(/** @type {any} */ event) => setBudget(event.currentTarget.value)} />`}
      <//>`}
    </div>
  `;
}

/** @param {string} runId @param {string} status @returns {Deed[]} */
function deedsOf(runId, status) {
  const post = (/** @type {string} */ verb) => () => request(`${path`/runs/${runId}`}/${verb}`, { method: "POST" });
  if (hasEnded(status)) {
    return [
      { name: "Retry", text: "A new run starts. Nodes that had succeeded keep their outputs and do not run again.", act: () => retried(runId, []) },
      { name: "Delete", danger: true, text: "The run, its child runs, events and files are deleted for good.", act: async () => {
        await request(path`/runs/${runId}`, { method: "DELETE" });
        go(["runs"]);
      } },
    ];
  }
  const cancel = { name: "Cancel", danger: true, text: "Agents in flight are told to stop, and nothing else starts. This cannot be undone.", act: post("cancel") };
  if (status === "cancelling") return [];
  if (status === "paused") return [{ name: "Resume", text: "Nodes that are ready start.", act: post("resume") }, cancel];
  return [{ name: "Pause", text: "No node starts until the run is resumed; nodes in flight finish.", act: post("pause") }, cancel];
}

/**
 * Retries a run from these nodes and goes to the new one.
 * @param {string} runId
 * @param {string[]} from
 */
export async function retried(runId, from) {
  const created = await request(path`/runs/${runId}/retry`, { method: "POST", json: { from } });
  go(["run", created.run_id]);
}
