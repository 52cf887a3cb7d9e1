/** Asks before something is done that cannot be undone, and shows the API's sentence where it refuses. */

import { html, useEffect, useId, useRef, useState } from "./html.js";
import { sentenceOf } from "./answer.js";

/**
 * @typedef {object} DialogProps
 * @property {string} title
 * @property {string} verb on the button that does it
 * @property {boolean} [danger]
 * @property {() => Promise<unknown>} act
 * @property {() => void} onClose
 * @property {any} [children]
 */

/** @param {DialogProps} props */
export function Dialog({ title, verb, danger, act, onClose, children }) {
  const element = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const id = useId();
  useEffect(() => element.current?.showModal(), []);
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    setBusy(true);
    try {
      await act();
      onClose();
    } catch (error) {
      setProblem(sentenceOf(error));
      setBusy(false);
    }
  };
  return html`
    <dialog ref=${element} aria-labelledby=${id} onClose=${onClose} onCancel=${(/** @type {Event} */ event) => busy && event.preventDefault()}>
      <form onSubmit=${submit}>
        <h2 id=${id}>${title}</h2>
        ${children}
        <p class="problem" role="alert">${problem}</p>
        <div class="row">
          <button class=${danger ? "danger" : "primary"} disabled=${busy}>${verb}</button>
          <button type="button" disabled=${busy} onClick=${() => element.current?.close()}>Leave it</button>
        </div>
      </form>
    </dialog>
  `;
}
