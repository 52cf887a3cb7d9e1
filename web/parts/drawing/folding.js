/**
 * Folds a large graph: nodes of one layer and one type become a box with their number, so that what is drawn stays small. The
 * reader opens a box to see its nodes.
 */

import { layersOf } from "./layers.js";

/** Graphs with more nodes than this are folded. */
export const MAX_DRAWN = 150;
const MAX_BOXES = 240;

/**
 * @typedef {object} Box
 * @property {string} id of the node; of a folded box, the id of its first node behind `layer/type/`
 * @property {string} type
 * @property {string[]} members ids of the nodes; one where it is a node
 * @property {any} [node] the node's document, where it is one node
 */
/** @typedef {{id: string, from: string, to: string, edges: any[]}} Line edges that lead from one box to another */

/**
 * Returns what is drawn of a document: every node by itself where there are few, else folded.
 * @param {any} document
 * @returns {{boxes: Box[], lines: Line[], boxOf: Map<string, string>}}
 */
export function folded(document) {
  const nodes = nodesOf(document);
  const edges = edgesOf(document);
  const boxes = nodes.length <= MAX_DRAWN ? single(nodes) : grouped(nodes, edges);
  /** @type {Map<string, string>} */
  const boxOf = new Map();
  for (const box of boxes) for (const member of box.members) boxOf.set(member, box.id);
  if (edges.some((edge) => edge.from === "$input")) {
    boxes.unshift({ id: "$input", type: "the run's input", members: [] });
    boxOf.set("$input", "$input");
  }
  return { boxes, lines: linesOf(edges, boxOf), boxOf };
}

/** @param {any} document @returns {any[]} */
export function nodesOf(document) {
  const nodes = Array.isArray(document?.nodes) ? document.nodes : [];
  const seen = new Set();
  return nodes.filter((/** @type {any} */ node) => typeof node?.id === "string" && !seen.has(node.id) && seen.add(node.id));
}

/** @param {any} document @returns {any[]} */
export function edgesOf(document) {
  const edges = Array.isArray(document?.edges) ? document.edges : [];
  return edges.filter((/** @type {any} */ edge) => typeof edge?.from === "string" && typeof edge.to === "string");
}

/** @param {any[]} nodes @returns {Box[]} */
function single(nodes) {
  return nodes.map((node) => ({ id: node.id, type: String(node.type ?? ""), members: [node.id], node }));
}

/** @param {any[]} nodes @param {any[]} edges @returns {Box[]} */
function grouped(nodes, edges) {
  const layers = layersOf(nodes, edges);
  const depth = Math.max(...layers.values()) + 1;
  const band = Math.ceil(depth / 80); // a chain of thousands is folded into bands of layers
  const found = groups(nodes, layers, band, (node) => String(node.type ?? ""));
  return found.length <= MAX_BOXES ? found : groups(nodes, layers, Math.ceil(depth / 40), () => "several types");
}

/**
 * @param {any[]} nodes
 * @param {Map<string, number>} layers
 * @param {number} band
 * @param {(node: any) => string} typeOf
 * @returns {Box[]}
 */
function groups(nodes, layers, band, typeOf) {
  /** @type {Map<string, Box>} */
  const found = new Map();
  for (const node of nodes) {
    const type = typeOf(node);
    const place = `${Math.floor((layers.get(node.id) ?? 0) / band)}/${type}`;
    const box = found.get(place);
    if (box === undefined) found.set(place, { id: `${place}/${node.id}`, type, members: [node.id], node });
    else box.members.push(node.id);
  }
  return [...found.values()].map((box) => (box.members.length === 1 ? { ...box, id: box.members[0] ?? box.id } : { ...box, node: undefined }));
}

/** @param {any[]} edges @param {Map<string, string>} boxOf @returns {Line[]} */
function linesOf(edges, boxOf) {
  /** @type {Map<string, Line>} */
  const lines = new Map();
  for (const edge of edges) {
    const from = boxOf.get(edge.from);
    const to = boxOf.get(edge.to);
    if (from === undefined || to === undefined || from === to) continue;
    const on = edge.on ?? "success";
    const id = `${from}\n${to}\n${on}`;
    const line = lines.get(id);
    if (line === undefined) lines.set(id, { id, from, to, edges: [edge] });
    else line.edges.push(edge);
  }
  return [...lines.values()];
}
