/** The text of a graph, with its faults at their places, its drawing, and nodes to put in. */

import { nodeOf } from "../catalog/node-snippet.js";
import { Drawing } from "../parts/drawing/drawing.js";
import { html, useCallback, useEffect, useMemo, useRef, useState } from "../parts/html.js";
import { Notice } from "../parts/notice.js";
import { go } from "../route.js";
import { request } from "../server/request.js";
import { MEDIA_TYPES, faultsOf, useCheck } from "./check.js";
import { keepDraft } from "./draft.js";
import { FaultList, sentenceOfCheck } from "./fault-list.js";
import { insertionOf, typeNear } from "./insertion.js";
import { jsonOf } from "./json-writer.js";
import { Palette } from "./palette.js";
import { TextEditor } from "./text-editor.js";
import { yamlOf } from "./yaml-writer.js";

/** @typedef {import("../catalog/catalog.js").Entry} Entry */
/** @typedef {import("./text-editor.js").Editing} Editing */
/** @typedef {import("./document-text.js").Form} Form */

/** Integers that JavaScript would round. */
const TOO_EXACT = /(?<![\w.])-?\d{16,}/;
const DRAFT_MS = 400;
const FORMS = /** @type {const} */ (["json", "yaml"]);

/** @param {{id: string | null, title: string, first: string, entries: Entry[], problem: string}} props */
export function Editor({ id, title, first, entries, problem }) {
  const [text, setText] = useState(first);
  const form = formOf(text);
  const [offset, setOffset] = useState(0);
  const [refusal, setRefusal] = useState(/** @type {import("./check.js").PlacedFault[]} */ ([]));
  const [said, setSaid] = useState("");
  const editing = useRef(/** @type {Editing | null} */ (null));
  const checked = useCheck(text, form);
  const near = useMemo(() => {
    const byName = new Map(entries.map((entry) => [entry.name, entry]));
    return byName.get(typeNear(text, offset, (name) => byName.has(name)) ?? "") ?? null;
  }, [entries, text, offset]);
  const marks = useMemo(() => marksOf(checked), [checked]);
  const faulty = useMemo(() => nodesWithFaults(checked), [checked]);

  const changed = useCallback((/** @type {string} */ now) => {
    setText(now);
    setRefusal([]);
  }, []);
  useEffect(() => {
    if (text === first) return;
    const timer = setTimeout(() => keepDraft(id, text), DRAFT_MS);
    return () => clearTimeout(timer);
  }, [text]);
  const write = (/** @type {Form} */ as) => {
    const current = checked.text === text ? checked.document : null;
    if (current === null || checked.state === "unread") return setSaid("It cannot be read as it stands, so it was left.");
    if (TOO_EXACT.test(text)) return setSaid("It holds numbers that the browser would round, so it was left.");
    setSaid("");
    editing.current?.replaceAll(as === "json" ? jsonOf(current) : yamlOf(current));
  };
  const insert = (/** @type {Entry} */ entry) => {
    const field = editing.current;
    if (field === null) return;
    const node = nodeOf(entry, new Set((checked.document?.nodes ?? []).map((/** @type {any} */ each) => each?.id)));
    const place = insertionOf(text, form, node);
    field.insert(place?.offset ?? field.offset(), place?.text ?? (form === "json" ? jsonOf(node).trimEnd() : yamlOf([node])));
    setSaid(`${node.id} is in. Edges lead to it as you write them.`);
  };
  const save = async (/** @type {string[]} */ ...then) => {
    try {
      const made = /** @type {{graph_id: string}} */ (await request("/graphs", { method: "POST", body: text, headers: { "Content-Type": MEDIA_TYPES[form] } }));
      keepDraft(id, null);
      go(["graphs", made.graph_id, ...then]);
    } catch (error) {
      setRefusal(faultsOf(error));
    }
  };
  const saving = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "s" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    void save();
  };
  const name = typeof checked.document?.name === "string" ? checked.document.name : "";
  return html`
    <div class="row spread">
      <h1>${title}</h1>
      <div class="row">
        <div class="segments" role="group" aria-label="Form of the text">${FORMS.map((each) =>
          html`<button key=${each} aria-pressed=${each === form ? "true" : "false"} onClick=${() => each !== form && write(each)}>${each.toUpperCase()}</button>`)}</div>
        <button onClick=${() => write(form)} title=${form === "yaml" ? "Comments are not kept" : undefined}>Tidy up</button>
        <button onClick=${() => save()} title=${`${name === "" ? "Save" : `As the next version of ${name}`} (Ctrl+S)`}>Save</button>
        <button class="primary" onClick=${() => save("start")}>Save and start</button>
      </div>
    </div>
    ${problem && html`<${Notice} kind="warning" text=${problem} />`}
    ${refusal.length > 0 && html`<${Notice} kind="error" text=${`It was not stored: ${refusal.length === 1 ? refusal[0]?.message : `it has ${refusal.length} faults.`}`} />`}
    <div class="editor" onKeyDown=${saving}>
      <div class="writing">
        <${TextEditor} first=${first} label="The graph's text" describedBy="check" marks=${marks} onText=${changed} onCursor=${setOffset} editing=${editing} />
        <p id="check" class="check" data-state=${checked.state} role="status">${sentenceOfCheck(checked)} <span class="quiet">${said}</span></p>
        <${FaultList} checked=${checked} onGo=${(/** @type {number} */ line, /** @type {number} */ column) => editing.current?.goTo(line, column)} />
      </div>
      <div>
        ${checked.document && html`<${Drawing} document=${checked.document} marks=${faulty} onSelect=${(/** @type {string} */ node) => find(editing.current, node)} />`}
        <${Palette} entries=${entries} near=${near} onInsert=${insert} />
      </div>
    </div>
  `;
}

/** What begins as an object of JSON is JSON, anything else YAML, as for `wand graphs validate`. @param {string} text @returns {Form} */
const formOf = (text) => (/^\s*[{[]/.test(text) ? "json" : "yaml");

/** @param {import("./check.js").Checked} checked @returns {import("./text-editor.js").LineMark[]} */
function marksOf({ faults, warnings }) {
  const placed = (/** @type {typeof faults} */ found, /** @type {"fault" | "warning"} */ kind) =>
    found.flatMap((each) => (each.line ? [{ line: each.line, kind, text: each.message }] : []));
  return [...placed(faults, "fault"), ...placed(warnings, "warning")];
}

/** Marks for the drawing. @param {import("./check.js").Checked} checked */
function nodesWithFaults({ faults, document }) {
  const ids = faults.map(({ pointer }) => document?.nodes?.[Number(/^\/nodes\/(\d+)/.exec(pointer)?.[1] ?? -1)]?.id);
  return Object.fromEntries(ids.filter((each) => typeof each === "string").map((each) => [each, "fault"]));
}

/** Goes to the place of a node in the text. @param {Editing | null} editing @param {string} node */
function find(editing, node) {
  const text = editing?.text() ?? "";
  const quoted = node.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const at = new RegExp(`\\bid["']?\\s*:\\s*["']?${quoted}["']?\\s*(?:[,}\\n]|$)`).exec(text)?.index;
  if (at === undefined) return;
  editing?.goTo(text.slice(0, at).split("\n").length, 1);
}
