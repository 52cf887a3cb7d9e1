/** Writes a graph, new or the next version of one. */

import { nodeOf } from "../catalog/node-snippet.js";
import { useCatalog } from "../catalog/catalog.js";
import { useAnswer } from "../parts/answer.js";
import { html, useMemo, useState } from "../parts/html.js";
import { Loading, Notice } from "../parts/notice.js";
import { useTitle } from "../parts/title.js";
import { href } from "../route.js";
import { path } from "../server/request.js";
import { draftOf, keepDraft } from "./draft.js";
import { Editor } from "./editor.js";
import { jsonOf } from "./json-writer.js";

/** @typedef {import("../catalog/catalog.js").Entry} Entry */
/** @typedef {import("../server/types.js").GraphView} Stored */

/** @param {{id: string | null, query: URLSearchParams}} props */
export function Edit({ id, query }) {
  const catalog = useCatalog();
  /** @type {import("../parts/answer.js").Answer<Stored>} */
  const { value, problem } = useAnswer(id === null ? null : path`/graphs/${id}`);
  useTitle(id === null ? "New graph" : value === null ? "" : `Edit ${value.name}`);
  const [turn, setTurn] = useState(0);
  const [draft] = useState(() => draftOf(id));
  const type = query.get("type");
  const first = useMemo(() => {
    const begun = value === null ? beginning(catalog.entries?.find((entry) => entry.name === type)) : value.graph;
    return jsonOf(begun);
  }, [value, type, catalog.entries === null]);
  if (problem) return html`<${Notice} kind="error" text=${problem} />`;
  if ((id !== null && value === null) || (type && catalog.entries === null && !catalog.problem)) return html`<${Loading} />`;
  const kept = turn === 0 && draft !== null && draft !== first && !type ? draft : null;
  return html`
    <p class="small"><a href=${href(["graphs"])}>Graphs</a>${value && html` / <a href=${href(["graphs", value.graph_id])}>${value.name}, version ${value.version}</a>`}</p>
    ${kept && html`<${Notice} kind="info" text="This is what you wrote before in this tab, and have not stored.">
      <button onClick=${() => (keepDraft(id, null), setTurn(turn + 1))}>Begin anew</button><//>`}
    <${Editor} key=${turn} id=${id} title=${value === null ? "New graph" : `Edit ${value.name}`} first=${kept ?? first}
      entries=${catalog.entries ?? []} problem=${catalog.problem} />
  `;
}

/** @param {Entry | undefined} entry */
function beginning(entry) {
  const node = entry === undefined ? { id: "hello", type: "agent.transform", params: { expression: "{text: 'hello'}" } } : nodeOf(entry);
  return { name: "my-graph", nodes: [node], edges: [] };
}
