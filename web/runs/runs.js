/** The list of runs: filtered as the API filters, with the filters in the address, and live. */

import { Badge } from "../parts/badge.js";
import { html, useCallback, useEffect, useState } from "../parts/html.js";
import { Moment, between, useNow } from "../parts/moment.js";
import { dollars } from "../parts/money.js";
import { Loading, Notice } from "../parts/notice.js";
import { useVisible } from "../parts/visible.js";
import { href } from "../route.js";
import { Problem, request } from "../server/request.js";
import { Filters } from "./filters.js";

/** @typedef {import("../server/types.js").ListedRun} ListedRun */
/** @typedef {import("../server/types.js").RunPage} RunPage */

const REFRESH_MS = 2000;
const FILTERS = ["status", "name", "graph_id", "tag", "part_of", "created_after", "created_before"];

/** @param {{path: string[], query: URLSearchParams}} props */
export function Runs({ query }) {
  const { page, problem, more } = useRuns(query);
  const now = useNow();
  return html`
    <div class="row spread"><h1>Runs</h1></div>
    <${Filters} query=${query} />
    ${problem && html`<${Notice} kind="error" text=${problem} />`}
    ${page === null ? !problem && html`<${Loading} />` : html`<${Table} runs=${page.runs} now=${now} query=${query} />`}
    ${page?.next && html`<p><button onClick=${more}>Show older runs</button></p>`}
  `;
}

/** Returns the runs that the query selects: the newest page read again and again, and older ones when asked. @param {URLSearchParams} query */
function useRuns(query) {
  const [pages, setPages] = useState(/** @type {{first: RunPage, older: RunPage[]} | null} */ (null));
  const [problem, setProblem] = useState("");
  const visible = useVisible();
  const text = query.toString();
  useEffect(() => setPages(null), [text]);
  useEffect(() => {
    if (!visible) return;
    const stop = new AbortController();
    const read = async () => {
      try {
        const first = await request("/runs", { query: { ...selected(text), limit: 50 }, signal: stop.signal });
        setPages((known) => ({ first: /** @type {RunPage} */ (first), older: known?.older ?? [] }));
        setProblem("");
      } catch (error) {
        if (!stop.signal.aborted) setProblem(error instanceof Problem ? error.message : String(error));
      }
      if (!stop.signal.aborted) timer = setTimeout(read, REFRESH_MS);
    };
    /** @type {number | undefined} */
    let timer;
    void read();
    return () => (stop.abort(), clearTimeout(timer));
  }, [text, visible]);
  const more = useCallback(async () => {
    const last = pages?.older.at(-1) ?? pages?.first;
    if (!last?.next) return;
    const next = /** @type {RunPage} */ (await request("/runs", { query: { ...selected(text), limit: 50, cursor: last.next } }));
    setPages((known) => known && { ...known, older: [...known.older, next] });
  }, [pages, text]);
  return { page: pages && together(pages), problem, more };
}

/** @param {{first: RunPage, older: RunPage[]}} pages @returns {RunPage} */
function together({ first, older }) {
  const seen = new Set();
  const runs = [first, ...older].flatMap((page) => page.runs).filter(({ run_id }) => !seen.has(run_id) && seen.add(run_id));
  return { runs, next: (older.at(-1) ?? first).next };
}

/** @param {string} text @returns {Record<string, string[]>} */
function selected(text) {
  const query = new URLSearchParams(text);
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
