/** Starts a run of a graph: its input, files that it is given, and words to find it by. */

import { useAnswer } from "../parts/answer.js";
import { html, useEffect, useRef, useState } from "../parts/html.js";
import { Loading, Notice } from "../parts/notice.js";
import { useTitle } from "../parts/title.js";
import { go, href } from "../route.js";
import { Problem, asProblem, path, request } from "../server/request.js";
import { Files } from "./files.js";
import { RunInput, firstInput } from "./run-input.js";

/** @typedef {import("../server/request.js").Fault} Fault */
/** @typedef {import("../server/types.js").GraphView} Stored */

/** @param {{id: string, query: URLSearchParams}} props */
export function Start({ id, query }) {
  const run = query.get("run");
  /** The input of a run to start again with. @type {import("../parts/answer.js").Answer<any>} */
  const before = useAnswer(run === null ? null : path`/runs/${run}/input`);
  /** @type {import("../parts/answer.js").Answer<Stored>} */
  const { value, problem } = useAnswer(path`/graphs/${id}`);
  useTitle(value === null ? "" : `Start ${value.name}`);
  if (problem || before.problem) return html`<${Notice} kind="error" text=${problem || before.problem} />`;
  if (value === null || (run !== null && !before.known)) return html`<${Loading} />`;
  return html`<${Form} graph=${value} first=${run === null ? firstInput(value.graph) : before.value} />`;
}

/** @param {{graph: Stored, first: any}} props */
function Form({ graph, first }) {
  const document = /** @type {any} */ (graph.graph);
  const [input, setInput] = useState(first);
  const [files, setFiles] = useState(/** @type {string[]} */ ([]));
  const [uploading, setUploading] = useState(false);
  const [tags, setTags] = useState("");
  const { problem, busy, send } = useStart();
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    const words = tags.split(/[\s,]+/).filter(Boolean);
    void send({ graph_id: graph.graph_id, ...(input === undefined ? {} : { input }), ...(words.length > 0 ? { tags: words } : {}), ...(files.length > 0 ? { files } : {}) });
  };
  const inInput = problem?.code === "invalid_input" ? problem.faults : NONE;
  const elsewhere = problem === null || inInput.length > 0 ? NONE : problem.faults;
  return html`
    <p class="small"><a href=${href(["graphs"])}>Graphs</a> / <a href=${href(["graphs", graph.graph_id])}>${graph.name}, version ${graph.version}</a></p>
    <h1>Start ${graph.name}</h1>
    <form class="card start" noValidate onSubmit=${submit}>
      <h2>Input</h2>
      <${RunInput} schema=${document.input_schema} value=${input} onChange=${setInput} faults=${inInput} />
      <details class="more" open=${elsewhere.length > 0}><summary>Files and tags</summary>
        <div class="fields">
          <label for="start-files">Files</label><${Files} id="start-files" onChange=${setFiles} onBusy=${setUploading} />
          <label for="start-tags">Tags</label><input id="start-tags" value=${tags} placeholder="nightly eu" aria-describedby="start-tags-hint"
            onInput=${(/** @type {any} */ event) => setTags(event.currentTarget.value)} />
          <p id="start-tags-hint" class="hint quiet small">Words to find the run by, with blanks between them.</p>
        </div>
      </details>
      <${Limits} options=${document.options} />
      ${problem !== null && inInput.length === 0 && html`<${Notice} kind="error" text=${problem.message}>
        ${elsewhere.length > 1 && html`<ul>${elsewhere.map((fault) => html`<li key=${fault.pointer}><code>${fault.pointer}</code> ${fault.message}</li>`)}</ul>`}<//>`}
      <button class="primary" disabled=${busy || uploading}>${busy ? "Starting …" : uploading ? "Files are on their way …" : "Start"}</button>
    </form>
  `;
}

/** @type {Fault[]} */
const NONE = [];

/** Posts a run and goes to it. The same order again, as after an answer that got lost, is the same run. */
function useStart() {
  const [problem, setProblem] = useState(/** @type {Problem | null} */ (null));
  const [busy, setBusy] = useState(false);
  const last = useRef({ order: "", key: "" });
  const there = useRef(true);
  useEffect(() => () => void (there.current = false), []);
  const send = async (/** @type {unknown} */ json) => {
    const order = JSON.stringify(json);
    if (last.current.order !== order) last.current = { order, key: `page-${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}` };
    setBusy(true);
    setProblem(null);
    try {
      const run = /** @type {{run_id: string}} */ (await request("/runs", { method: "POST", json, headers: { "Idempotency-Key": last.current.key } }));
      if (there.current) go(["run", run.run_id]);
    } catch (error) {
      setProblem(asProblem(error));
    }
    setBusy(false);
  };
  return { problem, busy, send };
}

/** What the graph says of how its runs go; another version changes it. @param {{options: any}} props */
function Limits({ options }) {
  const budget = options?.budget;
  const said = [
    options?.concurrency && `at most ${options.concurrency} nodes at once`,
    budget?.usd && `models may cost $${budget.usd}`,
    budget?.tokens && `models may use ${budget.tokens} tokens`,
    options?.run_timeout_sec && `it ends after ${options.run_timeout_sec} s`,
  ].filter(Boolean);
  return said.length === 0 ? null : html`<p class="quiet small">By the graph's options, ${said.join(", ")}.</p>`;
}
