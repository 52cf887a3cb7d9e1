/** Answers one question of a run, by a form drawn from the schema of the answer. */

import { SchemaForm, withDefaults } from "../parts/form/schema-form.js";
import { html, useState } from "../parts/html.js";
import { JsonView } from "../parts/json-view.js";
import { Problem, asProblem, path, request } from "../server/request.js";

const NAME = "wand.by";

/**
 * @param {{runId: string, node: string, prompt: string, schema: any, details: any, onDone: () => void}} props
 */
export function Answer({ runId, node, prompt, schema, details, onDone }) {
  const [value, setValue] = useState(() => withDefaults(schema));
  const [by, setBy] = useState(() => sessionStorage.getItem(NAME) ?? "");
  const [problem, setProblem] = useState(/** @type {Problem | null} */ (null));
  const [state, setState] = useState(/** @type {"open" | "sending" | "sent"} */ ("open"));
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    setState("sending");
    setProblem(null);
    sessionStorage.setItem(NAME, by);
    try {
      await request(path`/runs/${runId}/nodes/${node}/respond`, { method: "POST", json: { answer: value, by: by === "" ? null : by } });
      setState("sent");
      onDone();
    } catch (error) {
      setProblem(asProblem(error));
      setState("open");
    }
  };
  if (state === "sent") return html`<p role="status">Answered.</p>`;
  const id = `answer-${runId}-${node}`.replace(/[^\w-]/g, "_");
  return html`
    <form class="answer" onSubmit=${submit} aria-label=${`Answer ${node}`} novalidate>
      ${prompt && html`<p class="prompt">${prompt}</p>`}
      ${details?.tool && html`<details open><summary>The call</summary><${JsonView} value=${shownOf(details)} label="The call" /></details>`}
      <${SchemaForm} schema=${schema} value=${value} onChange=${setValue} faults=${problem?.faults ?? []} idPrefix=${id} />
      <div class="row"><label for=${`${id}-by`}>Your name</label><input id=${`${id}-by`} value=${by} autocomplete="name" onInput=${(/** @type {any} */ event) => setBy(event.currentTarget.value)} /></div>
      ${problem && html`<p class="problem" role="alert">${problem.message}</p>`}
      <button class="primary" disabled=${state === "sending"}>Answer</button>
    </form>
  `;
}

/** What is asked, without what the form shows. @param {Record<string, any>} details */
function shownOf(details) {
  const { schema: _schema, prompt: _prompt, run_id: _run, node: _node, ...rest } = details;
  return rest;
}
