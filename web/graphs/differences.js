/** The differences between two versions of a graph, as lists and in the drawing. */

import { useAnswer } from "../parts/answer.js";
import { Drawing } from "../parts/drawing/drawing.js";
import { html, useMemo } from "../parts/html.js";
import { Loading, Notice } from "../parts/notice.js";
import { useTitle } from "../parts/title.js";
import { href } from "../route.js";
import { path } from "../server/request.js";
import { differencesOf, isSame, merged } from "./difference.js";

/** @typedef {import("../server/types.js").GraphView} Stored */
/** @typedef {import("./difference.js").Difference} Difference */

const SIGNS = { added: "+", removed: "−", changed: "~" };
const SHOWN = 200;

/** From the version `id` to the version `other`. @param {{id: string, other: string}} props */
export function Differences({ id, other }) {
  /** @type {import("../parts/answer.js").Answer<Stored>} */
  const before = useAnswer(path`/graphs/${id}`);
  /** @type {import("../parts/answer.js").Answer<Stored>} */
  const after = useAnswer(path`/graphs/${other}`);
  const found = useMemo(() => {
    if (before.value === null || after.value === null) return null;
    const differences = differencesOf(before.value.graph, after.value.graph);
    return { differences, ...merged(before.value.graph, after.value.graph, differences) };
  }, [before.value, after.value]);
  useTitle(before.value && after.value ? `From ${titleOf(before.value, after.value)}` : "");
  const problem = before.problem || after.problem;
  if (problem) return html`<${Notice} kind="error" text=${problem} />`;
  if (found === null || before.value === null || after.value === null) return html`<${Loading} />`;
  return html`
    <p class="small"><a href=${href(["graphs"])}>Graphs</a> / <a href=${href(["graphs", other])}>${after.value.name}</a></p>
    <div class="row spread">
      <h1>From ${titleOf(before.value, after.value)}</h1>
      <a class="button" href=${href(["graphs", other, "diff", id])}>Other way round</a>
    </div>
    ${isSame(found.differences) ? html`<${Notice} kind="info" text="Both say the same." />` : html`
      <p class="row small"><span class="mark" data-mark="added">+ added</span><span class="mark" data-mark="removed">− removed</span><span class="mark" data-mark="changed">~ changed</span></p>
      <div class="modest"><${Drawing} document=${found.document} marks=${found.marks} lineMarks=${found.lineMarks} /></div>
      <div class="columns">
        <${Group} title="Nodes" differences=${found.differences.nodes} />
        <${Group} title="Edges" differences=${found.differences.edges} />
        <${Group} title="Options and the rest" differences=${found.differences.rest} />
      </div>`}
  `;
}

/** @param {Stored} before @param {Stored} after */
function titleOf(before, after) {
  return before.name === after.name
    ? `version ${before.version} to ${after.version} of ${after.name}`
    : `${before.name}, version ${before.version}, to ${after.name}, version ${after.version}`;
}

/** @param {{title: string, differences: Difference[]}} props */
function Group({ title, differences }) {
  if (differences.length === 0) return null;
  return html`
    <section class="card"><h2>${title}</h2>
      <ul class="differences">${differences.slice(0, SHOWN).map((each) => html`<li key=${each.name}>
        <span class="mark" data-mark=${each.kind}><span aria-hidden="true">${SIGNS[each.kind]}</span> <span class="visually-hidden">${each.kind}</span> ${each.name}</span>
        ${each.changes.map((change) => html`<${ChangeOf} key=${change.path} change=${change} />`)}</li>`)}
      </ul>
      ${differences.length > SHOWN && html`<p class="quiet small">${differences.length - SHOWN} more.</p>`}
    </section>
  `;
}

/** @param {{change: import("./difference.js").Change}} props */
function ChangeOf({ change }) {
  return html`<div class="change">
    ${change.path && html`<code>${change.path}</code>`}
    ${change.before !== undefined && html`<pre class="before"><span class="visually-hidden">before: </span>${worded(change.before)}</pre>`}
    ${change.after !== undefined && html`<pre class="after"><span class="visually-hidden">after: </span>${worded(change.after)}</pre>`}
  </div>`;
}

/** @param {unknown} value */
function worded(value) {
  const text = typeof value === "string" ? value : (JSON.stringify(value, null, 2) ?? "");
  return text.length > 5000 ? `${text.slice(0, 5000)}…` : text;
}
