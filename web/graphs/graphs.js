/** The views of graphs: the list of names, one version, its differences from another, its start form, the editor. */

import { html, useEffect, useState } from "../parts/html.js";
import { Loading, Notice } from "../parts/notice.js";
import { GraphList } from "./list.js";

/** @typedef {(props: any) => any} Part */

/** The parts by the last word of the path; each is loaded when it is first shown. @type {Record<string, () => Promise<Part>>} */
const PARTS = {
  show: async () => (await import("./graph.js")).GraphView,
  diff: async () => (await import("./differences.js")).Differences,
  start: async () => (await import("./start.js")).Start,
  edit: async () => (await import("./edit.js")).Edit,
};

/** @param {{path: string[], query: URLSearchParams}} props */
export function Graphs({ path, query }) {
  const [id, word = "show", other] = path;
  if (id === undefined) return html`<${GraphList} query=${query} />`;
  const name = id === "new" ? "edit" : word;
  return html`<${Loaded} key=${`${name} ${id} ${other ?? ""}`} name=${name} id=${id} other=${other} query=${query} />`;
}

/** @param {{name: string, id: string, other: string | undefined, query: URLSearchParams}} props */
function Loaded({ name, id, other, query }) {
  const [part, setPart] = useState(/** @type {{show: Part} | null} */ (null));
  const [problem, setProblem] = useState("");
  const load = PARTS[name];
  useEffect(() => {
    load?.().then((show) => setPart({ show }), (error) => setProblem(String(error)));
  }, [load]);
  if (load === undefined) return html`<${Notice} kind="error" text=${`There is no view “${name}” of a graph.`} />`;
  if (problem) return html`<${Notice} kind="error" text=${problem} />`;
  return part === null ? html`<${Loading} />` : html`<${part.show} id=${id === "new" ? null : id} other=${other} query=${query} />`;
}
