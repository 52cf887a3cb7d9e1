/** Asks for the API key. */

import { sentenceOf } from "./answer.js";
import { html, useState } from "./html.js";
import { setKey } from "../server/key.js";
import { request } from "../server/request.js";

export function KeyForm() {
  const [text, setText] = useState("");
  const [problem, setProblem] = useState("");
  /** @param {Event} event */
  const submit = async (event) => {
    event.preventDefault();
    try {
      await request("/runs", { query: { limit: 1 }, headers: { "X-API-Key": text } });
      setKey(text);
    } catch (error) {
      setProblem(sentenceOf(error));
    }
  };
  return html`
    <form class="card key-form" onSubmit=${submit}>
      <h1>This API has a key</h1>
      <p>It is the value of <code>WAND_API_KEY</code>. This tab keeps it until you close it.</p>
      <label for="key">API key</label>
      <input id="key" type="password" autocomplete="off" required value=${text} aria-describedby="key-problem"
        onInput=${(/** @type {any} */ event) => setText(event.currentTarget.value)} />
      <p id="key-problem" class="problem" role="alert">${problem}</p>
      <button class="primary">Go on</button>
    </form>
  `;
}
