/** What became of an edge, as far as the states of the nodes at its ends tell. */

/** @typedef {import("../../state/fold.js").NodeState} NodeState */
/** @typedef {"open" | "taken" | "not taken" | "perhaps"} EdgeState */

const RAN = new Set(["scheduled", "running", "retrying", "waiting", "succeeded", "failed"]);

/**
 * Returns the state of an edge. An edge with a condition into a node that waits for all of its edges was taken if that node ran;
 * for other conditions the journal does not tell.
 * @param {any} edge
 * @param {NodeState | undefined} source undefined for `$input`, or before it began
 * @param {NodeState | undefined} target
 * @param {string} join of the target
 * @returns {EdgeState}
 */
export function edgeState(edge, source, target, join) {
  const decided = edge.from === "$input" ? "succeeded" : source?.status;
  if (decided === undefined || !["succeeded", "failed", "skipped", "cancelled"].includes(decided)) return "open";
  if (!fits(edge.on ?? "success", decided, source)) return "not taken";
  if (edge.when === undefined || edge.when === null) return "taken";
  if (target === undefined || target.status === "pending") return "open";
  if (RAN.has(target.status) && join === "all") return "taken";
  return target.status === "skipped" ? "not taken" : "perhaps";
}

/** @param {string} on @param {string} status @param {NodeState | undefined} source */
function fits(on, status, source) {
  if (status === "skipped" || status === "cancelled") return false;
  if (on === "settled") return true;
  if (on === "failure") return status === "failed";
  return status === "succeeded" || (status === "failed" && source !== undefined && !source.handled);
}
