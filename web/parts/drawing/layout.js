/** Asks the worker for a layout. */

import { useEffect, useState } from "../html.js";

export const BOX_WIDTH = 190;
export const BOX_HEIGHT = 54;

/**
 * @typedef {object} Layout
 * @property {number} width
 * @property {number} height
 * @property {Map<string, [number, number]>} places the middle of each box
 * @property {Map<string, [number, number][]>} paths the points of each line
 */

/** @type {Worker | null} */
let worker = null;
let asked = 0;
/** @type {Map<number, (layout: Layout) => void>} */
const waiting = new Map();

/**
 * @param {{id: string}[]} boxes
 * @param {{id: string, from: string, to: string}[]} lines
 * @returns {Promise<Layout>}
 */
function laidOut(boxes, lines) {
  worker ??= started();
  asked += 1;
  const id = asked;
  return new Promise((resolve) => {
    waiting.set(id, resolve);
    worker?.postMessage({
      id,
      boxes: boxes.map((box) => ({ id: box.id, width: BOX_WIDTH, height: BOX_HEIGHT })),
      lines: lines.map(({ id: line, from, to }) => ({ id: line, from, to })),
    });
  });
}

function started() {
  const made = new Worker(workerUrl(), { type: "module" });
  made.onmessage = ({ data }) => {
    waiting.get(data.id)?.({
      width: data.width,
      height: data.height,
      places: new Map(data.places.map((/** @type {any} */ [id, x, y]) => [id, [x, y]])),
      paths: new Map(data.paths.map((/** @type {any} */ [id, points, from, to]) => [id, ended(points, from, to)])),
    });
    waiting.delete(data.id);
  };
  return made;
}

/** A line leaves a box in the middle of its right side, and ends at the left side of the other. @param {[number, number][]} points @param {[number, number]} from @param {[number, number]} to @returns {[number, number][]} */
function ended(points, from, to) {
  return [[from[0] + BOX_WIDTH / 2, from[1]], ...points.slice(1, -1), [to[0] - BOX_WIDTH / 2, to[1]]];
}

/** The page's policy takes no address of a script but this one. @returns {any} */
function workerUrl() {
  const url = "/page/parts/drawing/layout-worker.js";
  const types = /** @type {any} */ (globalThis).trustedTypes;
  if (types === undefined) return url;
  return types.createPolicy("wand", { createScriptURL: () => url }).createScriptURL("");
}

/**
 * Returns the layout of boxes and lines; null until it is there.
 * @param {{id: string}[]} boxes
 * @param {{id: string, from: string, to: string}[]} lines
 */
export function useLayout(boxes, lines) {
  const [layout, setLayout] = useState(/** @type {Layout | null} */ (null));
  useEffect(() => {
    let wanted = true;
    void laidOut(boxes, lines).then((found) => wanted && setLayout(found));
    return () => void (wanted = false);
  }, [boxes, lines]);
  return layout;
}
