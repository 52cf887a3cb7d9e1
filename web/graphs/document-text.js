/** A graph's document as JSON or YAML, to read, copy and keep. */

import { html, useMemo, useState } from "../parts/html.js";
import { save } from "../parts/json-view.js";
import { jsonOf } from "./json-writer.js";
import { yamlOf } from "./yaml-writer.js";

const FORMS = /** @type {const} */ ({
  json: { title: "JSON", type: "application/json", write: jsonOf },
  yaml: { title: "YAML", type: "application/yaml", write: yamlOf },
});
const SHOWN = 200_000;

/** @typedef {keyof typeof FORMS} Form */

/** @param {{document: unknown, name: string}} props */
export function DocumentText({ document, name }) {
  const [form, setForm] = useState(/** @type {Form} */ ("json"));
  const text = useMemo(() => FORMS[form].write(document), [document, form]);
  const [said, setSaid] = useState("");
  return html`
    <section class="card document"><div class="row spread"><h2>Document</h2>
      <div class="row">
        <span class="small quiet" role="status">${said}</span>
        <div class="segments" role="group" aria-label="Form">${Object.entries(FORMS).map(([each, { title }]) =>
          html`<button key=${each} aria-pressed=${each === form ? "true" : "false"} onClick=${() => setForm(/** @type {Form} */ (each))}>${title}</button>`)}</div>
        <button onClick=${() => navigator.clipboard?.writeText(text).then(() => setSaid("Copied."), () => setSaid("The browser does not let the page copy."))}>Copy</button>
        <button onClick=${() => save(new Blob([text], { type: FORMS[form].type }), `${name}.${form}`)}>Download</button>
      </div></div>
      <pre tabindex="0" role="region" aria-label="Document">${text.length > SHOWN ? `${text.slice(0, SHOWN)}…\nThe rest is in the download.` : text}</pre>
    </section>
  `;
}
