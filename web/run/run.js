/** A run: its graph, and what happens in it, live or at any moment of its past. */

import { Drawing } from "../parts/drawing/drawing.js";
import { html, useCallback, useEffect, useMemo, useReducer, useState } from "../parts/html.js";
import { JsonView } from "../parts/json-view.js";
import { useNow } from "../parts/moment.js";
import { Loading, Notice } from "../parts/notice.js";
import { go } from "../route.js";
import { isPart, isSettled, nodeOf } from "../state/fold.js";
import { Head } from "./head.js";
import { Log } from "./log/log.js";
import { NodePanel } from "./node/node-panel.js";
import { RunStore } from "./run-store.js";
import { Slider } from "./slider/slider.js";
import { Texts } from "./texts.js";
import { Timeline } from "./timeline/timeline.js";

/** @typedef {import("../state/fold.js").RunState} RunState */

const TABS = { graph: "Graph", timeline: "Timeline", log: "Log", texts: "Texts", result: "Result" };

/** @param {{path: string[], query: URLSearchParams}} props */
export function Run({ path, query }) {
  return html`<${OneRun} key=${path[0] ?? ""} runId=${path[0] ?? ""} query=${query} />`;
}

/** @param {{runId: string, query: URLSearchParams}} props */
function OneRun({ runId, query }) {
  const store = useStore(runId);
  const at = query.has("at") ? Math.max(0, Math.min(Number(query.get("at")) || 0, store.lastSeq)) : null;
  const state = useMemo(() => (at === null ? store.state : store.stateAt(at)), [store, at, at === null ? store.changes : 0]);
  const now = useNow(!store.ended);
  const selected = query.get("node");
  const tab = query.get("tab") ?? "graph";
  const set = useCallback((/** @type {Record<string, string | null>} */ changed) => {
    const next = new URLSearchParams(location.hash.split("?")[1] ?? "");
    for (const [name, value] of Object.entries(changed)) value === null ? next.delete(name) : next.set(name, value);
    go(["run", runId], next, { replace: true });
  }, [runId]);
  const select = useCallback((/** @type {string} */ id) => set({ node: id }), [set]);
  if (store.problem) return html`<${Notice} kind="error" text=${store.problem.message} />`;
  if (store.view === null) return html`<${Loading} />`;
  const live = at === null;
  const moment = store.events[(at ?? store.lastSeq) - 1]?.ts;
  const until = live && !store.ended ? now : moment ? Date.parse(moment) : now;
  return html`
    <${Head} store=${store} state=${state} live=${live} now=${live ? now : until} />
    <${Slider} last=${store.lastSeq} at=${at} moment=${moment} live=${!store.ended} onAt=${(/** @type {number | null} */ seq) => set({ at: seq === null ? null : String(seq) })} />
    <div class="tabs" role="tablist" aria-label="Views of the run">
      ${Object.entries(TABS).map(([name, title]) => html`<button key=${name} role="tab" id=${`tab-${name}`} aria-selected=${name === tab} aria-controls="tab-panel"
        onClick=${() => set({ tab: name === "graph" ? null : name })}>${title}</button>`)}
    </div>
    <div class="run-body" data-panel=${selected !== null}>
      <div id="tab-panel" role="tabpanel" aria-labelledby=${`tab-${tab}`}>
        <${Shown} tab=${tab} store=${store} state=${state} at=${at} until=${until} selected=${selected} onSelect=${select} />
      </div>
      ${selected !== null && html`<${NodePanel} key=${selected} store=${store} name=${selected} node=${overlaid(store, state, selected, live)} live=${live} now=${until} onSelect=${select} onClose=${() => set({ node: null })} />`}
    </div>
  `;
}

/** @param {{tab: string, store: RunStore, state: RunState, at: number | null, until: number, selected: string | null, onSelect: (id: string) => void}} props */
function Shown({ tab, store, state, at, until, selected, onSelect }) {
  const live = at === null;
  const parts = useMemo(() => countsOfParts(state), [state, live ? store.changes : 0]);
  const nodeAt = useCallback((/** @type {string} */ id) => overlaid(store, state, id, live), [store, state, live, live ? store.changes : 0]);
  if (tab === "timeline") return html`<${Timeline} state=${state} until=${until} changes=${store.changes} selected=${selected} onSelect=${onSelect} />`;
  if (tab === "log") return html`<${Log} events=${store.events} count=${at ?? store.lastSeq} node=${selected} onNode=${onSelect} />`;
  if (tab === "texts") return html`<${Texts} texts=${store.texts.texts} changes=${store.changes} onSelect=${onSelect} />`;
  if (tab === "result") return html`<${Result} store=${store} />`;
  if (store.graph === null) return html`<${Loading} />`;
  const document = store.graph ?? { nodes: Object.keys(store.view?.nodes ?? {}).map((id) => ({ id, type: "" })) };
  return html`<${Drawing} document=${document} nodeOf=${nodeAt} partsOf=${(/** @type {string} */ id) => parts.get(id)} selected=${selected && nodeOf(selected)} onSelect=${onSelect} />`;
}

/** The state of a node, with what only the API knows of an attempt in flight. @param {RunStore} store @param {RunState} state @param {string} id @param {boolean} live */
function overlaid(store, state, id, live) {
  const node = state.nodes.get(id);
  const told = live ? store.view?.nodes[id] : undefined;
  if (node === undefined || told === undefined || node.status !== "scheduled") return node;
  return told.status === "running" || told.status === "retrying" ? { ...node, status: told.status, started_at: told.started_at, percent: told.percent ?? node.percent, attempt: Math.max(node.attempt, told.attempt) } : node;
}

/** How far the parts of each node are. @param {RunState} state */
function countsOfParts(state) {
  /** @type {Map<string, import("../parts/drawing/drawing.js").Parts>} */
  const found = new Map();
  for (const [name, node] of state.nodes) {
    if (!isPart(name)) continue;
    const whole = nodeOf(name);
    const counts = found.get(whole) ?? { total: 0, settled: 0, failed: 0 };
    counts.total += 1;
    if (isSettled(node.status)) counts.settled += 1;
    if (node.status === "failed") counts.failed += 1;
    found.set(whole, counts);
  }
  return found;
}

/** @param {{store: RunStore}} props */
function Result({ store }) {
  const result = store.view?.result;
  if (!result) return html`<p class="quiet">There is a result once the run has succeeded.</p>`;
  return html`<section aria-label="Result">${Object.entries(result.outputs).map(([sink, output]) => html`<h3 key=${sink} class="mono">${sink}</h3><${JsonView} value=${output} label=${`output-${sink}`} />`)}
    ${(result.skipped?.length ?? 0) > 0 && html`<p class="quiet">Skipped: ${result.skipped?.join(", ")}</p>`}
    <h3>Input</h3><${JsonView} value=${store.view?.input} label="input" bytes=${store.view?.input_bytes} url=${`/runs/${store.runId}/input`} /></section>`;
}

/** @param {string} runId */
function useStore(runId) {
  const [store] = useState(() => new RunStore(runId));
  const [, redraw] = useReducer((times) => times + 1, 0);
  useEffect(() => {
    const end = store.subscribe(() => redraw(undefined));
    store.start();
    return () => (end(), store.stop());
  }, [store]);
  return store;
}
