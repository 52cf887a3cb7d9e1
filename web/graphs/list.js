/** The names of graphs, each with its newest version and its last run. */

import { Badge } from "../parts/badge.js";
import { html } from "../parts/html.js";
import { Moment, useNow } from "../parts/moment.js";
import { Loading, Notice } from "../parts/notice.js";
import { usePages } from "../parts/pages.js";
import { SearchField } from "../parts/search-field.js";
import { href } from "../route.js";

/** @typedef {import("../server/types.js").NamedGraph} NamedGraph */

const REFRESH_MS = 5000;

/** @param {{query: URLSearchParams}} props */
export function GraphList({ query }) {
  const search = query.get("search");
  const { items, problem, more } = usePages("/graphs/names", { search, limit: 100 }, "names", nameOf, REFRESH_MS);
  return html`
    <div class="row spread">
      <h1>Graphs</h1>
      <a class="button primary" href=${href(["graphs", "new"])}>New graph</a>
    </div>
    <${SearchField} label="Search names" path=${["graphs"]} query=${query} />
    ${problem && html`<${Notice} kind="error" text=${problem} />`}
    ${items === null ? !problem && html`<${Loading} />` : html`<${Names} names=${items} searched=${search} />`}
    ${more && html`<p><button onClick=${more}>Show more</button></p>`}
  `;
}

/** @param {NamedGraph} graph */
const nameOf = (graph) => graph.name;

/** @param {{names: NamedGraph[], searched: string | null}} props */
function Names({ names, searched }) {
  const now = useNow();
  if (names.length === 0) {
    const text = searched ? `No graph has “${searched}” in its name.` : "No graph is stored yet.";
    return html`<${Notice} kind="info" text=${text}>
      ${searched ? html`<a href=${href(["graphs"])}>Show all</a>` : html`<a href=${href(["graphs", "new"])}>Write one</a>`}
    <//>`;
  }
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label="Graphs by name">
      <table class="cards">
        <thead><tr><th>Name</th><th>Newest</th><th>Versions</th><th>Last run</th><th><span class="visually-hidden">Do</span></th></tr></thead>
        <tbody>${names.map((graph) => html`<${Row} key=${graph.name} graph=${graph} now=${now} />`)}</tbody>
      </table>
    </div>
  `;
}

/** @param {{graph: NamedGraph, now: number}} props */
function Row({ graph, now }) {
  const { name, newest, versions, last_run: run } = graph;
  return html`
    <tr>
      <td><a class="strong" href=${href(["graphs", newest.graph_id])}>${name}</a></td>
      <td>version ${newest.version}, <${Moment} at=${newest.created_at} now=${now} /></td>
      <td data-name="versions">${versions}</td>
      <td data-name="last run">${run
        ? html`<a class="plain" href=${href(["run", run.run_id])}><${Badge} status=${run.status} /></a>
            <a class="small quiet" href=${href(["runs"], { name })}><${Moment} at=${run.created_at} now=${now} /></a>`
        : html`<span class="quiet">never</span>`}</td>
      <td class="end"><a class="button small" href=${href(["graphs", newest.graph_id, "start"])}
        aria-label=${`Start ${name}`}>Start</a></td>
    </tr>
  `;
}
