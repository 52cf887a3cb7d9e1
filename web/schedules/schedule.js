/** One schedule: when it runs, what it gives its runs, the next moments and the last runs. */

import { useAnswer } from "../parts/answer.js";
import { Badge } from "../parts/badge.js";
import { html } from "../parts/html.js";
import { Moment, useNow } from "../parts/moment.js";
import { Loading, Notice } from "../parts/notice.js";
import { useTitle } from "../parts/title.js";
import { href } from "../route.js";
import { path } from "../server/request.js";
import { Paused } from "./schedules.js";
import { OVERLAPS, Steering } from "./steering.js";
import { lengthInWords, whenInWords } from "./words.js";

/** @typedef {import("../server/types.js").ScheduleView} ScheduleView */

const REFRESH_MS = 3000;

/** @param {{id: string}} props */
export function Schedule({ id }) {
  /** @type {import("../parts/answer.js").Answer<ScheduleView>} */
  const { value, problem, again } = useAnswer(path`/schedules/${id}`, REFRESH_MS);
  useTitle(id);
  if (value === null) return problem ? html`<${Notice} kind="error" text=${problem}><a href=${href(["schedules"])}>All schedules</a><//>` : html`<${Loading} />`;
  return html`
    <p class="small"><a href=${href(["schedules"])}>Schedules</a></p>
    <div class="row spread"><h1>${id}</h1>${value.paused && html`<span><${Paused} note=${value.note} /></span>`}</div>
    ${problem && html`<${Notice} kind="error" text=${problem} />`}
    <p class="lead">Runs ${value.graph_id ? html`<a href=${href(["graphs", value.graph_id])}>this version of ${value.graph_name}</a>` : html`the newest version of <a href=${href(["graphs"], { search: value.graph_name })}>${value.graph_name}</a>`} ${whenInWords(value)}.</p>
    <${Steering} id=${id} paused=${value.paused} again=${again} />
    <div class="columns">
      <${Coming} schedule=${value} />
      <${Past} schedule=${value} />
      <${Terms} schedule=${value} />
    </div>
  `;
}

/** @param {{schedule: ScheduleView}} props */
function Coming({ schedule }) {
  const now = useNow();
  const moments = schedule.next_runs;
  return html`
    <section class="card"><h2>Next</h2>
      ${moments.length === 0 ? html`<p class="quiet">${schedule.paused ? "Nothing until it is resumed." : "No moment will come."}</p>` : html`
      <ol class="moments">${moments.map((at) => html`<li key=${at}>${new Date(at).toLocaleString()} <span class="quiet small"><${Moment} at=${at} now=${now} /></span></li>`)}</ol>`}
    </section>
  `;
}

/** @param {{schedule: ScheduleView}} props */
function Past({ schedule }) {
  const now = useNow();
  const { last_runs: runs, started, skipped, missed } = schedule;
  return html`
    <section class="card"><h2>Last runs</h2>
      <p class="quiet small">${started} started, ${skipped} skipped because another ran, ${missed} missed.</p>
      ${runs.length > 0 && html`<ul class="moments">${runs.map((run) => html`<li key=${run.run_id} class="row">
        ${run.status ? html`<${Badge} status=${run.status} />` : html`<span class="quiet small">not known yet</span>`}
        <a href=${href(["run", run.run_id])}><${Moment} at=${run.started_at} now=${now} /></a>
        <span class="quiet small">due ${new Date(run.scheduled_at).toLocaleString()}</span></li>`)}</ul>`}
    </section>
  `;
}

/** @param {{schedule: ScheduleView}} props */
function Terms({ schedule }) {
  const overlap = OVERLAPS.find(([value]) => value === schedule.overlap)?.[1] ?? schedule.overlap;
  const facts = [
    ["While one runs", overlap],
    ["Later by chance", schedule.jitter ? `up to ${lengthInWords(schedule.jitter)}` : "no"],
    ["After an outage", schedule.catchup_window ? `what is no older than ${lengthInWords(schedule.catchup_window)}` : "as Temporal does"],
    ["Note", schedule.paused ? "" : (schedule.note ?? "")],
    ["Webhook", schedule.webhook?.url ?? ""],
  ];
  return html`
    <section class="card"><h2>Each run</h2>
      <dl class="terms">${facts.filter(([, value]) => value).map(([name, value]) => html`<dt key=${name}>${name}</dt><dd key=${`${name}=`}>${value}</dd>`)}
        ${schedule.tags.length > 0 && html`<dt>Tags</dt><dd>${schedule.tags.map((tag) => html`<a key=${tag} class="tag" href=${href(["runs"], { tag })}>${tag}</a>`)}</dd>`}</dl>
      ${schedule.input !== null && schedule.input !== undefined && html`<h3>Input</h3><pre tabindex="0" role="region" aria-label="Input">${JSON.stringify(schedule.input, null, 2)}</pre>`}
    </section>
  `;
}
