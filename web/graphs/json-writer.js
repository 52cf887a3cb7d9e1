/** Writes a value as JSON that people read: what fits in a line stands in one. */

const WIDTH = 110;

/** @param {unknown} value */
export const jsonOf = (value) => `${written(value, "", 0)}\n`;

/** What would stand before the value in its line takes `before` characters. @param {unknown} value @param {string} indent @param {number} before @returns {string} */
function written(value, indent, before) {
  const line = inOneLine(value, WIDTH - indent.length - before);
  if (line !== null || typeof value !== "object" || value === null) return line ?? JSON.stringify(value);
  const deeper = `${indent}  `;
  if (Array.isArray(value)) return `[\n${value.map((each) => deeper + written(each, deeper, 0)).join(",\n")}\n${indent}]`;
  const entries = Object.entries(value).map(([key, each]) => {
    const name = `${JSON.stringify(key)}: `;
    return deeper + name + written(each, deeper, name.length);
  });
  return `{\n${entries.join(",\n")}\n${indent}}`;
}

/** Null where it takes more than `room` characters. @param {unknown} value @param {number} room @returns {string | null} */
function inOneLine(value, room) {
  if (typeof value !== "object" || value === null) return JSON.stringify(value ?? null);
  const pairs = Array.isArray(value) ? value.map((each) => ["", each]) : Object.entries(value).map(([key, each]) => [`${JSON.stringify(key)}: `, each]);
  let text = "";
  for (const [name, each] of pairs) {
    if (text.length > room) return null;
    const inner = inOneLine(each, room - text.length);
    if (inner === null) return null;
    text += `${text === "" ? "" : ", "}${name}${inner}`;
  }
  const line = Array.isArray(value) ? `[${text}]` : `{${text}}`;
  return line.length > room && text !== "" ? null : line;
}
