/** The cost of each day as bars; the figures stand in a table for whoever does not see them. */

import { html } from "../parts/html.js";
import { dollars } from "../parts/money.js";

/** @typedef {import("../server/types.js").UsageSum} UsageSum */

const DAY_MS = 86_400_000;
const HEIGHT = 120;
const COUNT = new Intl.NumberFormat("en");

/** @param {{groups: UsageSum[]}} props */
export function Days({ groups }) {
  if (groups.length === 0) return html`<p class="quiet">No model was called in this time.</p>`;
  const days = filled(groups);
  const priced = groups.some((group) => (group.usd ?? 0) > 0);
  const weight = (/** @type {UsageSum | undefined} */ group) => (group ? (priced ? (group.usd ?? 0) : group.input_tokens + group.output_tokens) : 0);
  const most = Math.max(...groups.map(weight), Number.MIN_VALUE);
  const wide = 100 / days.length;
  return html`
    <svg class="days" width="100%" height=${HEIGHT} role="img" aria-label=${`${priced ? "Cost" : "Tokens"} of ${days.length} days`}>
      ${days.map(([day, group], at) => {
        const tall = (weight(group) / most) * (HEIGHT - 4);
        return html`<g key=${day}><rect class="day" x=${`${at * wide}%`} width=${`${wide}%`} y="0" height=${HEIGHT} />
          <rect class="sum" x=${`${(at + 0.1) * wide}%`} width=${`${wide * 0.8}%`} y=${HEIGHT - tall} height=${tall} rx="2" />
          <title>${`${day}: ${sentence(group)}`}</title></g>`;
      })}
    </svg>
    <div class="row spread small quiet"><span>${days[0]?.[0]}</span><span>${priced ? `most: ${dollars(most)}` : `most: ${COUNT.format(most)} tokens`}</span><span>${days.at(-1)?.[0]}</span></div>
    <details><summary>As a table</summary><table>
      <thead><tr><th>Day</th><th class="number">Cost</th><th class="number">Requests</th><th class="number">Tokens in</th><th class="number">Tokens out</th></tr></thead>
      <tbody>${groups.map((group) => html`<tr key=${group.day}><td>${group.day}</td><td class="number">${dollars(group.usd)}</td>
        <td class="number">${COUNT.format(group.requests)}</td><td class="number">${COUNT.format(group.input_tokens)}</td>
        <td class="number">${COUNT.format(group.output_tokens)}</td></tr>`)}</tbody></table></details>
  `;
}

/** @param {UsageSum | undefined} group */
function sentence(group) {
  return group ? `${dollars(group.usd)}, ${COUNT.format(group.input_tokens + group.output_tokens)} tokens in ${COUNT.format(group.requests)} requests` : "nothing";
}

/** All days between the first and the last, at most a year. @param {UsageSum[]} groups @returns {[string, UsageSum | undefined][]} */
function filled(groups) {
  const known = new Map(groups.map((group) => [group.day, group]));
  const last = Date.parse(groups[0]?.day ?? "");
  const first = Math.max(Date.parse(groups.at(-1)?.day ?? ""), last - 365 * DAY_MS);
  /** @type {[string, UsageSum | undefined][]} */
  const days = [];
  for (let at = first; at <= last; at += DAY_MS) {
    const day = new Date(at).toISOString().slice(0, 10);
    days.push([day, known.get(day)]);
  }
  return days;
}
