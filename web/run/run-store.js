/**
 * What the page knows of one run: its events, the state folded from them, the texts that agents emit, and what no event tells
 * (which attempt runs, what it waits for), which is read from time to time while somebody looks.
 */

import { copied, emptyRun, fold, hasEnded } from "../state/fold.js";
import { Problem, asProblem, path, request } from "../server/request.js";
import { follow } from "../server/stream.js";
import { TextBoard } from "./text-board.js";

/** @typedef {import("../server/types.js").RunEvent} RunEvent */
/** @typedef {import("../server/types.js").RunView} RunView */
/** @typedef {import("../state/fold.js").RunState} RunState */

const CHECKPOINT_EVENTS = 500;
const SLICE_MS = 12;
const LOOK_MS = 1000;

export class RunStore {
  /** @param {string} runId */
  constructor(runId) {
    this.runId = runId;
    /** @type {RunEvent[]} event n is at n - 1 */
    this.events = [];
    this.state = emptyRun();
    this.texts = new TextBoard();
    /** @type {RunView | null} */
    this.view = null;
    /** @type {any} the graph's document; null while it is not known, undefined if it is gone */
    this.graph = null;
    /** @type {number | null} */
    this.version = null;
    /** @type {Problem | null} */
    this.problem = null;
    /** @type {"connecting" | "open" | "broken" | "ended"} */
    this.connection = "connecting";
    /** Grows with each change. */
    this.changes = 0;
    /** @type {RunState[]} the state after each 500 events */
    this._checkpoints = [];
    /** @type {RunEvent[]} told, and not folded yet */
    this._arrived = [];
    /** @type {Set<() => void>} */
    this._listeners = new Set();
    this._stop = new AbortController();
    this._drawing = false;
  }

  /** Starts to follow the run, until `stop`. */
  start() {
    void this._read();
    const listener = {
      events: (/** @type {RunEvent[]} */ events) => (this._arrived.push(...events), this._soon()),
      delta: (/** @type {import("../server/types.js").Delta} */ delta) => (this.texts.add(delta), this._soon()),
      connection: (/** @type {"open" | "broken" | "ended"} */ state) => ((this.connection = state), this._soon()),
    };
    follow(this.runId, 0, listener, this._stop.signal).catch((problem) => this._fail(problem));
  }

  stop() {
    this._stop.abort();
    this._listeners.clear();
  }

  /** @param {() => void} listener */
  subscribe(listener) {
    this._listeners.add(listener);
    return () => void this._listeners.delete(listener);
  }

  /** The last seq that was told. */
  get lastSeq() {
    return this.events.length;
  }

  get ended() {
    return hasEnded(this.state.status);
  }

  /**
   * Returns the state after the event with this seq: folded from the nearest state before it that was kept.
   * @param {number} seq
   * @returns {RunState}
   */
  stateAt(seq) {
    if (seq >= this.lastSeq) return this.state;
    const kept = Math.floor(seq / CHECKPOINT_EVENTS);
    const state = kept === 0 ? emptyRun() : copied(/** @type {RunState} */ (this._checkpoints[kept - 1]));
    for (let at = kept * CHECKPOINT_EVENTS; at < seq; at++) fold(state, /** @type {RunEvent} */ (this.events[at]));
    return state;
  }

  /** Reads the run anew at once, after it was steered. */
  look() {
    void this._look();
  }

  async _read() {
    await this._look();
    if (this.view?.graph_id) {
      try {
        const found = await request(path`/graphs/${this.view.graph_id}`, { signal: this._stop.signal });
        this.graph = found.graph;
        this.version = found.version;
      } catch (problem) {
        if (this._stop.signal.aborted) return;
        this.graph = undefined;
      }
    } else this.graph = undefined;
    this._soon();
    await this._keepLooking();
  }

  async _look() {
    try {
      this.view = await request(path`/runs/${this.runId}`, { signal: this._stop.signal });
      this._soon();
    } catch (problem) {
      this._fail(problem);
    }
  }

  /** What changes within attempts is told by no event: it is read while the run goes on and somebody can see it. */
  async _keepLooking() {
    while (!this._stop.signal.aborted && !(this.view && hasEnded(this.view.status) && this.view.result !== undefined && this.ended)) {
      const began = performance.now();
      if (!document.hidden) await this._look();
      const took = performance.now() - began;
      await new Promise((resolve) => setTimeout(resolve, Math.max(LOOK_MS, took * 10)));
    }
  }

  /** @param {unknown} problem */
  _fail(problem) {
    if (this._stop.signal.aborted) return;
    if (problem instanceof Problem && problem.status !== 404 && this.view !== null) return; // it is asked again
    this.problem = asProblem(problem);
    this._soon();
  }

  /** Folds what has arrived before the next frame, a slice at a time, and tells the listeners. */
  _soon() {
    if (this._drawing) return;
    this._drawing = true;
    const next = () => {
      this._drawing = false;
      if (this._stop.signal.aborted) return;
      this._foldArrived();
      this.changes += 1;
      for (const listener of this._listeners) listener();
      if (this._arrived.length > 0) this._soon();
    };
    if (document.hidden) setTimeout(next, 100);
    else requestAnimationFrame(next);
  }

  _foldArrived() {
    const until = performance.now() + SLICE_MS;
    let taken = 0;
    for (const event of this._arrived) {
      this.events.push(event);
      fold(this.state, event);
      this.texts.fold(event);
      if (event.seq % CHECKPOINT_EVENTS === 0) this._checkpoints.push(copied(this.state));
      taken += 1;
      if (taken % 50 === 0 && performance.now() > until) break;
    }
    this._arrived.splice(0, taken);
  }
}
