/**
 * Follows the events of a run: EventSource cannot send the key, so this reads the stream with fetch. It resumes after the
 * last event that came, and ends with the run.
 */

import { Problem, path, send } from "./request.js";

/** @typedef {import("./types.js").RunEvent} RunEvent */
/** @typedef {import("./types.js").Delta} Delta */

/**
 * @typedef {object} Listener
 * @property {(events: RunEvent[]) => void} events the next events, in order and without a gap
 * @property {(delta: Delta) => void} [delta] text as an agent emits it
 * @property {(state: "open" | "broken" | "ended", problem?: Problem) => void} [connection]
 */

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 10_000;

/**
 * Tells `listener` of every event after `after` until the run ends or `signal` aborts; a broken connection is opened again.
 * Raises Problem if the API refuses the stream for good, as for an unknown run.
 * @param {string} runId
 * @param {number} after
 * @param {Listener} listener
 * @param {AbortSignal} signal
 */
export async function follow(runId, after, listener, signal) {
  let last = after;
  let wait = FIRST_WAIT_MS;
  while (!signal.aborted) {
    try {
      const headers = { Accept: "text/event-stream", "Last-Event-ID": String(last) };
      const answer = await send(path`/runs/${runId}/stream`, { headers, signal });
      if (answer.status === 204 || answer.body === null) return void listener.connection?.("ended");
      listener.connection?.("open");
      for await (const frames of framesOf(answer.body)) {
        last = tell(frames, last, listener);
        wait = FIRST_WAIT_MS;
      }
      // The API closes a stream after the run's last event, and when it stops itself.
      await pause(wait === FIRST_WAIT_MS ? 0 : wait, signal);
      wait *= 2;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Problem && isFinal(error)) throw error;
      listener.connection?.("broken", error instanceof Problem ? error : undefined);
      await pause(wait, signal);
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    }
  }
}

/**
 * Tells of the frames in their order, events in one call where nothing comes between; returns the last seq.
 * @param {any[]} frames
 * @param {number} last
 * @param {Listener} listener
 */
function tell(frames, last, listener) {
  /** @type {RunEvent[]} */
  let events = [];
  for (const frame of frames) {
    if (frame.type === "node.delta") {
      if (events.length > 0) listener.events(events);
      events = [];
      listener.delta?.(frame);
    } else if (frame.seq > last) {
      events.push(frame);
      last = frame.seq;
    }
  }
  if (events.length > 0) listener.events(events);
  return last;
}

/** @param {Problem} problem */
function isFinal(problem) {
  return problem.status >= 400 && problem.status < 500 && problem.status !== 408 && problem.status !== 429;
}

/**
 * Returns the data of the frames that arrive together, chunk by chunk.
 * @param {ReadableStream<Uint8Array>} body
 */
async function* framesOf(body) {
  const reader = body.pipeThrough(/** @type {ReadableWritablePair<string, Uint8Array>} */ (new TextDecoderStream())).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const frames = (rest + value).split("\n\n");
      rest = frames.pop() ?? "";
      const known = frames.map(dataOf).filter((data) => data !== null);
      if (known.length > 0) yield known;
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

/**
 * @param {string} frame
 * @returns {any}
 */
function dataOf(frame) {
  const lines = frame.split("\n").filter((line) => line.startsWith("data:"));
  return lines.length === 0 ? null : JSON.parse(lines.map((line) => line.slice(5).trimStart()).join("\n"));
}

/**
 * @param {number} ms
 * @param {AbortSignal} signal
 */
function pause(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms, undefined);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve(undefined)), { once: true });
  });
}
