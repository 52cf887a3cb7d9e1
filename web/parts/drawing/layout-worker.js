/** Lays boxes and lines out, apart from the page's own thread. */

import dagre from "../../vendor/dagre.js";

self.onmessage = (/** @type {MessageEvent} */ message) => {
  const { id, boxes, lines } = message.data;
  const graph = new dagre.graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: "LR", nodesep: 18, ranksep: 64, marginx: 16, marginy: 16 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const box of boxes) graph.setNode(box.id, { width: box.width, height: box.height });
  for (const line of lines) graph.setEdge(line.from, line.to, {}, line.id);
  dagre.layout(graph);
  const placeOf = (/** @type {string} */ name) => {
    const { x, y } = /** @type {any} */ (graph.node(name));
    return [x, y];
  };
  const label = /** @type {any} */ (graph.graph());
  self.postMessage({
    id,
    width: label.width ?? 0,
    height: label.height ?? 0,
    places: boxes.map((/** @type {any} */ { id: name }) => [name, ...placeOf(name)]),
    paths: lines.map((/** @type {any} */ line) => [
      line.id,
      /** @type {any} */ (graph.edge(line.from, line.to, line.id)).points.map((/** @type {any} */ point) => [point.x, point.y]),
      placeOf(line.from),
      placeOf(line.to),
    ]),
  });
};
