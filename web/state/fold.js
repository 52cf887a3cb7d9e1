/**
 * Folds events into the state of a run: the same rules as `wand_orchestrator/contract/state.py`, with the same names, so that
 * the page shows live, archived and past moments alike. A test folds the same journals with both.
 */

/** @typedef {import("../server/types.js").RunEvent} RunEvent */
/** @typedef {import("../server/types.js").RunStatus} RunStatus */
/** @typedef {import("../server/types.js").NodeStatus} NodeStatus */
/** @typedef {import("../server/types.js").Failure} Failure */
/** @typedef {import("../server/types.js").UsageTotal} UsageTotal */

/**
 * @typedef {object} NodeState
 * @property {NodeStatus} status
 * @property {number} attempt from 1; 0 before the first
 * @property {string | null} scheduled_at
 * @property {string | null} started_at
 * @property {string | null} finished_at
 * @property {number | null} percent what the agent reported last
 * @property {Failure | null} error
 * @property {boolean} handled it failed, and an edge on failure was taken
 * @property {UsageTotal | null} usage
 * @property {string | null} reason why it was skipped or cancelled
 * @property {string | null} worker of the last attempt that ended
 * @property {string | null} next_attempt_at
 * @property {number | null} queued_ms of the last attempt that ended
 * @property {Record<string, any> | null} asked data of the event with which it began to wait
 * @property {string | null} child the run id of the child run that it has started
 */

/**
 * @typedef {object} RunState
 * @property {RunStatus} status
 * @property {number} progress
 * @property {Map<string, NodeState>} nodes in the order in which they were first told of
 * @property {Failure | null} error
 * @property {string | null} started_at
 * @property {string | null} finished_at
 * @property {number} last_seq
 * @property {UsageTotal | null} usage
 * @property {string | null} exceeded while a budget that is used up holds the run: which one
 */

/** @type {Record<string, RunStatus>} */
const RUN_STATUS = {
  "run.started": "running",
  "run.paused": "paused",
  "run.resumed": "running",
  "run.cancelling": "cancelling",
  "run.succeeded": "succeeded",
  "run.failed": "failed",
  "run.cancelled": "cancelled",
  "run.timed_out": "timed_out",
  "run.terminated": "terminated",
};

/** @type {Record<string, NodeStatus>} */
const NODE_STATUS = {
  "node.scheduled": "scheduled",
  "node.retrying": "retrying",
  "node.waiting": "waiting",
  "node.succeeded": "succeeded",
  "node.failed": "failed",
  "node.skipped": "skipped",
  "node.cancelled": "cancelled",
};

const OPEN = new Set(["pending", "running", "paused", "cancelling"]);
const SETTLED = new Set(["succeeded", "failed", "skipped", "cancelled"]);
const OF_THE_AGENT = new Set(["node.log", "node.progress"]);
const ENDS_OF_ATTEMPTS = new Set(["node.succeeded", "node.failed", "node.retrying"]);
const COUNTS = /** @type {const} */ ([
  "requests",
  "partial_requests",
  "input_tokens",
  "output_tokens",
  "cached_tokens",
  "reasoning_tokens",
]);
const LONGEST_MS = 100 * 365 * 86_400_000;

/** @param {string} status */
export const hasEnded = (status) => !OPEN.has(status);

/** @param {string} status */
export const isSettled = (status) => SETTLED.has(status);

/** @returns {RunState} */
export function emptyRun() {
  return {
    status: "pending",
    progress: 0,
    nodes: new Map(),
    error: null,
    started_at: null,
    finished_at: null,
    last_seq: 0,
    usage: null,
    exceeded: null,
  };
}

/** @returns {NodeState} */
export function emptyNode() {
  return {
    status: "pending",
    attempt: 0,
    scheduled_at: null,
    started_at: null,
    finished_at: null,
    percent: null,
    error: null,
    handled: false,
    usage: null,
    reason: null,
    worker: null,
    next_attempt_at: null,
    queued_ms: null,
    asked: null,
    child: null,
  };
}

/**
 * Returns a copy that later folds into the original do not change.
 * @param {RunState} state
 * @returns {RunState}
 */
export function copied(state) {
  return { ...state, nodes: new Map(state.nodes) };
}

/**
 * Folds one event into `state`; events must come in the order of `seq`. A node that changes is replaced by another object, so
 * that whoever keeps one can tell.
 * @param {RunState} state
 * @param {RunEvent} event
 */
export function fold(state, event) {
  state.last_seq = event.seq;
  if (event.node === null || event.node === undefined) {
    foldRun(state, event);
  } else {
    state.nodes.set(event.node, foldedNode(state.nodes.get(event.node) ?? emptyNode(), event));
    foldUsage(state, event.node, event);
    if (event.type === "node.progress") return;
  }
  state.progress = Math.max(state.progress, event.progress);
}

/** @param {RunState} state @param {RunEvent} event */
function foldRun(state, event) {
  const status = RUN_STATUS[event.type];
  if (status !== undefined) {
    state.status = status;
    state.exceeded = event.type === "run.paused" ? textIn(event, "budget") : null;
  }
  if (event.type === "run.started") {
    state.started_at = event.ts;
  } else if (status !== undefined && hasEnded(status)) {
    state.finished_at = event.ts;
    state.error = failureIn(event) ?? state.error;
  }
}

/**
 * @param {NodeState} before
 * @param {RunEvent} event
 * @returns {NodeState}
 */
function foldedNode(before, event) {
  const node = { ...before, status: NODE_STATUS[event.type] ?? before.status };
  if (typeof event.attempt === "number") node.attempt = Math.max(node.attempt, event.attempt);
  if (event.type === "node.scheduled") {
    Object.assign(node, { scheduled_at: event.ts, started_at: null, finished_at: null, error: null, handled: false });
    Object.assign(node, { reason: null, next_attempt_at: null, asked: null });
  } else if (event.type === "node.handled") {
    node.handled = true;
  } else if (event.type === "node.progress") {
    node.percent = event.progress;
  } else if (isSettled(node.status) && node.finished_at === null) {
    node.finished_at = event.ts;
    node.started_at = startOf(event) ?? node.started_at;
  }
  if (!OF_THE_AGENT.has(event.type)) {
    node.error = failureIn(event) ?? node.error;
    foldDetails(node, event);
  } else if (event.attempt === null) {
    node.child = textIn(event, "run_id") ?? node.child;
  }
  return node;
}

/** What only the page shows of a node. @param {NodeState} node @param {RunEvent} event */
function foldDetails(node, event) {
  node.reason = textIn(event, "reason") ?? node.reason;
  node.worker = textIn(event, "worker") ?? node.worker;
  node.next_attempt_at = event.type === "node.retrying" ? textIn(event, "next_attempt_at") : null;
  node.queued_ms = numberIn(event, "queued_ms") ?? node.queued_ms;
  node.asked = event.type === "node.waiting" ? event.data : null;
}

/** The moment at which the attempt began that `event` ends. @param {RunEvent} event */
function startOf(event) {
  const duration = numberIn(event, "duration_ms");
  if (duration === null || duration < 0 || duration > LONGEST_MS) return null;
  return new Date(Date.parse(event.ts) - Math.round(duration)).toISOString();
}

/** @param {RunState} state @param {string} name @param {RunEvent} event */
function foldUsage(state, name, event) {
  const usage = usageIn(event);
  if (usage === null) return;
  state.usage = sum(state.usage, usage);
  for (const whole of [...wholesOf(name), name]) {
    const node = state.nodes.get(whole);
    if (node !== undefined) state.nodes.set(whole, { ...node, usage: sum(node.usage, usage) });
  }
}

/** @param {RunEvent} event @returns {Record<string, number | null> | null} */
function usageIn(event) {
  const usage = event.data?.usage;
  if (!ENDS_OF_ATTEMPTS.has(event.type) || typeof usage !== "object" || usage === null) return null;
  return usage;
}

/**
 * @param {UsageTotal | null} total
 * @param {Record<string, number | null>} usage
 * @returns {UsageTotal}
 */
export function sum(total, usage) {
  /** @type {any} */
  const all = {};
  for (const name of COUNTS) all[name] = (total?.[name] ?? 0) + (usage[name] ?? 0);
  const unknown = usage.usd === null || usage.usd === undefined;
  const before = total?.usd ?? null;
  all.usd = before === null && unknown ? null : (before ?? 0) + (usage.usd ?? 0);
  const unpriced = usage.unpriced_requests ?? (unknown ? (usage.requests ?? 0) : 0);
  all.unpriced_requests = (total?.unpriced_requests ?? 0) + unpriced;
  return all;
}

/**
 * Returns what this is a part of, the outermost first: of `m[3][0]` these are `m` and `m[3]`.
 * @param {string} name
 */
export function wholesOf(name) {
  return [...name.matchAll(/[[/]/g)].map((match) => name.slice(0, match.index));
}

/**
 * Returns the node that this id is a part of.
 * @param {string} part
 */
export function nodeOf(part) {
  return part.split(/[[/]/, 1)[0] ?? part;
}

/** @param {string} name */
export const isPart = (name) => /[[/]/.test(name);

/** @param {RunEvent} event @returns {Failure | null} */
function failureIn(event) {
  const error = event.data?.error;
  return typeof error?.code === "string" && typeof error.message === "string" ? error : null;
}

/** @param {RunEvent} event @param {string} key */
function textIn(event, key) {
  const value = event.data?.[key];
  return typeof value === "string" ? value : null;
}

/** @param {RunEvent} event @param {string} key */
function numberIn(event, key) {
  const value = event.data?.[key];
  return typeof value === "number" ? value : null;
}
