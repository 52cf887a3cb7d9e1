/** What the API answers to a question of a view: asked when the view is shown, and again while somebody can see it. */

import { useCallback, useEffect, useState } from "./html.js";
import { useVisible } from "./visible.js";
import { asProblem, request } from "../server/request.js";

/**
 * @template T
 * @typedef {object} Answer
 * @property {T | null} value null until it comes, and while another path is asked for
 * @property {boolean} known whether it came, for answers that may be null
 * @property {string} problem why there is none, or no newer one; empty without
 * @property {() => void} again asks anew now
 */

/**
 * Returns the answer to `GET at`, asked again every `everyMs` if that is given. A null `at` asks nothing.
 * @template T
 * @param {string | null} at
 * @param {number} [everyMs]
 * @returns {Answer<T>}
 */
export function useAnswer(at, everyMs) {
  const [known, setKnown] = useState(/** @type {{at: string, value: T} | null} */ (null));
  const [problem, setProblem] = useState("");
  const [turn, setTurn] = useState(0);
  const visible = useVisible();
  useEffect(() => setProblem(""), [at]);
  useEffect(() => {
    if (at === null || (!visible && everyMs !== undefined)) return;
    const stop = new AbortController();
    /** @type {number | undefined} */
    let timer;
    const read = async () => {
      try {
        setKnown({ at, value: await request(at, { signal: stop.signal }) });
        setProblem("");
      } catch (error) {
        if (!stop.signal.aborted) setProblem(sentenceOf(error));
      }
      if (!stop.signal.aborted && everyMs !== undefined) timer = setTimeout(read, everyMs);
    };
    void read();
    return () => (stop.abort(), clearTimeout(timer));
  }, [at, everyMs, visible, turn]);
  const again = useCallback(() => setTurn((before) => before + 1), []);
  const current = known !== null && known.at === at;
  return { value: current ? known.value : null, known: current, problem, again };
}

/** @param {unknown} error */
export const sentenceOf = (error) => asProblem(error).message;
