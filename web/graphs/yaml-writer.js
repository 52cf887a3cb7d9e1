/** Writes a JSON value as YAML that reads back as the same value: blocks for structure, quotes wherever plain text could be read as something else. */

const PLAIN = /^[A-Za-z_$/][A-Za-z0-9_$/.-]*(?: [A-Za-z0-9_$/.()-]+)*$/;
const WORDS = /^(?:true|false|null|yes|no|on|off|y|n)$/i;

const WIDTH = 80;

/** @param {unknown} value */
export function yamlOf(value) {
  const lines = blockOf(value, "");
  return `${typeof lines === "string" ? lines : lines.join("\n")}\n`;
}

/** A scalar or an empty container as one text, anything else as lines. @param {unknown} value @param {string} indent @returns {string | string[]} */
function blockOf(value, indent) {
  if (indent !== "" && typeof value === "object" && value !== null) {
    const line = inOneLine(value, WIDTH - indent.length);
    if (line !== null) return line;
  }
  if (Array.isArray(value)) return value.length === 0 ? "[]" : value.flatMap((each) => itemOf(each, indent));
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value);
    return entries.length === 0 ? "{}" : entries.flatMap(([key, each]) => entryOf(key, each, indent));
  }
  return typeof value === "string" ? textOf(value, indent) : JSON.stringify(value ?? null);
}

/** What is short, and holds nothing long, in one line; null otherwise. @param {unknown} value @param {number} room @returns {string | null} */
function inOneLine(value, room) {
  if (typeof value === "string") return value.includes("\n") ? null : inlineText(value);
  if (typeof value !== "object" || value === null) return JSON.stringify(value ?? null);
  const pairs = Array.isArray(value) ? value.map((each) => ["", each]) : Object.entries(value).map(([key, each]) => [`${inlineText(key)}: `, each]);
  let text = "";
  for (const [name, each] of pairs) {
    const inner = text.length > room ? null : inOneLine(each, room - text.length);
    if (inner === null) return null;
    text += `${text === "" ? "" : ", "}${name}${inner}`;
  }
  const line = Array.isArray(value) ? `[${text}]` : `{${text}}`;
  return line.length > room ? null : line;
}

/** @param {string} text */
const inlineText = (text) => (plain(text) ? text : quoted(text));

/** @param {unknown} value @param {string} indent @returns {string[]} */
function itemOf(value, indent) {
  const inner = blockOf(value, `${indent}  `);
  if (typeof inner === "string") return [`${indent}- ${inner}`];
  const [first = "", ...rest] = inner;
  return [`${indent}- ${first.slice(indent.length + 2)}`, ...rest];
}

/** @param {string} key @param {unknown} value @param {string} indent @returns {string[]} */
function entryOf(key, value, indent) {
  const name = `${indent}${inlineText(key)}:`;
  // Items of a list stand below their key, at its own depth or deeper; deeper reads better.
  const inner = blockOf(value, `${indent}  `);
  return typeof inner === "string" ? [`${name} ${inner}`] : [name, ...inner];
}

/** @param {string} text @param {string} indent */
function textOf(text, indent) {
  if (plain(text)) return text;
  // A block keeps lines as they are, where no line could be taken for something else.
  if (/^[^\s].*\n/.test(text) && /^[\t\n\x20-\x7e\u00a1-\ud7ff\ue000-\ufefe]*$/.test(text) && !/[ \t]$|\t/m.test(text) && !text.endsWith("\n\n") && !/[\u2028\u2029\u0085]/.test(text)) {
    const body = text.endsWith("\n") ? text.slice(0, -1) : text;
    return `${text.endsWith("\n") ? "|" : "|-"}\n${body.split("\n").map((line) => (line === "" ? "" : `${indent}${line}`)).join("\n")}`;
  }
  return quoted(text);
}

/** @param {string} text */
function quoted(text) {
  return JSON.stringify(text).replace(/[\u007f-\u009f\u2028\u2029\ufeff]/g, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** @param {string} text */
const plain = (text) => PLAIN.test(text) && !WORDS.test(text) && text.length < 200;
