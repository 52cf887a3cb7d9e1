/** The inbox: everything that waits for a person, over all runs. */

import { html } from "../parts/html.js";
import { Moment, useNow } from "../parts/moment.js";
import { Loading, Notice } from "../parts/notice.js";
import { usePages } from "../parts/pages.js";
import { href } from "../route.js";
import { Answer } from "./answer.js";

const REFRESH_MS = 3000;

export function Answers() {
  const { items: waiting, more, problem, again } = usePages("/approvals", { limit: 100 }, "approvals", keyOf, REFRESH_MS);
  const now = useNow();
  return html`
    <h1>Answers</h1>
    ${problem && html`<${Notice} kind="error" text=${problem} />`}
    ${waiting === null && !problem && html`<${Loading} />`}
    ${waiting?.length === 0 && html`<${Notice} kind="info" text="Nothing waits for an answer." />`}
    <div class="answers">${waiting?.map((each) => html`
      <article class="card" key=${keyOf(each)} aria-label=${`${each.graph}, ${each.node}`}>
        <div class="row spread"><h2>${each.graph} <span class="mono quiet small">${each.node}</span></h2><span class="quiet small"><${Moment} at=${each.asked_at} now=${now} /></span></div>
        <p class="small"><a href=${href(["run", each.part_of ?? each.run_id], { node: each.part_of ? null : each.node })}>Show the run</a></p>
        <${Answer} runId=${each.run_id} node=${each.node} prompt=${each.prompt} schema=${each.schema} details=${each.details} onDone=${again} />
      </article>`)}</div>
    ${more && html`<p><button onClick=${more}>Show more</button></p>`}
  `;
}

/** @param {import("../server/types.js").ApprovalView} each */
const keyOf = (each) => `${each.run_id} ${each.node}`;
