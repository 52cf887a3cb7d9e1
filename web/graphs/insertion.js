/** Where in the text of a graph a node is put in, and how it is written there. */

import { jsonOf } from "./json-writer.js";
import { yamlOf } from "./yaml-writer.js";

/** @typedef {import("./document-text.js").Form} Form */
/** @typedef {{offset: number, text: string}} Insertion */

/**
 * Returns the insertion of a node behind the last one; null where the text has no list of nodes that can be found.
 * @param {string} text @param {Form} form @param {unknown} node
 * @returns {Insertion | null}
 */
export function insertionOf(text, form, node) {
  return form === "json" ? inJson(text, node) : inYaml(text, node);
}

/** @param {string} text @param {unknown} node @returns {Insertion | null} */
function inJson(text, node) {
  const list = nodesIn(text);
  if (list === null) return null;
  const written = jsonOf(node).trimEnd().replaceAll("\n", "\n    ");
  const last = text.slice(0, list.end).trimEnd();
  return last.length === list.start + 1 ? { offset: list.start + 1, text: `\n    ${written}${text.slice(last.length, list.end).includes("\n") ? "" : "\n  "}` } : { offset: last.length, text: `,\n    ${written}` };
}

/** The offsets of the brackets of the member `nodes`. @param {string} text */
function nodesIn(text) {
  let depth = 0;
  let key = "";
  let start = -1;
  for (const match of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]]/g)) {
    const [token] = match;
    if (token === "{" || token === "[") {
      if (depth === 1 && key === '"nodes"' && token === "[" && start === -1) start = match.index;
      depth += 1;
    } else if (token === "}" || token === "]") {
      depth -= 1;
      if (depth === 1 && start !== -1) return { start, end: match.index };
    } else if (depth === 1) key = token;
  }
  return null;
}

/** @param {string} text @param {unknown} node @returns {Insertion | null} */
function inYaml(text, node) {
  const head = /^nodes:[ \t]*(?:#.*)?$/m.exec(text);
  if (head === null) return null;
  const begin = head.index + head[0].length;
  const next = /^(?!-)[^\s#]/m.exec(text.slice(begin + 1));
  const block = text.slice(begin, next === null ? undefined : begin + 1 + next.index).trimEnd();
  const indent = /^([ ]*)- /m.exec(block)?.[1] ?? "  ";
  const written = yamlOf([node]).trimEnd().split("\n").map((line) => `${indent}${line}`).join("\n");
  return { offset: begin + block.length, text: `\n${written}` };
}

/** The type of the node that the cursor is in or near, of those that `known` has. @param {string} text @param {number} offset @param {(name: string) => boolean} known */
export function typeNear(text, offset, known) {
  const from = Math.max(0, offset - 3000);
  let found = null;
  let least = Infinity;
  for (const match of text.slice(from, offset + 3000).matchAll(/\btype["']?\s*:\s*["']?([A-Za-z0-9][\w.:/-]*)/g)) {
    const [, name = ""] = match;
    const at = from + match.index;
    // What lies before the cursor is more likely its own.
    const far = at <= offset ? offset - at : (at - offset) * 2 + 20;
    if (far < least && known(name)) [found, least] = [name, far];
  }
  return found;
}
