/** Files for a run: uploaded as soon as they are chosen. */

import { sentenceOf } from "../parts/answer.js";
import { html, useState } from "../parts/html.js";
import { size } from "../parts/json-view.js";
import { path, request } from "../server/request.js";

/** @typedef {{name: string, bytes: number, id: string | null, problem: string}} Upload */

/** @param {{id: string, onChange: (ids: string[]) => void, onBusy: (busy: boolean) => void}} props */
export function Files({ id, onChange, onBusy }) {
  const [uploads, setUploads] = useState(/** @type {Upload[]} */ ([]));
  const tell = (/** @type {Upload[]} */ now) => {
    setUploads(now);
    onChange(now.flatMap((each) => each.id ?? []));
    onBusy(now.some((each) => each.id === null && each.problem === ""));
  };
  const choose = async (/** @type {any} */ event) => {
    const chosen = /** @type {File[]} */ ([...event.currentTarget.files]);
    event.currentTarget.value = "";
    let now = [...uploads, ...chosen.map((file) => ({ name: file.name, bytes: file.size, id: null, problem: "" }))];
    tell(now);
    for (const [at, file] of chosen.entries()) {
      const done = await uploaded(file);
      now = now.map((each, place) => (place === uploads.length + at ? { ...each, ...done } : each));
      tell(now);
    }
  };
  const remove = (/** @type {number} */ at) => {
    const gone = uploads[at];
    if (gone?.id) void request(path`/files/${gone.id}`, { method: "DELETE" }).catch(() => undefined);
    tell(uploads.filter((_, place) => place !== at));
  };
  return html`<div>
    <input id=${id} type="file" multiple onChange=${choose} disabled=${uploads.some((each) => each.id === null && each.problem === "")} />
    <ul class="uploads" aria-live="polite">${uploads.map((each, at) => html`<li key=${at} class="row">
      <span>${each.name}</span> <span class="quiet small">${each.problem ? "" : each.id ? size(each.bytes) : "uploading …"}</span>
      ${each.problem && html`<span class="problem small">${each.problem}</span>`}
      ${(each.id || each.problem) && html`<button type="button" class="link small" aria-label=${`Remove ${each.name}`} onClick=${() => remove(at)}>Remove</button>`}</li>`)}</ul>
  </div>`;
}

/** @param {File} file @returns {Promise<{id: string | null, problem: string}>} */
async function uploaded(file) {
  try {
    const headers = { "Content-Type": file.type || "application/octet-stream" };
    const kept = /** @type {{file_id: string}} */ (await request("/files", { method: "POST", query: { name: file.name }, body: file, headers }));
    return { id: kept.file_id, problem: "" };
  } catch (error) {
    return { id: null, problem: sentenceOf(error) };
  }
}
