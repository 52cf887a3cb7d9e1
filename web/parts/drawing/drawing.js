/** Draws a graph, and where it is given the states of a run, how far each node is. */

import { SIGNS, wordOf } from "../badge.js";
import { html, useCallback, useEffect, useMemo, useRef, useState } from "../html.js";
import { edgeState } from "./edge-state.js";
import { folded, nodesOf } from "./folding.js";
import { BOX_HEIGHT, BOX_WIDTH, useLayout } from "./layout.js";
import { Members } from "./members.js";
import { useViewport } from "./viewport.js";

/** @typedef {import("../../state/fold.js").NodeState} NodeState */
/** @typedef {import("./folding.js").Box} Box */
/** @typedef {import("./folding.js").Line} Line */
/** @typedef {{total: number, settled: number, failed: number}} Parts */

/**
 * @typedef {object} DrawingProps
 * @property {any} document
 * @property {(id: string) => NodeState | undefined} [nodeOf] the state of a node; without it, the graph alone is drawn
 * @property {(id: string) => Parts | undefined} [partsOf]
 * @property {string | null} [selected]
 * @property {(id: string) => void} [onSelect]
 * @property {Record<string, string>} [marks] by node: a word that marks it, such as `added`
 * @property {Record<string, string>} [lineMarks] by the two ends of a line with a line break between: a word that marks it
 * @property {number} [changes] grows as the states change
 */

/** @param {DrawingProps} props */
export function Drawing({ document: graph, nodeOf, partsOf, selected, onSelect, marks, lineMarks }) {
  const { boxes, lines, boxOf } = useMemo(() => folded(graph), [graph]);
  const layout = useLayout(boxes, lines);
  const { view, box, fit, zoom, show, onPointerDown } = useViewport(layout?.width ?? 0, layout?.height ?? 0);
  const [opened, setOpened] = useState(/** @type {Box | null} */ (null));
  const documents = useMemo(() => new Map(nodesOf(graph).map((node) => [node.id, node])), [graph]);
  const sinks = useMemo(() => new Set(Array.isArray(graph?.sinks) ? graph.sinks : []), [graph]);
  const current = selected == null ? null : (boxOf.get(selected) ?? null);

  const choose = useCallback(
    (/** @type {Box} */ chosen) => {
      if (chosen.members.length > 1) setOpened(chosen);
      else if (chosen.members[0] !== undefined) onSelect?.(chosen.members[0]);
    },
    [onSelect],
  );
  const find = useCallback(
    (/** @type {string} */ id) => {
      const place = layout?.places.get(boxOf.get(id) ?? "");
      if (place !== undefined) show(...place, true);
      onSelect?.(id);
    },
    [layout, boxOf, show, onSelect],
  );
  useEffect(() => {
    const place = current === null ? undefined : layout?.places.get(current);
    if (place !== undefined) show(...place);
  }, [layout, current]);

  return html`
    <div class="drawing">
      <${Tools} document=${graph} onFind=${find} onZoom=${zoom} onFit=${fit} />
      <div class="canvas" ref=${box} onPointerDown=${onPointerDown}>
        ${layout === null
          ? html`<p class="loading" role="status">Drawing …</p>`
          : html`<svg width="100%" height="100%" role="group" aria-label="The graph" onKeyDown=${walker(lines, layout.places, show)}>
              <${Arrows} />
              <g transform=${`translate(${view.x} ${view.y}) scale(${view.scale})`}>
                ${lines.map(
                  (line) => html`<${Connection} key=${line.id} line=${line} mark=${lineMarks?.[`${line.from}\n${line.to}`]} points=${layout.paths.get(line.id)} state=${lineState(line, nodeOf, documents)}
                    target=${nodeOf?.(line.to)} onSelect=${onSelect} />`,
                )}
                ${boxes.map(
                  (each) => html`<${Place} key=${each.id} box=${each} place=${layout.places.get(each.id)} state=${nodeOf && summaryOf(each, nodeOf)}
                    parts=${each.members.length === 1 ? partsOf?.(each.id) : undefined} selected=${each.id === current}
                    sink=${sinks.has(each.id)} mark=${marks?.[each.id]} onChoose=${choose} />`,
                )}
              </g>
            </svg>`}
      </div>
      ${opened !== null && html`<${Members} box=${opened} nodeOf=${nodeOf} onSelect=${onSelect} onClose=${() => setOpened(null)} />`}
    </div>
  `;
}

/** The arrow keys go from a node along its edges, and to its neighbours. @param {Line[]} lines @param {Map<string, [number, number]>} places @param {(x: number, y: number) => void} show */
function walker(lines, places, show) {
  return (/** @type {KeyboardEvent} */ event) => {
    const from = /** @type {Element | null} */ (event.target)?.closest("[data-node]")?.getAttribute("data-node");
    const here = from == null ? undefined : places.get(from);
    if (from == null || here === undefined || !event.key.startsWith("Arrow")) return;
    event.preventDefault();
    const to = nextOf(event.key, from, here, lines, places);
    const place = to === undefined ? undefined : places.get(to);
    if (place === undefined || to === undefined) return;
    show(...place);
    const all = /** @type {SVGElement} */ (event.currentTarget).querySelectorAll("[data-node]");
    for (const each of all) if (each.getAttribute("data-node") === to) /** @type {SVGElement} */ (each).focus();
  };
}

/** @param {string} key @param {string} from @param {[number, number]} here @param {Line[]} lines @param {Map<string, [number, number]>} places */
function nextOf(key, from, here, lines, places) {
  if (key === "ArrowRight") return nearest(lines.filter((line) => line.from === from).map((line) => line.to), here, places);
  if (key === "ArrowLeft") return nearest(lines.filter((line) => line.to === from).map((line) => line.from), here, places);
  const down = key === "ArrowDown";
  const column = [...places].filter(([, [x, y]]) => Math.abs(x - here[0]) < BOX_WIDTH && (down ? y > here[1] : y < here[1]));
  return nearest(column.map(([id]) => id), here, places);
}

/** @param {string[]} ids @param {[number, number]} here @param {Map<string, [number, number]>} places */
function nearest(ids, here, places) {
  const far = (/** @type {string} */ id) => Math.hypot((places.get(id)?.[0] ?? 0) - here[0], (places.get(id)?.[1] ?? 0) - here[1]);
  return ids.sort((one, other) => far(one) - far(other))[0];
}

/** @param {Line} line @param {DrawingProps["nodeOf"]} nodeOf @param {Map<string, any>} documents */
function lineState(line, nodeOf, documents) {
  if (nodeOf === undefined) return "open";
  const states = line.edges.map((edge) => edgeState(edge, nodeOf(edge.from), nodeOf(edge.to), documents));
  return states.find((state) => state === "taken") ?? states.find((state) => state !== "not taken") ?? "not taken";
}

/** The state of a box: of its node, or how many of its nodes are in which. @param {Box} box @param {(id: string) => NodeState | undefined} nodeOf */
function summaryOf(box, nodeOf) {
  if (box.members.length <= 1) return { node: nodeOf(box.members[0] ?? ""), counts: null };
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const id of box.members) {
    const status = nodeOf(id)?.status ?? "pending";
    counts.set(status, (counts.get(status) ?? 0) + 1);
  }
  return { node: undefined, counts };
}

const GRAVEST = ["failed", "waiting", "retrying", "running", "scheduled", "pending", "cancelled", "skipped", "succeeded"];

/** @param {{box: Box, place: [number, number] | undefined, state: ReturnType<typeof summaryOf> | undefined, parts: Parts | undefined, selected: boolean, sink: boolean, mark: string | undefined, onChoose: (box: Box) => void}} props */
function Place({ box, place, state, parts, selected, sink, mark, onChoose }) {
  if (place === undefined) return null;
  const many = box.members.length > 1;
  const input = box.id === "$input";
  const status = input ? "pending" : (state?.node?.status ?? (state?.counts ? GRAVEST.find((each) => state.counts?.has(each)) : undefined) ?? "pending");
  const title = many ? `${box.members.length} × ${box.type}` : box.id;
  const second = many ? countsLine(state?.counts) : input ? box.type : detailLine(box, state?.node, parts);
  const share = parts && parts.total > 0 ? (100 * parts.settled) / parts.total : state?.node?.percent;
  const choose = () => onChoose(box);
  const name = cut(title, state ? 20 : 23);
  const line = cut(second || box.type, 29);
  const more = [many || !state || input ? "" : wordOf(status), mark ?? "", name === title ? "" : title, line === second ? "" : second];
  const told = more.filter((each) => each !== "").join(", ");
  return html`
    <g class="node" data-node=${box.id} data-status=${state ? status : "none"} data-mark=${mark} transform=${`translate(${place[0] - BOX_WIDTH / 2} ${place[1] - BOX_HEIGHT / 2})`}
      role=${input ? "img" : "button"} tabindex=${input ? undefined : "0"} aria-pressed=${input ? undefined : selected}
      onClick=${choose} onKeyDown=${(/** @type {KeyboardEvent} */ event) => (event.key === "Enter" || event.key === " ") && (event.preventDefault(), choose())}>
      <title>${`${title}, ${told || line}`}</title>
      ${many && html`<rect class="behind" x="5" y="5" width=${BOX_WIDTH} height=${BOX_HEIGHT} rx="9" />`}
      <rect class="box" width=${BOX_WIDTH} height=${BOX_HEIGHT} rx="9" />
      ${state && !input && html`<text class="sign" x="14" y="22" aria-hidden="true">${SIGNS[status] ?? ""}</text>`}
      <text class="name" x=${state && !input ? 32 : 12} y="22">${name}</text>
      <text class="type" x="12" y="41">${line}</text>
      <text class="told" x="12" y="41">, ${told}</text>
      ${sink && html`<text class="sink" aria-hidden="true" x=${BOX_WIDTH - 12} y="22" text-anchor="end"><title>its output is a result of the run</title>◉</text>`}
      ${share !== null && share !== undefined && status !== "succeeded" && html`<rect class="share" x="0" y=${BOX_HEIGHT - 4} height="4" rx="2" width=${(BOX_WIDTH * share) / 100} />`}
    </g>
  `;
}

/** @param {Map<string, number> | null | undefined} counts */
function countsLine(counts) {
  return counts ? GRAVEST.filter((each) => counts.has(each)).map((each) => `${counts.get(each)} ${wordOf(each)}`).join(" · ") : "";
}

/** @param {Box} box @param {NodeState | undefined} node @param {Parts | undefined} parts */
function detailLine(box, node, parts) {
  if (parts) return `${parts.settled}/${parts.total}${parts.failed ? ` · ${parts.failed} failed` : ""} · ${box.type}`;
  if (node?.status === "skipped" && node.reason) return node.reason;
  if (node && node.attempt > 1) return `attempt ${node.attempt} · ${box.type}`;
  return box.type;
}

/** @param {string} text @param {number} length */
const cut = (text, length) => (text.length > length ? `${text.slice(0, length - 1)}…` : text);

/** @param {{line: Line, points: [number, number][] | undefined, state: string, target: NodeState | undefined, mark: string | undefined, onSelect?: (id: string) => void}} props */
function Connection({ line, points, state, target, mark, onSelect }) {
  if (points === undefined || points.length === 0) return null;
  const edge = line.edges[0];
  const word = wordsOf(line);
  const middle = points[Math.floor(points.length / 2)] ?? [0, 0];
  const why = state === "not taken" && target?.reason ? ` (${target.reason})` : "";
  return html`
    <g class="edge" data-state=${state} data-mark=${mark} data-on=${edge.on ?? "success"} onClick=${() => onSelect?.(edge.to)}>
      <title>${`${line.from} to ${line.to}: ${mark ?? state}${why}${word.full}`}</title>
      <path class="reach" d=${curve(points)} />
      <path class="line" d=${curve(points)} marker-end="url(#arrow)" />
      ${word.short && html`<text x=${middle[0]} y=${middle[1] - 5} text-anchor="middle">${cut(word.short, 26)}</text>`}
    </g>
  `;
}

/** @param {Line} line */
function wordsOf(line) {
  const edge = line.edges[0];
  const parts = [];
  if (line.edges.length > 1) parts.push(`${line.edges.length} edges`);
  if (edge.on && edge.on !== "success") parts.push(`on ${edge.on}`);
  if (edge.when) parts.push(edge.when === "otherwise" ? "otherwise" : `when ${edge.when}`);
  const carried = Object.entries(edge.map ?? {}).map(([key, expression]) => `${key} ← ${expression}`);
  return { short: parts.join(", "), full: [...parts, ...carried].map((each) => `\n${each}`).join("") };
}

/** @param {[number, number][]} points */
function curve(points) {
  const [first, ...rest] = points;
  if (first === undefined) return "";
  let text = `M${first[0]} ${first[1]}`;
  let [x, y] = first;
  for (const [nextX, nextY] of rest) {
    const middle = (x + nextX) / 2;
    text += `C${middle} ${y} ${middle} ${nextY} ${nextX} ${nextY}`;
    [x, y] = [nextX, nextY];
  }
  return text;
}

function Arrows() {
  return html`<defs>
    <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse">
      <path d="M0 0L8 4L0 8z" fill="context-stroke" />
    </marker>
  </defs>`;
}

/** @param {{document: any, onFind: (id: string) => void, onZoom: (factor: number) => void, onFit: () => void}} props */
function Tools({ document: graph, onFind, onZoom, onFit }) {
  const [text, setText] = useState("");
  const ids = useMemo(() => nodesOf(graph).map((node) => /** @type {string} */ (node.id)), [graph]);
  const list = useRef(`ids-${Math.random().toString(36).slice(2)}`);
  const matching = text === "" ? [] : ids.filter((id) => id.toLowerCase().includes(text.toLowerCase())).slice(0, 20);
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    const found = ids.includes(text) ? text : matching[0];
    if (found !== undefined) onFind(found);
  };
  return html`
    <form class="drawing-tools row" role="search" onSubmit=${submit}>
      <input type="search" aria-label="Find a node" placeholder="Find a node" list=${list.current} value=${text}
        onInput=${(/** @type {any} */ event) => setText(event.currentTarget.value)} />
      <datalist id=${list.current}>${matching.map((id) => html`<option key=${id} value=${id}></option>`)}</datalist>
      <button type="button" aria-label="Zoom in" onClick=${() => onZoom(1.3)}>+</button>
      <button type="button" aria-label="Zoom out" onClick=${() => onZoom(1 / 1.3)}>−</button>
      <button type="button" onClick=${onFit}>Fit</button>
    </form>
  `;
}
