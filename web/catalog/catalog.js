/** What graphs can name: agents, tools, and the tools of MCP servers, with their schemas. */

import { sentenceOf, useAnswer } from "../parts/answer.js";
import { html, useMemo, useState } from "../parts/html.js";
import { Loading, Notice } from "../parts/notice.js";
import { Prose } from "../parts/prose.js";
import { SearchField } from "../parts/search-field.js";
import { href } from "../route.js";
import { nodeOf } from "./node-snippet.js";
import { SchemaTable } from "./schema-table.js";

/** @typedef {import("../server/types.js").AgentView} AgentView */
/** @typedef {import("../server/types.js").ToolView} ToolView */
/** @typedef {import("../server/types.js").ControlNodeView} ControlNodeView */
/** @typedef {(AgentView | ToolView | ControlNodeView) & {kind: "agent" | "control node" | "tool" | "MCP tool"}} Entry */

/** Returns agents and tools, by name, and what keeps tools of MCP servers from being known. */
export function useCatalog() {
  const agents = useAnswer(/** @type {string} */ ("/agents"));
  const tools = useAnswer("/tools");
  const entries = useMemo(() => {
    if (agents.value === null) return null;
    /** @type {Entry[]} */
    const all = agents.value.agents.map((/** @type {AgentView} */ each) => ({ ...each, kind: "agent" }));
    for (const each of agents.value.control_nodes) all.push({ ...each, kind: "control node" });
    for (const each of tools.value?.tools ?? []) all.push({ ...each, kind: each.mcp ? "MCP tool" : "tool" });
    return all;
  }, [agents.value, tools.value]);
  return { entries, servers: tools.value?.mcp_servers ?? [], lack: tools.value?.mcp_error ?? "", problem: agents.problem || tools.problem };
}

/** @param {{path: string[], query: URLSearchParams}} props */
export function Catalog({ query }) {
  const { entries, servers, lack, problem } = useCatalog();
  const search = query.get("search") ?? "";
  const found = useMemo(() => entries?.filter((entry) => fits(entry, search)) ?? null, [entries, search]);
  return html`
    <h1>Agents and tools</h1>
    <${SearchField} label="Search names and descriptions" path=${["catalog"]} query=${query} />
    ${problem && html`<${Notice} kind="error" text=${problem} />`}
    ${lack && html`<${Notice} kind="warning" text=${lack} />`}
    ${servers.filter((/** @type {any} */ each) => each.error).map((/** @type {any} */ each) =>
      html`<${Notice} key=${each.name} kind="warning" text=${`The MCP server ${each.name}: ${each.error}`} />`)}
    ${found === null ? !problem && html`<${Loading} />` : html`
      <p class="quiet small" role="status">${found.length} of ${entries?.length}</p>
      <div class="catalog">${found.map((entry) => html`<${Card} key=${`${entry.kind} ${entry.name}`} entry=${entry} open=${found.length === 1} />`)}</div>`}
  `;
}

/** @param {Entry} entry @param {string} search */
export function fits(entry, search) {
  const text = `${entry.name} ${entry.description} ${entry.kind}`.toLowerCase();
  return search.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

/** The paragraphs of a description, each in one line. @param {string} text */
const paragraphs = (text) => text.trim().split(/\n\s*\n/).map((each) => each.replace(/\s+/g, " "));

/** The first sentence of a description. @param {string} text */
export function firstSentence(text) {
  const [first = ""] = paragraphs(text);
  return /^.*?[.!?](?=\s|$)/.exec(first)?.[0] ?? first;
}

/** @param {{entry: Entry, open: boolean}} props */
function Card({ entry, open }) {
  const [shown, setShown] = useState(open);
  return html`
    <details class="card entry" open=${open} onToggle=${(/** @type {any} */ event) => setShown(event.currentTarget.open)}>
      <summary>
        <code class="strong">${entry.name}</code> <span class="kind" data-kind=${entry.kind}>${entry.kind}</span>
        <span class="quiet"><${Prose} text=${firstSentence(entry.description)} /></span>
      </summary>
      ${shown && html`<${Details} entry=${entry} />`}
    </details>
  `;
}

/** @param {{entry: Entry}} props */
function Details({ entry }) {
  return html`
    ${paragraphs(entry.description).map((each, at) => html`<p key=${at} class="description"><${Prose} text=${each} /></p>`)}
    ${entry.kind !== "tool" && html`<${UseInGraph} entry=${entry} />`}
    <${EntrySchemas} entry=${entry} />
  `;
}

/** The schemas of an entry, each as a table. @param {{entry: Entry}} props */
export function EntrySchemas({ entry }) {
  return html`
    <h2 class="sub">${"input_schema" in entry ? "Params" : "Arguments"}</h2>
    <${SchemaTable} schema=${entry.params_schema} label=${`Params of ${entry.name}`} />
    ${"input_schema" in entry && html`<h2 class="sub">Input</h2>${entry.input_schema === null ? html`<p class="quiet small">What the agent or graph takes that it runs.</p>` : html`<${SchemaTable} schema=${entry.input_schema} label=${`Input of ${entry.name}`} />`}`}
    <h2 class="sub">Output</h2><${SchemaTable} schema=${entry.output_schema} label=${`Output of ${entry.name}`} />
    ${"tools" in entry && entry.tools.length > 0 && html`<h2 class="sub">Tools</h2>
      <p>${entry.tools.map((name) => html`<a key=${name} class="tag" href=${href(["catalog"], { search: name })}>${name}</a>`)}</p>`}
    ${"mcp" in entry && entry.mcp && html`<p class="small quiet">${hints(entry.mcp)}</p>`}
  `;
}

/** @param {Record<string, boolean | null>} mcp */
function hints(mcp) {
  const said = Object.entries(mcp).filter(([, value]) => value !== null);
  if (said.length === 0) return "The server says nothing of what it does to the world.";
  return `The server says: ${said.map(([name, value]) => `${value ? "" : "not "}${name.replace("_", " ")}`).join(", ")}.`;
}

/** @param {{entry: Entry}} props */
function UseInGraph({ entry }) {
  const [said, setSaid] = useState("");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(JSON.stringify(nodeOf(entry), null, 2));
      setSaid("The node is in the clipboard.");
    } catch (error) {
      setSaid(`The browser does not let the page copy: ${sentenceOf(error)}`);
    }
  };
  return html`
    <div class="row">
      <button onClick=${copy}>Copy a node</button>
      <a class="button" href=${href(["graphs", "new"], { type: entry.name })}>New graph with it</a>
      <span class="small quiet" role="status">${said}</span>
    </div>
  `;
}
