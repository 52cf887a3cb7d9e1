/** The filters of the list of runs; each stands in the address. */

import { html } from "../parts/html.js";
import { go, href } from "../route.js";

const STATUSES = ["open", "pending", "running", "paused", "cancelling", "succeeded", "failed", "cancelled", "timed_out", "terminated"];

/** @param {{query: URLSearchParams}} props */
export function Filters({ query }) {
  /** @param {Event} event */
  const apply = (event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    const day = String(form.get("since") ?? "");
    go(["runs"], {
      status: String(form.get("status") ?? ""),
      name: String(form.get("name") ?? ""),
      tag: String(form.get("tag") ?? "").split(/[\s,]+/).filter(Boolean),
      created_after: day === "" ? "" : new Date(day).toISOString(),
      graph_id: query.get("graph_id"),
      part_of: query.get("part_of"),
    });
  };
  const since = query.get("created_after");
  return html`
    <form class="filters" onSubmit=${apply} key=${query.toString()} aria-label="Filters">
      <div><label for="f-status">Status</label>
        <select id="f-status" name="status" onChange=${submitForm}>
          <option value="">all</option>
          ${STATUSES.map((each) => html`<option key=${each} value=${each} selected=${query.get("status") === each}>${each.replace("_", " ")}</option>`)}
        </select></div>
      <div><label for="f-name">Graph</label><input id="f-name" name="name" value=${query.get("name") ?? ""} /></div>
      <div><label for="f-tag">Tags</label><input id="f-tag" name="tag" value=${query.getAll("tag").join(" ")} /></div>
      <div><label for="f-since">Created after</label>
        <input id="f-since" name="since" type="datetime-local" value=${since ? local(since) : ""} /></div>
      <div class="row"><button>Filter</button><a class="button" href=${href(["runs"])}>All</a></div>
    </form>
  `;
}

/** @param {Event} event */
function submitForm(event) {
  /** @type {HTMLSelectElement} */ (event.currentTarget).form?.requestSubmit();
}

/** The moment as a field for date and time has it. @param {string} moment */
function local(moment) {
  const date = new Date(moment);
  return Number.isNaN(date.getTime()) ? "" : new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
