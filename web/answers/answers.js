/** The inbox: everything that waits for a person, over all runs. */

import { html, useEffect, useState } from "../parts/html.js";
import { Moment, useNow } from "../parts/moment.js";
import { Loading, Notice } from "../parts/notice.js";
import { useVisible } from "../parts/visible.js";
import { href } from "../route.js";
import { Problem, request } from "../server/request.js";
import { Answer } from "./answer.js";

const REFRESH_MS = 3000;

export function Answers() {
  const { waiting, more, problem, look } = useWaiting();
  const now = useNow();
  return html`
    <h1>Answers</h1>
    ${problem && html`<${Notice} kind="error" text=${problem} />`}
    ${waiting === null && !problem && html`<${Loading} />`}
    ${waiting?.length === 0 && html`<${Notice} kind="info" text="Nothing waits for an answer." />`}
    <div class="answers">${waiting?.map((each) => html`
      <article class="card" key=${`${each.run_id} ${each.node}`} aria-label=${`${each.graph}, ${each.node}`}>
        <div class="row spread"><h2>${each.graph} <span class="mono quiet small">${each.node}</span></h2><span class="quiet small"><${Moment} at=${each.asked_at} now=${now} /></span></div>
        <p class="small"><a href=${href(["run", each.part_of ?? each.run_id], { node: each.part_of ? null : each.node })}>Show the run</a></p>
        <${Answer} runId=${each.run_id} node=${each.node} prompt=${each.prompt} schema=${each.schema} details=${each.details} onDone=${look} />
      </article>`)}</div>
    ${more && html`<p class="quiet">There are more: answer some of these first.</p>`}
  `;
}

function useWaiting() {
  const [waiting, setWaiting] = useState(/** @type {import("../server/types.js").ApprovalView[] | null} */ (null));
  const [more, setMore] = useState(false);
  const [problem, setProblem] = useState("");
  const [asked, setAsked] = useState(0);
  const visible = useVisible();
  useEffect(() => {
    if (!visible) return;
    const stop = new AbortController();
    /** @type {number | undefined} */
    let timer;
    const read = async () => {
      try {
        const page = await request("/approvals", { query: { limit: 100 }, signal: stop.signal });
        setWaiting(page.approvals);
        setMore(page.next !== null);
        setProblem("");
      } catch (error) {
        if (!stop.signal.aborted) setProblem(error instanceof Problem ? error.message : String(error));
      }
      if (!stop.signal.aborted) timer = setTimeout(read, REFRESH_MS);
    };
    void read();
    return () => (stop.abort(), clearTimeout(timer));
  }, [visible, asked]);
  return { waiting, more, problem, look: () => setAsked((times) => times + 1) };
}
