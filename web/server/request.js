/** Calls the API of this page, and turns its problem documents into exceptions. */

import { keyHeaders } from "./key.js";

/**
 * @typedef {object} Fault A fault in what was sent, at a JSON pointer.
 * @property {string} pointer
 * @property {string} code
 * @property {string} message
 */

/** A refusal of the API. `message` is the API's own sentence. */
export class Problem extends Error {
  /**
   * @param {number} status 0 where no answer came
   * @param {{code?: string, detail?: string, title?: string, faults?: Fault[], [key: string]: unknown}} body
   */
  constructor(status, body) {
    super(body.detail ?? body.title ?? `the API answered ${status}`);
    this.status = status;
    this.code = body.code ?? "unknown";
    this.faults = Array.isArray(body.faults) ? body.faults : [];
    this.body = body;
  }
}

/** Returns what was thrown as a problem. @param {unknown} error */
export function asProblem(error) {
  return error instanceof Problem ? error : new Problem(0, { detail: error instanceof Error ? error.message : String(error) });
}

/**
 * @typedef {object} Call
 * @property {string} [method]
 * @property {unknown} [json] sent as JSON
 * @property {BodyInit} [body] sent as it is
 * @property {Record<string, string>} [headers]
 * @property {Record<string, string | number | boolean | string[] | null | undefined>} [query] null and undefined are left out
 * @property {AbortSignal} [signal]
 */

/**
 * Sends a request and returns the answer. Raises Problem unless it is a success.
 * @param {string} path
 * @param {Call} [call]
 */
export async function send(path, call = {}) {
  const headers = { ...keyHeaders(), ...call.headers };
  /** @type {BodyInit | undefined} */
  let body = call.body;
  if (call.json !== undefined) {
    headers["Content-Type"] = "application/json";
    body = JSON.stringify(call.json);
  }
  const answer = await reach(address(path, call.query), { method: call.method ?? "GET", headers, body, signal: call.signal });
  if (!answer.ok) throw new Problem(answer.status, await problemOf(answer));
  return answer;
}

/**
 * Sends a request and returns the JSON of the answer; null if it has no body.
 * @template T
 * @param {string} path
 * @param {Call} [call]
 * @returns {Promise<T>}
 */
export async function request(path, call) {
  const answer = await send(path, { ...call, headers: { Accept: "application/json", ...call?.headers } });
  const text = await answer.text();
  return text === "" ? /** @type {any} */ (null) : JSON.parse(text);
}

/**
 * Returns the path of the API with these parts, each encoded.
 * @param {TemplateStringsArray} strings
 * @param {...(string | number)} parts
 */
export function path(strings, ...parts) {
  return strings.reduce((all, text, at) => all + encodeURIComponent(parts[at - 1] ?? "") + text);
}

/**
 * @param {string} at
 * @param {Call["query"]} [query]
 */
export function address(at, query = {}) {
  const values = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each !== null && each !== undefined && each !== "") values.append(name, String(each));
    }
  }
  const text = values.toString();
  return text === "" ? at : `${at}?${text}`;
}

/**
 * @param {string} url
 * @param {RequestInit} init
 */
async function reach(url, init) {
  try {
    return await fetch(url, { ...init, cache: "no-store", credentials: "omit", redirect: "error" });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new Problem(0, { code: "unreachable", detail: "The API does not answer. Is it running?" });
  }
}

/** @param {Response} answer */
async function problemOf(answer) {
  try {
    const body = await answer.json();
    return typeof body === "object" && body !== null ? body : {};
  } catch {
    return {};
  }
}
