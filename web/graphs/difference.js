/** What one document has that another has not: nodes, edges and everything else, with the paths of what changed. */

/** @typedef {{path: string, before: unknown, after: unknown}} Change `undefined` where there is nothing */
/** @typedef {{kind: "added" | "removed" | "changed", name: string, changes: Change[]}} Difference */
/** @typedef {{nodes: Difference[], edges: Difference[], rest: Difference[]}} Differences */

/** @param {any} before @param {any} after @returns {Differences} */
export function differencesOf(before, after) {
  const { nodes: _, edges: __, ...restBefore } = before;
  const { nodes: ___, edges: ____, ...restAfter } = after;
  return {
    nodes: between(byName(before.nodes, nameOfNode), byName(after.nodes, nameOfNode)),
    edges: between(byName(before.edges, nameOfEdge), byName(after.edges, nameOfEdge)),
    rest: between(new Map(Object.entries(restBefore)), new Map(Object.entries(restAfter))),
  };
}

/** @param {Differences} differences */
export const isSame = ({ nodes, edges, rest }) => nodes.length + edges.length + rest.length === 0;

/** @param {any} node */
const nameOfNode = (node) => String(node.id);

/** @param {any} edge */
const nameOfEdge = (edge) => `${edge.from} → ${edge.to}${edge.on && edge.on !== "success" ? ` on ${edge.on}` : ""}`;

/** By name; edges may have one name, and are then counted. @param {any[] | undefined} parts @param {(part: any) => string} nameOf */
function byName(parts, nameOf) {
  const found = new Map();
  for (const part of parts ?? []) {
    const name = nameOf(part);
    let free = name;
    for (let number = 2; found.has(free); number += 1) free = `${name} (${number})`;
    found.set(free, part);
  }
  return found;
}

/** @param {Map<string, any>} before @param {Map<string, any>} after @returns {Difference[]} */
function between(before, after) {
  /** @type {Difference[]} */
  const found = [];
  for (const [name, value] of before) {
    if (!after.has(name)) found.push({ kind: "removed", name, changes: [{ path: "", before: value, after: undefined }] });
    else {
      const changes = changesOf(value, after.get(name), "");
      if (changes.length > 0) found.push({ kind: "changed", name, changes });
    }
  }
  for (const [name, value] of after) {
    if (!before.has(name)) found.push({ kind: "added", name, changes: [{ path: "", before: undefined, after: value }] });
  }
  return found;
}

/** @param {any} before @param {any} after @param {string} path @returns {Change[]} */
export function changesOf(before, after, path) {
  if (before === after) return [];
  if (isObject(before) && isObject(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].flatMap((key) => changesOf(own(before, key), own(after, key), `${path}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`));
  }
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    return before.flatMap((each, at) => changesOf(each, after[at], `${path}/${at}`));
  }
  return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ path, before, after }];
}

/** @param {any} value */
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** @param {any} object @param {string} key */
const own = (object, key) => (Object.hasOwn(object, key) ? object[key] : undefined);

/**
 * Returns a document with the nodes and edges of both, and what each node and each line between two is in it, for the drawing.
 * @param {any} before @param {any} after @param {Differences} differences
 */
export function merged(before, after, differences) {
  const gone = new Set(differences.nodes.filter(({ kind }) => kind === "removed").map(({ name }) => name));
  const goneEdges = new Set(differences.edges.filter(({ kind }) => kind === "removed").map(({ name }) => name));
  const edges = [...byName(before.edges, nameOfEdge)].filter(([name]) => goneEdges.has(name)).map(([, edge]) => edge);
  const document = {
    ...after,
    nodes: [...(after.nodes ?? []), ...(before.nodes ?? []).filter((/** @type {any} */ node) => gone.has(node.id))],
    edges: [...(after.edges ?? []), ...edges],
  };
  const marks = Object.fromEntries(differences.nodes.map(({ name, kind }) => [name, kind]));
  return { document, marks, lineMarks: lineMarksOf(differences.edges, new Map([...byName(before.edges, nameOfEdge), ...byName(after.edges, nameOfEdge)])) };
}

/** Where edges between the same two nodes were added and removed, their line changed. @param {Difference[]} edges @param {Map<string, any>} known */
function lineMarksOf(edges, known) {
  /** @type {Record<string, string>} */
  const marks = {};
  for (const { name, kind } of edges) {
    const line = `${known.get(name).from}\n${known.get(name).to}`;
    marks[line] = (marks[line] ?? kind) === kind ? kind : "changed";
  }
  return marks;
}
