/** Puts the nodes of a graph into layers, in time proportional to nodes and edges; used where a graph is too large to be drawn whole. */

/** @typedef {{id: string, type: string}} GraphNode */
/** @typedef {{from: string, to: string}} GraphEdge */

/**
 * Returns by id the layer of each node: one more than the last of its sources.
 * @param {GraphNode[]} nodes
 * @param {GraphEdge[]} edges
 * @returns {Map<string, number>}
 */
export function layersOf(nodes, edges) {
  const layer = new Map(nodes.map((node) => [node.id, 0]));
  /** @type {Map<string, string[]>} */
  const targets = new Map();
  /** @type {Map<string, number>} */
  const missing = new Map();
  for (const { from, to } of edges) {
    if (!layer.has(from) || !layer.has(to)) continue;
    const known = targets.get(from);
    if (known === undefined) targets.set(from, [to]);
    else known.push(to);
    missing.set(to, (missing.get(to) ?? 0) + 1);
  }
  const ready = nodes.filter((node) => !missing.has(node.id)).map((node) => node.id);
  for (const id of ready) {
    for (const target of targets.get(id) ?? []) {
      layer.set(target, Math.max(layer.get(target) ?? 0, (layer.get(id) ?? 0) + 1));
      const left = (missing.get(target) ?? 1) - 1;
      missing.set(target, left);
      if (left === 0) ready.push(target);
    }
  }
  return layer;
}
