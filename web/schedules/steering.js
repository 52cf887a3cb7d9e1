/** What can be done with a schedule: pause, resume, a run now, the runs of a time in the past, deletion. */

import { sentenceOf } from "../parts/answer.js";
import { Dialog } from "../parts/dialog.js";
import { html, useState } from "../parts/html.js";
import { go, href } from "../route.js";
import { path, request } from "../server/request.js";

export const OVERLAPS = /** @type {const} */ ([
  ["skip", "start no run"],
  ["buffer_one", "run one afterwards"],
  ["buffer_all", "run all afterwards"],
  ["cancel_other", "cancel it, then run"],
  ["terminate_other", "terminate it, then run"],
  ["allow_all", "run at once"],
]);

/**
 * @param {object} props
 * @param {string} props.id
 * @param {boolean} props.paused
 * @param {() => void} props.again reads anew what the view shows
 * @param {boolean} [props.brief] only what a list has room for
 */
export function Steering({ id, paused, again, brief = false }) {
  const [said, setSaid] = useState(/** @type {{text: string, run?: string, bad?: boolean} | null} */ (null));
  const [asked, setAsked] = useState(/** @type {"delete" | "backfill" | null} */ (null));
  /** @param {() => Promise<{text: string, run?: string}>} work */
  const doing = (work) => async () => {
    try {
      setSaid(await work());
      again();
    } catch (error) {
      setSaid({ text: sentenceOf(error), bad: true });
    }
  };
  const steer = (/** @type {string} */ word) => request(`${path`/schedules/${id}`}/${word}`, { method: "POST" });
  const toggle = doing(async () => {
    await steer(paused ? "resume" : "pause");
    return { text: paused ? "It goes on." : "It is paused." };
  });
  const trigger = doing(async () => {
    const { run_id: run } = /** @type {{run_id: string}} */ (await steer("trigger"));
    return { text: "Started", run };
  });
  const remove = async () => {
    await request(path`/schedules/${id}`, { method: "DELETE" });
    go(["schedules"]);
  };
  return html`
    <div class="row schedule-steering">
      <button onClick=${toggle} aria-label=${brief ? `${paused ? "Resume" : "Pause"} ${id}` : undefined}>${paused ? "Resume" : "Pause"}</button>
      <button onClick=${trigger} aria-label=${brief ? `Run now: ${id}` : undefined}>Run now</button>
      ${!brief && html`<button onClick=${() => setAsked("backfill")}>Backfill …</button>
        <button class="danger" onClick=${() => setAsked("delete")}>Delete …</button>`}
      <span class=${said?.bad ? "error small" : "quiet small"} role="status">${said?.text}${said?.run && html` <a href=${href(["run", said.run])}>the run</a>.`}</span>
    </div>
    ${asked === "delete" && html`<${Dialog} title="Delete this schedule?" verb="Delete" danger=${true} onClose=${() => setAsked(null)} act=${remove}>
      <p>No more runs of ${id} are started. Those that it started stay, and continue.</p>
    <//>`}
    ${asked === "backfill" && html`<${Backfill} id=${id} onClose=${() => (setAsked(null), again())} />`}
  `;
}

/** @param {{id: string, onClose: () => void}} props */
function Backfill({ id, onClose }) {
  const [given, setGiven] = useState({ from: "", until: "", overlap: "buffer_all" });
  const set = (/** @type {string} */ name) => (/** @type {any} */ event) => setGiven({ ...given, [name]: event.currentTarget.value });
  const send = async () => {
    const json = { start_at: new Date(given.from).toISOString(), end_at: new Date(given.until).toISOString(), overlap: given.overlap };
    await request(`${path`/schedules/${id}`}/backfill`, { method: "POST", json });
  };
  return html`
    <${Dialog} title="Start the runs of a time in the past" verb="Start them" act=${send} onClose=${onClose}>
      <p>Moments that have a run already get no other.</p>
      <div class="fields">
        <label for="backfill-from">From</label><input id="backfill-from" type="datetime-local" required value=${given.from} onInput=${set("from")} />
        <label for="backfill-until">Until</label><input id="backfill-until" type="datetime-local" required value=${given.until} onInput=${set("until")} />
        <label for="backfill-overlap">While one runs</label><select id="backfill-overlap" value=${given.overlap} onChange=${set("overlap")}>
          ${OVERLAPS.map(([value, text]) => html`<option key=${value} value=${value}>${text}</option>`)}</select>
      </div>
    <//>
  `;
}
