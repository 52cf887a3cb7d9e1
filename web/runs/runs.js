/** The list of runs: filtered as the API filters, with the filters in the address, and live. */

import { Badge } from "../parts/badge.js";
import { html } from "../parts/html.js";
import { Moment, between, useNow } from "../parts/moment.js";
import { dollars } from "../parts/money.js";
import { Loading, Notice } from "../parts/notice.js";
import { usePages } from "../parts/pages.js";
import { href } from "../route.js";
import { Filters } from "./filters.js";

/** @typedef {import("../server/types.js").ListedRun} ListedRun */

const REFRESH_MS = 2000;
const FILTERS = ["status", "name", "graph_id", "tag", "part_of", "created_after", "created_before"];

/** @param {{path: string[], query: URLSearchParams}} props */
export function Runs({ query }) {
  const { items, problem, more } = usePages("/runs", { ...selected(query), limit: 50 }, "runs", idOf, REFRESH_MS);
  const now = useNow();
  return html`
    <div class="row spread"><h1>Runs</h1></div>
    <${Filters} query=${query} />
    ${problem && html`<${Notice} kind="error" text=${problem} />`}
    ${items === null ? !problem && html`<${Loading} />` : html`<${Table} runs=${items} now=${now} query=${query} />`}
    ${more && html`<p><button onClick=${more}>Show older runs</button></p>`}
  `;
}

/** @param {ListedRun} run */
const idOf = (run) => run.run_id;

/** @param {URLSearchParams} query @returns {Record<string, string[]>} */
function selected(query) {
  return Object.fromEntries(FILTERS.map((name) => [name, query.getAll(name)]));
}

/** @param {{runs: ListedRun[], now: number, query: URLSearchParams}} props */
function Table({ runs, now, query }) {
  if (runs.length === 0) {
    const filtered = FILTERS.some((name) => query.has(name));
    return html`<${Notice} kind="info" text=${filtered ? "No run matches these filters." : "No run yet."}>
      ${filtered ? html`<a href=${href(["runs"])}>Show all</a>` : html`<a href=${href(["graphs"])}>Start one of a graph</a>`}
    <//>`;
  }
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label="Runs, newest first">
      <table class="runs">
        <thead><tr><th>Status</th><th>Graph</th><th>Run</th><th>Progress</th><th>Tags</th><th>Started</th><th>Duration</th><th>Cost</th></tr></thead>
        <tbody>${runs.map((run) => html`<${Row} key=${run.run_id} run=${run} now=${now} />`)}</tbody>
      </table>
    </div>
  `;
}

/** @param {{run: ListedRun, now: number}} props */
function Row({ run, now }) {
  return html`
    <tr>
      <td><${Badge} status=${run.status} /></td>
      <td>${run.name}${run.error && html`<span class="error">${run.error.message}</span>`}</td>
      <td><a class="mono" href=${href(["run", run.run_id])}>${run.run_id}</a></td>
      <td><progress max="100" value=${run.progress} aria-label="Progress"></progress> ${run.progress} %</td>
      <td>${run.tags.map((tag) => html`<a key=${tag} class="tag" href=${href(["runs"], { tag })}>${tag}</a>`)}</td>
      <td><${Moment} at=${run.created_at} now=${now} /></td>
      <td>${between(run.started_at, run.finished_at, now)}</td>
      <td>${run.usage && dollars(run.usage.usd)}</td>
    </tr>
  `;
}
