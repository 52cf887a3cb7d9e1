/** The form for a new schedule. */

import { useAnswer } from "../parts/answer.js";
import { html, useMemo, useState } from "../parts/html.js";
import { Notice } from "../parts/notice.js";
import { RunInput, firstInput } from "../graphs/run-input.js";
import { go, href } from "../route.js";
import { Problem, address, asProblem, path, request } from "../server/request.js";
import { OVERLAPS } from "./steering.js";
import { whenInWords } from "./words.js";

/** @typedef {import("../server/types.js").NamedGraph} NamedGraph */
/** @typedef {import("../server/types.js").GraphView} Stored */
/** @typedef {import("../server/request.js").Fault} Fault */

const CRONS = ["0 7 * * 1-5", "*/15 * * * *", "0 0 1 * *", "@hourly", "@daily"];
const EMPTY = { schedule_id: "", graph: "", pinned: false, kind: "cron", cron: "0 7 * * 1-5", every: "1h", time_zone: "", overlap: "skip", jitter: "", catchup_window: "", tags: "", note: "", paused: false };

/** @typedef {typeof EMPTY} Given */

/** @param {{query: URLSearchParams}} props */
export function Create({ query }) {
  const zone = useMemo(() => Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC", []);
  const [given, setGiven] = useState({ ...EMPTY, time_zone: zone, graph: query.get("graph_name") ?? "" });
  const [input, setInput] = useState(/** @type {{of: string, value: any}} */ ({ of: "", value: undefined }));
  const [problem, setProblem] = useState(/** @type {Problem | null} */ (null));
  const set = (/** @type {Partial<Given>} */ some) => setGiven({ ...given, ...some });
  const { newest, named } = useGraph(given.graph);
  const document = newest === null ? null : /** @type {any} */ (newest.graph);
  const value = newest !== null && input.of === newest.graph_id ? input.value : firstInput(document);
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    try {
      const json = orderOf(given, newest, value);
      const made = /** @type {{schedule_id: string}} */ (await request("/schedules", { method: "POST", json }));
      go(["schedules", made.schedule_id]);
    } catch (error) {
      setProblem(asProblem(error));
    }
  };
  const inInput = problem?.code === "invalid_input" ? problem.faults : NONE;
  const faults = new Map((inInput.length > 0 ? NONE : (problem?.faults ?? NONE)).map((fault) => [fault.pointer, fault.message]));
  return html`
    <p class="small"><a href=${href(["schedules"])}>Schedules</a></p>
    <h1>New schedule</h1>
    <form class="card start" noValidate onSubmit=${submit}>
      <${Which} given=${given} set=${set} named=${named} faults=${faults} />
      <${When} given=${given} set=${set} faults=${faults} />
      <h2>Input of each run</h2>
      ${newest === null ? html`<p class="quiet small">Choose a graph first.</p>` : html`<${RunInput} key=${newest.graph_id} schema=${document.input_schema} value=${value}
        onChange=${(/** @type {any} */ next) => setInput({ of: newest.graph_id, value: next })} faults=${inInput} />`}
      <${More} given=${given} set=${set} faults=${faults} />
      ${problem !== null && inInput.length === 0 && html`<${Notice} kind="error" text=${problem.message} />`}
      <button class="primary">Create</button>
    </form>
  `;
}

/** @type {Fault[]} */
const NONE = [];

/** The newest version of the name, and names that are like it. @param {string} name */
function useGraph(name) {
  /** @type {import("../parts/answer.js").Answer<{names: NamedGraph[]}>} */
  const { value } = useAnswer(address("/graphs/names", { search: name, limit: 20 }));
  const known = value?.names.find((each) => each.name === name) ?? null;
  /** @type {import("../parts/answer.js").Answer<Stored>} */
  const stored = useAnswer(known === null ? null : path`/graphs/${known.newest.graph_id}`);
  return { newest: stored.value, named: value?.names ?? [] };
}

/** @param {Given} given @param {Stored | null} newest @param {any} input */
function orderOf(given, newest, input) {
  const tags = given.tags.split(/[\s,]+/).filter(Boolean);
  return {
    ...(given.pinned && newest ? { graph_id: newest.graph_id } : { graph_name: given.graph }),
    ...(given.kind === "cron" ? { cron: given.cron, time_zone: given.time_zone || "UTC" } : { every: given.every }),
    overlap: given.overlap,
    paused: given.paused,
    ...Object.fromEntries(/** @type {const} */ (["schedule_id", "jitter", "catchup_window", "note"]).filter((name) => given[name] !== "").map((name) => [name, given[name]])),
    ...(tags.length > 0 ? { tags } : {}),
    ...(input === undefined ? {} : { input }),
  };
}

/** @typedef {{given: Given, set: (some: Partial<Given>) => void, faults: Map<string, string>}} PartProps */

/** A field with its label, hint and fault. @param {{label: string, name: keyof Given, given: Given, set: PartProps["set"], faults: Map<string, string>, hint?: string, [more: string]: any}} props */
function TextLine({ label, name, given, set, faults, hint, ...more }) {
  const id = `schedule-${name}`;
  const fault = faults.get(`/${name}`);
  return html`
    <label for=${id}>${label}</label>
    <input id=${id} ...${more} value=${given[name]} aria-invalid=${fault ? "true" : undefined} aria-describedby=${hint || fault ? `${id}-hint` : undefined}
      onInput=${(/** @type {any} */ event) => set({ [name]: event.currentTarget.value })} />
    ${(fault || hint) && html`<p id=${`${id}-hint`} class=${fault ? "hint problem small" : "hint quiet small"}>${fault ?? hint}</p>`}
  `;
}

/** @param {PartProps & {named: NamedGraph[]}} props */
function Which({ given, set, named, faults }) {
  return html`
    <h2>What</h2>
    <div class="fields">
      <${TextLine} label="Graph" name="graph" given=${given} set=${set} faults=${new Map([["/graph", faults.get("/graph_name") ?? ""]])} list="schedule-graphs" required autocomplete="off" />
      <datalist id="schedule-graphs">${named.map((each) => html`<option key=${each.name} value=${each.name}></option>`)}</datalist>
      <span></span><label class="row"><input type="checkbox" checked=${given.pinned} onChange=${(/** @type {any} */ event) => set({ pinned: event.currentTarget.checked })} />
        Always the version that is the newest now</label>
    </div>
  `;
}

/** @param {PartProps} props */
function When({ given, set, faults }) {
  const said = whenInWords(given.kind === "cron" ? { cron: given.cron, every: null, time_zone: given.time_zone } : { cron: null, every: given.every, time_zone: "" });
  return html`
    <h2>When</h2>
    <div class="fields">
      <span class="small quiet">By</span>
      <div class="row">${[["cron", "the calendar"], ["every", "a steady beat"]].map(([kind, text]) => html`<label key=${kind} class="row">
        <input type="radio" name="kind" value=${kind} checked=${given.kind === kind} onChange=${() => set({ kind })} /> ${text}</label>`)}</div>
      ${given.kind === "cron" ? html`
        <${TextLine} label="Cron" name="cron" given=${given} set=${set} faults=${faults} list="schedule-crons" required class="mono" hint="Minute, hour, day of month, month, day of week." />
        <datalist id="schedule-crons">${CRONS.map((each) => html`<option key=${each} value=${each}>${whenInWords({ cron: each, every: null, time_zone: "" })}</option>`)}</datalist>
        <${TextLine} label="Time zone" name="time_zone" given=${given} set=${set} faults=${faults} list="schedule-zones" />
        <datalist id="schedule-zones">${Intl.supportedValuesOf("timeZone").map((each) => html`<option key=${each} value=${each}></option>`)}</datalist>`
      : html`<${TextLine} label="Every" name="every" given=${given} set=${set} faults=${faults} required hint="Such as 90s, 15m, 1h30m or 7d." />`}
      <span></span><p role="status" class="small"><strong>${said}</strong></p>
    </div>
  `;
}

/** @param {PartProps} props */
function More({ given, set, faults }) {
  const open = [...faults.keys()].some((pointer) => !["/cron", "/every", "/time_zone", "/graph_name"].includes(pointer) && pointer !== "");
  return html`
    <details class="more" open=${open}><summary>More</summary>
      <div class="fields">
        <${TextLine} label="Id" name="schedule_id" given=${given} set=${set} faults=${faults} hint="Of your own choice, such as nightly-report; by default a new one." />
        <label for="schedule-overlap">While one runs</label>
        <select id="schedule-overlap" onChange=${(/** @type {any} */ event) => set({ overlap: event.currentTarget.value })}>
          ${OVERLAPS.map(([value, text]) => html`<option key=${value} value=${value} selected=${given.overlap === value}>${text}</option>`)}</select>
        <${TextLine} label="Later by chance" name="jitter" given=${given} set=${set} faults=${faults} hint="Each run starts up to so much later, such as 5m." />
        <${TextLine} label="After an outage" name="catchup_window" given=${given} set=${set} faults=${faults} placeholder="1d" hint="What was missed starts later if it is no older than this." />
        <${TextLine} label="Tags" name="tags" given=${given} set=${set} faults=${faults} hint="Words to find the runs by, with blanks between them." />
        <${TextLine} label="Note" name="note" given=${given} set=${set} faults=${faults} />
        <span></span><label class="row"><input type="checkbox" checked=${given.paused} onChange=${(/** @type {any} */ event) => set({ paused: event.currentTarget.checked })} /> Paused until somebody resumes it</label>
      </div>
    </details>
  `;
}
