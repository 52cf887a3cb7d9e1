/** The text of each node as its agent emits it: begun anew where the offset is 0, appended otherwise. */

/** @typedef {import("../server/types.js").RunEvent} RunEvent */

const MAX_SHOWN = 200_000;

/**
 * @typedef {object} Text
 * @property {number} attempt
 * @property {string} text
 * @property {number} length of the attempt's text so far, in code points
 * @property {boolean} gap whether a part of it is missing
 * @property {boolean} final whether the node has succeeded with it
 */

export class TextBoard {
  constructor() {
    /** @type {Map<string, Text>} */
    this.texts = new Map();
  }

  /** @param {import("../server/types.js").Delta} delta */
  add(delta) {
    const known = this.texts.get(delta.node);
    const anew = delta.offset === 0 || known === undefined || known.attempt !== delta.attempt;
    const before = anew ? { text: "", length: 0, gap: false } : known;
    const text = before.text + delta.text;
    this.texts.set(delta.node, {
      attempt: delta.attempt,
      text: text.length > MAX_SHOWN ? text.slice(-MAX_SHOWN) : text,
      length: delta.offset + [...delta.text].length,
      gap: before.gap || text.length > MAX_SHOWN || delta.offset !== before.length,
      final: false,
    });
  }

  /** @param {RunEvent} event */
  fold(event) {
    if (event.node === null) return;
    if (event.type === "node.retrying" || event.type === "node.failed") this.texts.delete(event.node);
    if (event.type !== "node.succeeded") return;
    const known = this.texts.get(event.node);
    const text = event.data.text;
    if (typeof text === "string") {
      this.texts.set(event.node, { attempt: event.attempt ?? 1, text, length: [...text].length, gap: false, final: true });
    } else if (known !== undefined) this.texts.set(event.node, { ...known, final: true });
  }
}
