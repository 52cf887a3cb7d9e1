/** What models used and cost, by graph, model and day. */

import { useAnswer } from "../parts/answer.js";
import { html } from "../parts/html.js";
import { dollars } from "../parts/money.js";
import { Loading, Notice } from "../parts/notice.js";
import { go, href } from "../route.js";
import { address } from "../server/request.js";
import { Days } from "./days.js";

/** @typedef {import("../server/types.js").UsageSum} UsageSum */
/** @typedef {import("../server/types.js").UsageReport} UsageReport */

const DAY_MS = 86_400_000;
const SPANS = /** @type {const} */ ([["7", "7 days"], ["30", "30 days"], ["90", "90 days"], ["", "all"]]);
const COUNT = new Intl.NumberFormat("en");

/** @param {{path: string[], query: URLSearchParams}} props */
export function Usage({ query }) {
  const days = query.get("days") ?? "30";
  // By whole days, as the API sums: the address then stays the same for a day.
  const after = days === "" || days === "all" ? null : new Date((Math.floor(Date.now() / DAY_MS) - Number(days) + 1) * DAY_MS - 1).toISOString();
  const chosen = { after, graph: query.get("graph"), model: query.get("model") };
  const byDay = useReport("day", chosen);
  const byModel = useReport("model", chosen);
  const byGraph = useReport("graph", chosen);
  const problem = byDay.problem || byModel.problem || byGraph.problem;
  return html`
    <div class="row spread"><h1>Usage of models</h1><${Span} days=${days} query=${query} /></div>
    <${Chosen} query=${query} />
    ${problem && html`<${Notice} kind="error" text=${problem} />`}
    ${byDay.value === null ? !problem && html`<${Loading} />` : html`
      <${Total} total=${byDay.value.total} />
      <section class="card"><h2>By day</h2><${Days} groups=${byDay.value.groups} /></section>`}
    <div class="columns">
      <${Sums} title="By model" name="model" report=${byModel.value} query=${query} />
      <${Sums} title="By graph" name="graph" report=${byGraph.value} query=${query} />
    </div>
  `;
}

/** @param {string} by @param {{after: string | null, graph: string | null, model: string | null}} chosen @returns {import("../parts/answer.js").Answer<UsageReport>} */
function useReport(by, chosen) {
  return useAnswer(address("/usage", { by, ...chosen }));
}

/** @param {{days: string, query: URLSearchParams}} props */
function Span({ days, query }) {
  return html`<div class="segments" role="group" aria-label="Time">
    ${SPANS.map(([value, text]) => html`<a key=${value} href=${href(["usage"], { ...Object.fromEntries(query), days: value || "all" })}
      aria-current=${(value || "all") === (days || "all") ? "true" : undefined}>${text}</a>`)}
  </div>`;
}

/** @param {{query: URLSearchParams}} props */
function Chosen({ query }) {
  const names = ["model", "graph"].filter((name) => query.get(name));
  if (names.length === 0) return null;
  return html`<p class="row">${names.map((name) => html`<button key=${name} class="tag"
    onClick=${() => go(["usage"], { ...Object.fromEntries(query), [name]: "" })}
    aria-label=${`Show every ${name}, not only ${query.get(name)}`}>${name}: ${query.get(name)} ✕</button>`)}</p>`;
}

/** @param {{total: UsageSum}} props */
function Total({ total }) {
  const facts = [
    [dollars(total.usd), "cost"], [COUNT.format(total.requests), "requests"], [COUNT.format(total.input_tokens), "tokens in"],
    [COUNT.format(total.output_tokens), "tokens out"], [COUNT.format(total.runs), "runs"],
  ];
  return html`
    <dl class="facts">${facts.map(([value, name]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
    ${total.unpriced_requests > 0 && html`<p class="quiet small">${COUNT.format(total.unpriced_requests)} requests have no known price, and are not in the cost.</p>`}
  `;
}

/** @param {{title: string, name: "model" | "graph", report: UsageReport | null, query: URLSearchParams}} props */
function Sums({ title, name, report, query }) {
  if (report === null) return null;
  const weight = (/** @type {UsageSum} */ group) => group.usd ?? 0;
  const most = Math.max(...report.groups.map(weight), 0);
  return html`
    <section class="card"><h2>${title}</h2>
      ${report.groups.length === 0 ? html`<p class="quiet">No model was called in this time.</p>` : html`
      <div class="scroll" tabindex="0" role="region" aria-label=${title}><table>
        <thead><tr><th>${name === "model" ? "Model" : "Graph"}</th><th class="number">Cost</th><th class="number">Tokens</th><th class="number">Runs</th></tr></thead>
        <tbody>${report.groups.map((group) => html`<tr key=${group[name]}>
          <td><a href=${href(["usage"], { ...Object.fromEntries(query), [name]: group[name] ?? "" })}>${group[name]}</a>
            <${Bar} part=${most > 0 ? weight(group) / most : 0} /></td>
          <td class="number">${dollars(group.usd)}</td>
          <td class="number">${COUNT.format(group.input_tokens + group.output_tokens)}</td>
          <td class="number">${COUNT.format(group.runs)}</td></tr>`)}
        </tbody></table></div>
      ${report.more && html`<p class="quiet small">There are more than are shown.</p>`}`}
    </section>
  `;
}

/** A bar behind a figure that the row tells already. @param {{part: number}} props */
function Bar({ part }) {
  return html`<svg class="bar" width="100%" height="4" aria-hidden="true"><rect width=${`${Math.max(part * 100, 0)}%`} height="4" rx="2" /></svg>`;
}
