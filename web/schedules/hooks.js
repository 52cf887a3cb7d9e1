/** The hooks: messages of other systems that start runs. */

import { html } from "../parts/html.js";
import { usePages } from "../parts/pages.js";
import { href } from "../route.js";

/** @typedef {import("../server/types.js").HookView} HookView */

const REFRESH_MS = 10_000;

export function Hooks() {
  const { items, more } = usePages("/hooks", { limit: 50 }, "hooks", (/** @type {HookView} */ hook) => hook.name, REFRESH_MS);
  if (items === null || items.length === 0) return null;
  return html`
    <h2>Hooks</h2>
    <p class="quiet small">Runs that start when another system posts a message.</p>
    <div class="scroll" tabindex="0" role="region" aria-label="Hooks">
      <table class="cards">
        <thead><tr><th>Address</th><th>Graph</th><th>Verified by</th><th>Input</th></tr></thead>
        <tbody>${items.map((hook) => html`<tr key=${hook.name}>
          <td><code>/hooks/${hook.name}</code></td>
          <td><a href=${href(["graphs"], { search: hook.graph_name })}>${hook.graph_name}</a>${hook.version === null ? "" : `, version ${hook.version}`}
            ${hook.tags.map((tag) => html`<span key=${tag} class="tag">${tag}</span>`)}</td>
          <td>${hook.verification}</td>
          <td>${hook.map === null ? "the message" : Object.keys(hook.map).join(", ")}</td></tr>`)}
        </tbody>
      </table>
    </div>
    ${more && html`<p><button onClick=${more}>Show more hooks</button></p>`}
  `;
}
