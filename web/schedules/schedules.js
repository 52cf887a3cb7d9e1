/** The schedules: which graph runs when, what came of it, and a way to each. */

import { Badge } from "../parts/badge.js";
import { html, useEffect, useState } from "../parts/html.js";
import { Moment, useNow } from "../parts/moment.js";
import { Loading, Notice } from "../parts/notice.js";
import { usePages } from "../parts/pages.js";
import { href } from "../route.js";
import { Hooks } from "./hooks.js";
import { Schedule } from "./schedule.js";
import { Steering } from "./steering.js";
import { whenInWords } from "./words.js";

/** @typedef {import("../server/types.js").ScheduleSummary} ScheduleSummary */

const REFRESH_MS = 5000;

/** @param {{path: string[], query: URLSearchParams}} props */
export function Schedules({ path, query }) {
  const [id] = path;
  if (id === undefined) return html`<${List} query=${query} />`;
  return id === "new" ? html`<${Create} query=${query} />` : html`<${Schedule} key=${id} id=${id} />`;
}

/** The form is loaded when somebody needs it. @param {{query: URLSearchParams}} props */
function Create({ query }) {
  const [form, setForm] = useState(/** @type {{show: any} | null} */ (null));
  useEffect(() => void import("./create.js").then(({ Create: show }) => setForm({ show })), []);
  return form === null ? html`<${Loading} />` : html`<${form.show} query=${query} />`;
}

/** @param {{query: URLSearchParams}} props */
function List({ query }) {
  const name = query.get("graph_name");
  const { items, problem, more, again } = usePages("/schedules", { graph_name: name, limit: 100 }, "schedules", idOf, REFRESH_MS);
  return html`
    <div class="row spread"><h1>Schedules</h1><a class="button primary" href=${href(["schedules", "new"], { graph_name: name })}>New schedule</a></div>
    ${name && html`<p>Only of the graph ${name}. <a href=${href(["schedules"])}>Show all</a></p>`}
    ${problem && html`<${Notice} kind="error" text=${problem} />`}
    ${items === null ? !problem && html`<${Loading} />` : html`<${Table} schedules=${items} again=${again} />`}
    ${more && html`<p><button onClick=${more}>Show more</button></p>`}
    ${name === null && html`<${Hooks} />`}
  `;
}

/** @param {ScheduleSummary} schedule */
const idOf = (schedule) => schedule.schedule_id;

/** @param {{schedules: ScheduleSummary[], again: () => void}} props */
function Table({ schedules, again }) {
  const now = useNow();
  if (schedules.length === 0) return html`<${Notice} kind="info" text="Nothing runs by the clock yet." />`;
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label="Schedules">
      <table class="cards">
        <thead><tr><th>Schedule</th><th>Graph</th><th>When</th><th>Next run</th><th>Last run</th><th><span class="visually-hidden">Do</span></th></tr></thead>
        <tbody>${schedules.map((each) => html`
          <tr key=${each.schedule_id}>
            <td><a class="strong" href=${href(["schedules", each.schedule_id])}>${each.schedule_id}</a></td>
            <td>${each.graph_id ? html`<a href=${href(["graphs", each.graph_id])}>${each.graph_name}</a> <span class="quiet small">this version</span>` : html`<a href=${href(["graphs"], { search: each.graph_name })}>${each.graph_name}</a>`}
              ${each.tags.map((tag) => html`<span key=${tag} class="tag">${tag}</span>`)}</td>
            <td>${whenInWords(each)}</td>
            <td data-name="next">${each.paused ? html`<${Paused} note=${each.note} />` : each.next_run_at ? html`<${Moment} at=${each.next_run_at} now=${now} />` : html`<span class="quiet">never</span>`}</td>
            <td data-name="last run">${each.last_run ? html`<a href=${href(["run", each.last_run.run_id])}><${Moment} at=${each.last_run.started_at} now=${now} /></a>` : html`<span class="quiet">never</span>`}</td>
            <td class="end"><${Steering} id=${each.schedule_id} paused=${each.paused} again=${again} brief=${true} /></td>
          </tr>`)}
        </tbody>
      </table>
    </div>
  `;
}

/** @param {{note: string | null}} props */
export function Paused({ note }) {
  return html`<${Badge} status="paused" />${note && html` <span class="quiet small">${note}</span>`}`;
}
