/** What a run is and how it stands, in a few lines. */

import { Badge } from "../parts/badge.js";
import { FailureView } from "../parts/failure.js";
import { html } from "../parts/html.js";
import { Moment, between } from "../parts/moment.js";
import { usageLine } from "../parts/money.js";
import { href } from "../route.js";
import { Steering } from "./steering/steering.js";

/** @param {{store: import("./run-store.js").RunStore, state: import("../state/fold.js").RunState, live: boolean, now: number}} props */
export function Head({ store, state, live, now }) {
  const view = store.view;
  const status = live && view?.status === "pending" ? "pending" : live && state.status === "pending" ? (view?.status ?? "pending") : state.status;
  return html`
    <div class="run-head">
      <div class="row spread">
        <h1>${view?.name ?? store.runId} <span class="mono quiet small">${store.runId}</span></h1>
        ${live && html`<${Steering} runId=${store.runId} status=${status} exceeded=${state.exceeded !== null} onDone=${() => store.look()} />`}
      </div>
      <div class="row">
        <${Badge} status=${status} />
        <progress max="100" value=${state.progress} aria-label="Progress of the run"></progress><span>${state.progress} %</span>
        <span>${between(state.started_at, state.finished_at, now)}</span>
        ${view && html`<span class="quiet">started <${Moment} at=${view.created_at} now=${now} /></span>`}
        <span class="quiet">${usageLine(state.usage)}</span>
        ${view?.tags.map((/** @type {string} */ tag) => html`<a key=${tag} class="tag" href=${href(["runs"], { tag })}>${tag}</a>`)}
        ${view?.graph_id && html`<a href=${href(["graphs", view.graph_id])}>graph${store.version === null ? "" : ` v${store.version}`}</a>`}
        ${view?.retry_of && html`<a href=${href(["run", view.retry_of])}>goes on from another run</a>`}
        ${view?.part_of && html`<a href=${href(["run", view.part_of])}>part of a run</a>`}
        ${view?.retried_by.map((/** @type {string} */ id) => html`<a key=${id} href=${href(["run", id])}>was retried</a>`)}
        ${store.connection === "broken" && html`<span class="quiet" role="status">The stream is broken; it is opened again.</span>`}
      </div>
      ${live && view && view.waiting_for.length > 0 && html`<p class="waits" role="status">It waits for ${view.waiting_for.join("; ")}.</p>`}
      ${state.error && html`<${FailureView} error=${state.error} />`}
    </div>
  `;
}
