/** Has the API check a text as its writer pauses: one check at a time, of the newest text. */

import { sentenceOf } from "../parts/answer.js";
import { useEffect, useState } from "../parts/html.js";
import { Problem, request } from "../server/request.js";

/** @typedef {import("./document-text.js").Form} Form */
/** @typedef {{pointer: string, code: string, message: string, line?: number | null, column?: number | null}} PlacedFault */
/**
 * @typedef {object} Checked
 * @property {"checking" | "sound" | "faulty" | "unread"} state `unread`: it is not JSON or YAML, or the API did not answer
 * @property {PlacedFault[]} faults
 * @property {PlacedFault[]} warnings
 * @property {any} document what the last readable text says; null before there was one
 * @property {string} text that this is about
 */

const PAUSE_MS = 300;

export const MEDIA_TYPES = { json: "application/json", yaml: "application/yaml" };

/** @param {string} text @param {Form} form @returns {Checked} */
export function useCheck(text, form) {
  const [checked, setChecked] = useState(/** @type {Checked} */ ({ state: "checking", faults: [], warnings: [], document: null, text: "" }));
  useEffect(() => {
    const stop = new AbortController();
    const timer = setTimeout(async () => {
      const found = await check(text, form, stop.signal);
      if (!stop.signal.aborted && found !== null) setChecked((before) => ({ ...found, document: found.document ?? before.document }));
    }, PAUSE_MS);
    return () => (clearTimeout(timer), stop.abort());
  }, [text, form]);
  return checked;
}

/** @param {string} text @param {Form} form @param {AbortSignal} signal @returns {Promise<Checked | null>} */
async function check(text, form, signal) {
  try {
    const headers = { "Content-Type": MEDIA_TYPES[form] };
    const answer = /** @type {any} */ (await request("/graphs/validate?document=true", { method: "POST", body: text, headers, signal }));
    const { valid, faults, warnings, document } = answer;
    return { state: valid ? "sound" : "faulty", faults, warnings, document, text };
  } catch (error) {
    return signal.aborted ? null : { state: "unread", faults: faultsOf(error), warnings: [], document: null, text };
  }
}

/** A refusal as faults in the text. @param {unknown} error @returns {PlacedFault[]} */
export function faultsOf(error) {
  if (!(error instanceof Problem)) return [{ pointer: "", code: "", message: sentenceOf(error) }];
  if (error.faults.length > 0) return error.faults;
  const { line, column } = /** @type {{line?: number, column?: number}} */ (error.body);
  return [{ pointer: "", code: error.code, message: error.message, line, column }];
}
