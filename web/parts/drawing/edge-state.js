/**
 * What became of an edge, as far as the states of the nodes at its ends tell: the same rules as `wand_orchestrator/drawing/line_state.py`. A
 * test compares them.
 */

/** @typedef {import("../../state/fold.js").NodeState} NodeState */
/** @typedef {"open" | "taken" | "not taken" | "perhaps"} EdgeState */

const RAN = new Set(["scheduled", "running", "retrying", "waiting", "succeeded", "failed"]);

/**
 * Returns the state of an edge. An edge with a condition into a node that waits for all of its edges was taken if that node ran;
 * for other conditions the journal does not tell.
 * @param {any} edge
 * @param {NodeState | undefined} source undefined for `$input`, or before it began
 * @param {NodeState | undefined} target
 * @param {Map<string, any>} documents of the nodes, by id
 * @returns {EdgeState}
 */
export function edgeState(edge, source, target, documents) {
  const decided = edge.from === "$input" ? "succeeded" : source?.status;
  if (decided === undefined || !["succeeded", "failed", "skipped", "cancelled"].includes(decided)) return "open";
  if (!fits(edge.on ?? "success", decided, source, documents.get(edge.from))) return "not taken";
  if (!edge.when) return "taken";
  if (target === undefined || target.status === "pending") return "open";
  if (RAN.has(target.status) && (documents.get(edge.to)?.join ?? "all") === "all") return "taken";
  return target.status === "skipped" ? "not taken" : "perhaps";
}

/**
 * Whether an edge on this is judged once its source has ended so. Of a failure that nothing handles none is taken; those on success
 * of an optional node that failed are judged on null.
 * @param {string} on
 * @param {string} status
 * @param {NodeState | undefined} source
 * @param {any} document of the source
 */
function fits(on, status, source, document) {
  if (status === "succeeded") return on !== "failure";
  if (status !== "failed" || source === undefined) return false;
  return document?.optional === true || (on !== "success" && source.handled);
}
