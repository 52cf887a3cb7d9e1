/** A node of a run, or a part of one: what went in, what came out, what was tried, and what can be done. */

import { sentenceOf } from "../../parts/answer.js";
import { Artifact } from "../../parts/artifact.js";
import { Badge } from "../../parts/badge.js";
import { Dialog } from "../../parts/dialog.js";
import { FailureView } from "../../parts/failure.js";
import { html, useEffect, useState } from "../../parts/html.js";
import { JsonView } from "../../parts/json-view.js";
import { between, duration } from "../../parts/moment.js";
import { usageLine } from "../../parts/money.js";
import { href } from "../../route.js";
import { Problem, path, request } from "../../server/request.js";
import { hasEnded, isPart, isSettled, nodeOf } from "../../state/fold.js";
import { Answer } from "../../answers/answer.js";
import { retried } from "../steering/steering.js";
import { Parts } from "./parts.js";

/** @typedef {import("../../state/fold.js").NodeState} NodeState */
/** @typedef {import("../run-store.js").RunStore} RunStore */

/**
 * @param {{store: RunStore, name: string, node: NodeState | undefined, live: boolean, now: number, onSelect: (id: string) => void, onClose: () => void}} props
 * `node`: its state at the moment that is shown; `live`: whether that is the present one
 */
export function NodePanel({ store, name, node, live, now, onSelect, onClose }) {
  const { detail, problem, look } = useDetail(store.runId, name, node?.status ?? "pending", node?.attempt ?? 0);
  const text = store.texts.texts.get(name);
  const asked = node?.status === "waiting" ? node.asked : null;
  return html`
    <section class="panel card" aria-label=${`Node ${name}`}>
      <div class="row spread"><h2 class="mono">${name}</h2><button onClick=${onClose} aria-label="Close the node">✕</button></div>
      <div class="row"><${Badge} status=${node?.status ?? "pending"} />
        ${node && node.attempt > 0 && html`<span class="small">attempt ${node.attempt}</span>`}
        <span class="small">${between(node?.started_at ?? node?.scheduled_at, node?.finished_at, now)}</span>
        ${node?.percent != null && !isSettled(node.status) && html`<progress max="100" value=${node.percent} aria-label="Progress of the node"></progress>`}
        <span class="small quiet">${usageLine(node?.usage)}</span></div>
      ${node?.reason && html`<p>${node.reason}</p>`}
      ${node?.next_attempt_at && html`<p>The next attempt is at ${node.next_attempt_at.slice(11, 19)}.</p>`}
      ${live && detail?.waiting_for.map((/** @type {string} */ why) => html`<p key=${why}>It waits for ${why}.</p>`)}
      ${live && asked?.schema && !asked.event && html`<${Answer} runId=${asked.run_id ?? store.runId} node=${asked.node ?? name} prompt=${asked.prompt ?? ""}
        schema=${asked.schema} details=${asked} onDone=${() => store.look()} />`}
      ${node?.error && html`<${FailureView} error=${node.error} />`}
      ${live && html`<${Deeds} store=${store} name=${name} node=${node} look=${look} />`}
      ${text && html`<h3>Text${text.final ? "" : " so far"}</h3>${text.gap && html`<p class="quiet small">A part of it is no longer there.</p>`}<pre class="emitted" tabindex="0" aria-label="Text of the agent">${text.text}</pre>`}
      ${problem && html`<p class="problem">${problem}</p>`}
      ${detail && html`<${Values} detail=${detail} runId=${store.runId} name=${name} />`}
      ${detail && detail.attempts.length > 0 && html`<${Attempts} attempts=${detail.attempts} />`}
      ${detail?.child_run && html`<p>Child run <a class="mono" href=${href(["run", detail.child_run])}>${detail.child_run}</a></p>`}
      <${Parts} store=${store} name=${name} onSelect=${onSelect} />
      <${Artifacts} runId=${store.runId} name=${name} status=${node?.status ?? ""} />
    </section>
  `;
}

/** @param {string} runId @param {string} name @param {string} status @param {number} attempt */
function useDetail(runId, name, status, attempt) {
  const [detail, setDetail] = useState(/** @type {any} */ (null));
  const [problem, setProblem] = useState("");
  const [asked, setAsked] = useState(0);
  useEffect(() => setDetail(null), [runId, name]);
  useEffect(() => {
    const stop = new AbortController();
    request(path`/runs/${runId}/nodes/${name}`, { signal: stop.signal }).then(
      (found) => (setDetail(found), setProblem("")),
      (error) => stop.signal.aborted || (error instanceof Problem && error.status === 404) || setProblem(sentenceOf(error)),
    );
    return () => stop.abort();
  }, [runId, name, status, attempt, asked]);
  return { detail, problem, look: () => setAsked((times) => times + 1) };
}

/** @param {{store: RunStore, name: string, node: NodeState | undefined, look: () => void}} props */
function Deeds({ store, name, node, look }) {
  const [asked, setAsked] = useState("");
  const status = store.state.status;
  const run = path`/runs/${store.runId}`;
  const ended = hasEnded(status);
  const whole = !isPart(name);
  const may = {
    "Skip": !ended && whole && !(node && isSettled(node.status) && !(node.status === "failed" && status === "paused")),
    "Retry now": !ended && (node?.status === "retrying" || (node?.status === "failed" && status === "paused")),
    "Rerun from here": ended && whole,
  };
  /** @type {Record<string, {text: string, act: () => Promise<unknown>}>} */
  const deeds = {
    "Skip": { text: "The node does not run; if it is in flight, it is cancelled first. What follows it is decided as for a skipped node.", act: () => request(`${run}${path`/nodes/${name}/skip`}`, { method: "POST" }) },
    "Retry now": { text: "The next attempt starts at once.", act: () => request(`${run}${path`/nodes/${name}/retry`}`, { method: "POST" }) },
    "Rerun from here": { text: "A new run starts: this node and all after it run again, other nodes that had succeeded keep their outputs.", act: () => retried(store.runId, [nodeOf(name)]) },
  };
  const deed = deeds[asked];
  return html`<div class="row" role="group" aria-label="Steering of the node">
    ${Object.entries(may).filter(([, allowed]) => allowed).map(([each]) => html`<button key=${each} onClick=${() => setAsked(each)}>${each}</button>`)}
    ${deed && html`<${Dialog} title=${`${asked}: ${name}?`} verb=${asked} act=${async () => (await deed.act(), store.look(), look())} onClose=${() => setAsked("")}><p>${deed.text}</p><//>`}
  </div>`;
}

/** @param {{detail: any, runId: string, name: string}} props */
function Values({ detail, runId, name }) {
  return html`${["params", "input", "output"].map((which) => {
    const value = detail.values[which];
    if (value === undefined) return null;
    return html`<details key=${which} open=${which === "output"}><summary>${which[0]?.toUpperCase()}${which.slice(1)}</summary>
      <${JsonView} value=${detail[which]} label=${`${name}-${which}`} bytes=${value.bytes} url=${value.url ?? `${path`/runs/${runId}/nodes/${name}`}/${which}`} /></details>`;
  })}`;
}

/** @param {{attempts: any[]}} props */
function Attempts({ attempts }) {
  return html`<details><summary>Attempts (${attempts.length})</summary>
    <ol class="attempts">${attempts.map((attempt) => html`<li key=${`${attempt.retried}/${attempt.attempt}`}>
      <${Badge} status=${attempt.status} /> attempt ${attempt.attempt}${attempt.duration_ms !== null ? `, ${duration(attempt.duration_ms)}` : ""}${attempt.queued_ms ? `, queued ${duration(attempt.queued_ms)}` : ""}
      ${attempt.worker && html`<span class="quiet small"> on ${attempt.worker}</span>`}
      ${attempt.error && html`<${FailureView} error=${attempt.error} />`}
    </li>`)}</ol></details>`;
}

const MAX_PAGES = 20;

/** The files of one node of this run; the list has those of child runs, too. @param {string} runId @param {string} name @param {AbortSignal} signal */
async function filesOf(runId, name, signal) {
  /** @type {any[]} */
  const found = [];
  /** @type {string | null} */
  let cursor = null;
  for (let pages = 0; pages < MAX_PAGES; pages++) {
    /** @type {import("../../server/types.js").Schemas["ArtifactList"]} */
    const page = await request(path`/runs/${runId}/artifacts`, { query: { cursor }, signal });
    found.push(...page.artifacts.filter((/** @type {any} */ each) => each.node === name && each.run_id === runId));
    cursor = page.next;
    if (cursor === null) break;
  }
  return found;
}

/** @param {{runId: string, name: string, status: string}} props */
function Artifacts({ runId, name, status }) {
  const [found, setFound] = useState(/** @type {any[]} */ ([]));
  useEffect(() => {
    const stop = new AbortController();
    void filesOf(runId, name, stop.signal).then(setFound, () => undefined); // the API's sentence stands at the node's detail
    return () => stop.abort();
  }, [runId, name, status]);
  if (found.length === 0) return null;
  return html`<h3>Files</h3>${found.map((each) => html`<${Artifact} key=${each.url} artifact=${each} />`)}`;
}
