/** A field for any JSON, which tells at once where it cannot be read. */

import { html, useEffect, useState } from "../html.js";

/** @param {{id: string, label: string, value: any, onChange: (value: any) => void, rows: number, about?: Record<string, any>}} props */
export function JsonField({ id, label, value, onChange, rows, about }) {
  const [text, setText] = useState(() => worded(value));
  const [problem, setProblem] = useState("");
  useEffect(() => {
    if (problem === "" && read(text).value !== undefined && JSON.stringify(read(text).value) !== JSON.stringify(value)) setText(worded(value));
  }, [value]);
  const type = (/** @type {any} */ event) => {
    const written = event.currentTarget.value;
    setText(written);
    const { value: next, problem: found } = read(written);
    setProblem(found);
    if (found === "") onChange(next);
  };
  return html`<textarea id=${id} rows=${rows} spellcheck=${false} aria-label=${label} value=${text} onInput=${type} ...${about} aria-invalid=${problem !== "" ? "true" : about?.["aria-invalid"]}></textarea>
    <p class="problem small" role="status">${problem}</p>`;
}

/** @param {any} value */
const worded = (value) => (value === undefined ? "" : JSON.stringify(value, null, 2));

/** @param {string} text @returns {{value: any, problem: string}} */
function read(text) {
  if (text.trim() === "") return { value: undefined, problem: "" };
  try {
    return { value: JSON.parse(text), problem: "" };
  } catch (error) {
    return { value: undefined, problem: `This is not JSON: ${/** @type {Error} */ (error).message}` };
  }
}
