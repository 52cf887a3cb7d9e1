/** Lists that the API gives a page at a time: the first page, kept new, and older ones when somebody asks for them. */

import { useCallback, useEffect, useRef, useState } from "./html.js";
import { sentenceOf, useAnswer } from "./answer.js";
import { address, request } from "../server/request.js";

/**
 * Returns the entries of all pages read so far; `items` is null before the first came, `more` null after the last.
 * @template T
 * @param {string} at
 * @param {Record<string, string | number | string[] | null>} query
 * @param {string} name the member that holds the entries
 * @param {(item: T) => string} keyOf an entry that two pages hold is shown once
 * @param {number} [everyMs]
 */
export function usePages(at, query, name, keyOf, everyMs) {
  const first = address(at, query);
  const { value, problem, again } = useAnswer(first, everyMs);
  const [older, setOlder] = useState(/** @type {any[]} */ ([]));
  const [refusal, setRefusal] = useState("");
  useEffect(() => setOlder([]), [first]);
  const next = (older.at(-1) ?? value)?.next ?? null;
  const read = useCallback(async () => {
    try {
      const page = await request(at, { query: { ...query, cursor: next } });
      setOlder((before) => [...before, page]);
    } catch (error) {
      setRefusal(sentenceOf(error));
    }
  }, [first, next]);
  const seen = new Set();
  /** @type {T[] | null} */
  const found = value && [value, ...older].flatMap((page) => page[name]).filter((item) => !seen.has(keyOf(item)) && seen.add(keyOf(item)));
  // While another search is on its way, what the last one found stays.
  const last = useRef(/** @type {T[] | null} */ (null));
  last.current = found ?? last.current;
  return { items: last.current, problem: problem || refusal, more: next === null ? null : read, again };
}
