/** One version of a graph: its drawing, its other versions, what it takes, and its text. */

import { useAnswer } from "../parts/answer.js";
import { Badge } from "../parts/badge.js";
import { Dialog } from "../parts/dialog.js";
import { Drawing } from "../parts/drawing/drawing.js";
import { html, useMemo, useState } from "../parts/html.js";
import { Moment, between, useNow } from "../parts/moment.js";
import { Loading, Notice } from "../parts/notice.js";
import { usePages } from "../parts/pages.js";
import { useTitle } from "../parts/title.js";
import { go, href } from "../route.js";
import { SchemaTable } from "../catalog/schema-table.js";
import { address, path, request } from "../server/request.js";
import { DocumentText } from "./document-text.js";

/** @typedef {import("../server/types.js").GraphView} Stored */
/** @typedef {import("../server/types.js").GraphSummary} GraphSummary */

const REFRESH_MS = 3000;

/** @param {{id: string}} props */
export function GraphView({ id }) {
  /** @type {import("../parts/answer.js").Answer<Stored>} */
  const { value, problem } = useAnswer(path`/graphs/${id}`);
  useTitle(value === null ? "" : `${value.name}, version ${value.version}`);
  const [deleting, setDeleting] = useState(false);
  const [node, setNode] = useState(/** @type {string | null} */ (null));
  if (problem) return html`<${Notice} kind="error" text=${problem}><a href=${href(["graphs"])}>All graphs</a><//>`;
  if (value === null) return html`<${Loading} />`;
  const document = /** @type {any} */ (value.graph);
  return html`
    <p class="small"><a href=${href(["graphs"])}>Graphs</a></p>
    <div class="row spread">
      <h1>${value.name} <span class="quiet">version ${value.version}</span></h1>
      <div class="row">
        <a class="button primary" href=${href(["graphs", id, "start"])}>Start</a>
        <a class="button" href=${href(["graphs", id, "edit"])}>Edit</a>
        <a class="button" href=${href(["schedules", "new"], { graph_name: value.name })}>Schedule</a>
        <button class="danger" onClick=${() => setDeleting(true)}>Delete …</button>
      </div>
    </div>
    <${Facts} document=${document} created=${value.created_at} />
    <div class="modest"><${Drawing} document=${document} selected=${node} onSelect=${setNode} /></div>
    ${node !== null && html`<${NodeText} document=${document} id=${node} onClose=${() => setNode(null)} />`}
    <div class="columns">
      <section class="card"><h2>Input</h2>${document.input_schema
        ? html`<${SchemaTable} schema=${document.input_schema} label="Input of a run" />`
        : html`<p class="quiet">It has no schema: a run takes any input.</p>`}</section>
      <${Versions} name=${value.name} id=${id} />
      <${LastRuns} name=${value.name} id=${id} />
    </div>
    <${DocumentText} document=${document} name=${`${value.name}-${value.version}`} />
    ${deleting && html`<${Dialog} title="Delete this version?" verb="Delete" danger=${true} onClose=${() => setDeleting(false)} act=${async () => {
      await request(path`/graphs/${id}`, { method: "DELETE" });
      go(["graphs"]);
    }}><p>Version ${value.version} of ${value.name} can be started no more. Other versions stay, and so do its runs.</p><//>`}
  `;
}

/** @param {{document: any, created: string}} props */
function Facts({ document, created }) {
  const now = useNow();
  const options = Object.entries(document.options ?? {}).map(([name, value]) => `${name.replaceAll("_", " ")} ${worded(value)}`);
  const counts = `${counted(document.nodes?.length ?? 0, "node")}, ${counted(document.edges?.length ?? 0, "edge")}`;
  return html`<p class="quiet small">${counts} · stored <${Moment} at=${created} now=${now} />${options.map((each) => html`<span key=${each}> · ${each}</span>`)}</p>`;
}

/** @param {number} count @param {string} noun */
const counted = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** @param {any} value @returns {string} */
function worded(value) {
  if (typeof value !== "object" || value === null) return String(value);
  return `(${Object.entries(value).map(([name, each]) => `${name.replaceAll("_", " ")} ${worded(each)}`).join(", ")})`;
}

/** @param {{document: any, id: string, onClose: () => void}} props */
function NodeText({ document, id, onClose }) {
  const node = document.nodes?.find((/** @type {any} */ each) => each.id === id);
  const edges = (document.edges ?? []).filter((/** @type {any} */ edge) => edge.to === id);
  return html`<section class="card" aria-live="polite"><div class="row spread"><h2>${id}</h2><button onClick=${onClose}>Close</button></div>
    <pre tabindex="0" role="region" aria-label=${`The node ${id}`}>${JSON.stringify(node, null, 2)}</pre>
    ${edges.length > 0 && html`<h3>Edges to it</h3><pre tabindex="0" role="region" aria-label=${`Edges to ${id}`}>${edges.map((/** @type {any} */ edge) => JSON.stringify(edge)).join("\n")}</pre>`}
    ${node?.type && html`<p><a href=${href(["catalog"], { search: node.type })}>What ${node.type} is</a></p>`}</section>`;
}

/** @param {{name: string, id: string}} props */
function Versions({ name, id }) {
  const { items, more } = usePages("/graphs", { name, limit: 20 }, "graphs", (/** @type {GraphSummary} */ each) => each.graph_id);
  const now = useNow();
  return html`
    <section class="card"><h2>Versions</h2>
      ${items === null ? html`<${Loading} />` : html`<ul class="moments">${items.map((each) => html`<li key=${each.graph_id} class="row">
        ${each.graph_id === id ? html`<strong>version ${each.version}, this one</strong>` : html`<a href=${href(["graphs", each.graph_id])}>version ${each.version}</a>`}
        <span class="quiet small"><${Moment} at=${each.created_at} now=${now} /></span>
        ${each.graph_id !== id && html`<a class="small" href=${href(["graphs", ...differing(items, each.graph_id, id)])}
          aria-label=${`Differences between version ${each.version} and this one`}>differences</a>`}</li>`)}</ul>`}
      ${more && html`<button onClick=${more}>Show older versions</button>`}
    </section>
  `;
}

/** The way to the differences from the older to the newer. @param {GraphSummary[]} items @param {string} one @param {string} other */
function differing(items, one, other) {
  const version = (/** @type {string} */ id) => items.find((each) => each.graph_id === id)?.version ?? Infinity;
  return version(one) < version(other) ? [one, "diff", other] : [other, "diff", one];
}

/** @param {{name: string, id: string}} props */
function LastRuns({ name, id }) {
  /** @type {import("../parts/answer.js").Answer<import("../server/types.js").RunPage>} */
  const { value } = useAnswer(address("/runs", { graph_id: id, limit: 8 }), REFRESH_MS);
  const now = useNow();
  const runs = useMemo(() => value?.runs ?? [], [value]);
  return html`
    <section class="card"><h2>Runs of this version</h2>
      ${value !== null && runs.length === 0 && html`<p class="quiet">None yet.</p>`}
      <ul class="moments">${runs.map((run) => html`<li key=${run.run_id} class="row"><${Badge} status=${run.status} />
        <a href=${href(["run", run.run_id])}><${Moment} at=${run.created_at} now=${now} /></a>
        <span class="quiet small">${between(run.started_at, run.finished_at, now)}</span>
        <a class="small" href=${href(["graphs", id, "start"], { run: run.run_id })} aria-label=${`Start again with the input of the run of ${new Date(run.created_at).toLocaleString()}`}>again</a></li>`)}</ul>
      <p class="small"><a href=${href(["runs"], { graph_id: id })}>All of this version</a> · <a href=${href(["runs"], { name })}>of all versions</a> · <a href=${href(["schedules"], { graph_name: name })}>schedules</a></p>
    </section>
  `;
}
