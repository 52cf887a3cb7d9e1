/**
 * A form drawn from a JSON Schema: objects, lists, choices, numbers, texts with formats. What it cannot draw is written as JSON. A value keeps
 * what the form does not show.
 */

import { html, useEffect, useRef, useState } from "../html.js";
import { JsonField } from "./json-field.js";
import { choicesOf, kindOf, resolved, withDefaults } from "./schema.js";
import { TextField } from "./text-field.js";

export { withDefaults } from "./schema.js";

/** @typedef {import("../../server/request.js").Fault} Fault */

/**
 * @typedef {object} SchemaFormProps
 * @property {any} schema
 * @property {any} value
 * @property {(value: any) => void} onChange
 * @property {Fault[]} faults what the API has found, at JSON pointers into the value
 * @property {string} idPrefix
 */

/** @param {SchemaFormProps} props */
export function SchemaForm({ schema, value, onChange, faults, idPrefix }) {
  const [asJson, setAsJson] = useState(false);
  const summary = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    if (faults.length > 0) summary.current?.focus();
  }, [faults]);
  const told = pointersOf(faults);
  return html`
    <div class="schema-form">
      ${faults.length > 0 && html`<div class="notice error" role="alert" tabindex="-1" ref=${summary}>
        <ul>${faults.map((fault, at) => html`<li key=${at}>${fault.pointer === "" ? "" : html`<code>${fault.pointer}</code> `}${fault.message}</li>`)}</ul></div>`}
      ${asJson
        ? html`<${JsonField} id=${`${idPrefix}-json`} label="As JSON" value=${value} onChange=${onChange} rows=${12} />`
        : html`<${Field} root=${schema} schema=${schema} value=${value} onChange=${onChange} name="" pointer="" id=${idPrefix} faults=${told} depth=${0} required />`}
      <p><button type="button" class="link small" onClick=${() => setAsJson(!asJson)}>${asJson ? "As a form" : "As JSON"}</button></p>
    </div>
  `;
}

/** By pointer. The API's may begin with the place of the value in the request, such as `/answer`. @param {Fault[]} faults */
function pointersOf(faults) {
  return new Map(faults.map((fault) => [fault.pointer.replace(/^\/(answer|input)(?=\/|$)/, ""), fault.message]));
}

const DEEPEST = 8;

/**
 * @typedef {object} FieldProps
 * @property {any} root the schema that `$ref` points into
 * @property {any} schema
 * @property {any} value
 * @property {(value: any) => void} onChange
 * @property {string} name
 * @property {string} pointer
 * @property {string} id
 * @property {Map<string, string>} faults
 * @property {number} depth
 * @property {boolean} required
 */

/** @param {FieldProps} props */
function Field(props) {
  const schema = resolved(props.root, props.schema);
  const kind = props.depth > DEEPEST ? "json" : kindOf(schema);
  const label = schema?.title ?? (props.name === "" ? "" : props.name);
  const inner = { ...props, schema, label };
  if (kind === "object") return html`<${ObjectField} ...${inner} />`;
  if (kind === "array") return html`<${ListField} ...${inner} />`;
  const fault = props.faults.get(props.pointer);
  const hint = schema?.description;
  return html`
    <div class="field" data-fault=${fault !== undefined}>
      ${kind !== "boolean" && html`<label for=${props.id}>${label || "Answer"}${props.required ? "" : html` <span class="quiet">optional</span>`}</label>`}
      <${Control} ...${inner} kind=${kind} label=${label || "Answer"} fault=${fault} />
      ${hint && html`<p class="quiet small" id=${`${props.id}-hint`}>${hint}</p>`}
      ${fault && html`<p class="problem small" id=${`${props.id}-fault`}>${fault}</p>`}
    </div>
  `;
}

/** @param {FieldProps & {kind: string, label: string, fault: string | undefined}} props */
function Control({ kind, schema, value, onChange, id, label, required, fault }) {
  const about = { "aria-describedby": `${schema?.description ? `${id}-hint ` : ""}${fault ? `${id}-fault` : ""}`.trim() || undefined, "aria-invalid": fault ? "true" : undefined };
  if (kind === "boolean") {
    return html`<label class="row"><input type="checkbox" id=${id} checked=${value === true} ...${about} onChange=${(/** @type {any} */ event) => onChange(event.currentTarget.checked)} /> ${label}</label>`;
  }
  if (kind === "choice") {
    const choices = choicesOf(schema);
    const at = choices.findIndex((choice) => JSON.stringify(choice.value) === JSON.stringify(value));
    return html`<select id=${id} ...${about} onChange=${(/** @type {any} */ event) => onChange(choices[Number(event.currentTarget.value)]?.value)}>
      ${at === -1 && html`<option value="-1" selected>${required ? "choose" : "none"}</option>`}
      ${choices.map((choice, place) => html`<option key=${place} value=${place} selected=${place === at}>${choice.title}</option>`)}
    </select>`;
  }
  if (kind === "number" || kind === "integer") {
    return html`<input id=${id} type="number" ...${about} step=${kind === "integer" ? (schema.multipleOf ?? 1) : "any"} min=${schema.minimum} max=${schema.maximum} value=${value ?? ""}
      onInput=${(/** @type {any} */ event) => onChange(event.currentTarget.value === "" ? undefined : event.currentTarget.valueAsNumber)} />`;
  }
  if (kind === "string") return html`<${TextField} id=${id} schema=${schema} value=${value} onChange=${onChange} about=${about} required=${required} />`;
  return html`<${JsonField} id=${id} label=${label} value=${value} onChange=${onChange} rows=${4} about=${about} />`;
}

/** @param {FieldProps & {label: string}} props */
function ObjectField({ root, schema, value, onChange, name, pointer, id, faults, depth, label }) {
  const known = typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
  const required = new Set(Array.isArray(schema.required) ? schema.required : []);
  const fields = Object.entries(schema.properties ?? {}).map(([key, each]) => {
    const change = (/** @type {any} */ next) => {
      const changed = { ...known, [key]: next };
      if (next === undefined) delete changed[key];
      onChange(changed);
    };
    return html`<${Field} key=${key} root=${root} schema=${each} value=${known[key]} onChange=${change} name=${key} pointer=${`${pointer}/${key.replace(/~/g, "~0").replace(/\//g, "~1")}`}
      id=${`${id}-${key.replace(/[^\w-]/g, "_")}`} faults=${faults} depth=${depth + 1} required=${required.has(key)} />`;
  });
  if (name === "") return html`${label && html`<h3>${label}</h3>`}${schema.description && html`<p class="quiet small">${schema.description}</p>`}${fields}`;
  return html`<fieldset><legend>${label}</legend>${schema.description && html`<p class="quiet small">${schema.description}</p>`}${fields}
    ${faults.get(pointer) && html`<p class="problem small">${faults.get(pointer)}</p>`}</fieldset>`;
}

/** @param {FieldProps & {label: string}} props */
function ListField({ root, schema, value, onChange, pointer, id, faults, depth, label }) {
  const items = Array.isArray(value) ? value : [];
  const replace = (/** @type {number} */ at, /** @type {any} */ next) => onChange(items.map((each, place) => (place === at ? next : each)));
  const move = (/** @type {number} */ at) => onChange([...items.slice(0, at - 1), items[at], items[at - 1], ...items.slice(at + 1)]);
  return html`
    <fieldset>
      <legend>${label || "Items"}</legend>
      ${schema.description && html`<p class="quiet small">${schema.description}</p>`}
      ${items.map((each, at) => html`<div class="item" key=${at}>
        <${Field} root=${root} schema=${schema.items ?? {}} value=${each} onChange=${(/** @type {any} */ next) => replace(at, next)} name=${`${at + 1}`} pointer=${`${pointer}/${at}`}
          id=${`${id}-${at}`} faults=${faults} depth=${depth + 1} required />
        <div class="row">${at > 0 && html`<button type="button" aria-label=${`Move item ${at + 1} up`} onClick=${() => move(at)}>↑</button>`}
          <button type="button" aria-label=${`Remove item ${at + 1}`} onClick=${() => onChange(items.filter((_, place) => place !== at))}>Remove</button></div>
      </div>`)}
      <button type="button" onClick=${() => onChange([...items, withDefaults(resolved(root, schema.items ?? {}), root)])}>Add</button>
      ${faults.get(pointer) && html`<p class="problem small">${faults.get(pointer)}</p>`}
    </fieldset>
  `;
}
