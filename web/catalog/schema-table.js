/** A JSON Schema as a table that people read: name, type, what it is for. */

import { html } from "../parts/html.js";
import { Prose } from "../parts/prose.js";

/** @typedef {Record<string, any>} Schema */
/** @typedef {{name: string, depth: number, type: string, required: boolean, text: string, given: string}} SchemaRow */

const MAX_DEPTH = 4;
const MAX_ROWS = 300;

/** @param {{schema: Schema, label: string}} props */
export function SchemaTable({ schema, label }) {
  const rows = rowsOf(schema);
  if (rows.length === 0) return html`<p class="quiet small">${bare(schema)}</p>`;
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label=${label}>
      <table class="schema">
        <thead><tr><th>Name</th><th>Type</th><th>Meaning</th></tr></thead>
        <tbody>${rows.slice(0, MAX_ROWS).map((row, at) => html`
          <tr key=${at}>
            <td style=${{ paddingLeft: `${0.6 + row.depth}rem` }}><code>${row.name}</code>${row.required && html`<span class="required">required</span>`}</td>
            <td><code>${row.type}</code></td>
            <td><${Prose} text=${row.text} />${row.given && html`<span class="quiet small"> ${row.given}</span>`}</td>
          </tr>`)}
        </tbody>
      </table>
      ${rows.length > MAX_ROWS && html`<p class="quiet small">${rows.length - MAX_ROWS} more are in the schema.</p>`}
    </div>
  `;
}

/** What a schema without properties of its own says, in a sentence. @param {Schema} schema */
function bare(schema) {
  if (schema["additionalProperties"] === false || (schema["type"] === "object" && schema["maxProperties"] === 0)) return "Nothing.";
  const type = typeOf(schema, schema);
  return type === "any" || type === "object" ? "Anything." : `${type}${schema["description"] ? `: ${schema["description"]}` : ""}`;
}

/** @param {Schema} root @returns {SchemaRow[]} */
export function rowsOf(root) {
  /** @type {SchemaRow[]} */
  const rows = [];
  collect(root, root, 0, rows, new Set());
  return rows;
}

/** @param {Schema} schema @param {Schema} root @param {number} depth @param {SchemaRow[]} rows @param {Set<unknown>} above */
function collect(schema, root, depth, rows, above) {
  const object = objectIn(resolved(schema, root), root);
  if (object === null || depth > MAX_DEPTH || above.has(object) || rows.length > MAX_ROWS) return;
  const within = new Set(above).add(object);
  const required = new Set(Array.isArray(object["required"]) ? object["required"] : []);
  for (const [name, given] of Object.entries(object["properties"] ?? {})) {
    const each = resolved(given, root);
    rows.push({ name, depth, type: typeOf(given, root), required: required.has(name), text: String(given?.description ?? each["description"] ?? ""), given: notes(each, given) });
    collect(each, root, depth + 1, rows, within);
  }
}

/** The schema with properties in it: itself, its items, or the only choice that has some. @param {Schema} schema @param {Schema} root @param {number} [steps] @returns {Schema | null} */
function objectIn(schema, root, steps = 0) {
  if (schema["properties"]) return schema;
  if (steps > MAX_DEPTH) return null; // a reference may lead to itself
  if (isSchema(schema["items"])) return objectIn(resolved(schema["items"], root), root, steps + 1);
  const choices = choicesOf(schema).map((each) => resolved(each, root)).filter((each) => each["type"] !== "null");
  const objects = choices.map((each) => objectIn(each, root, steps + 1)).filter((each) => each !== null);
  return objects.length === 1 ? (objects[0] ?? null) : null;
}

/** @param {any} value @returns {value is Schema} */
const isSchema = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** @param {Schema} schema @returns {Schema[]} */
const choicesOf = (schema) => [...(schema["anyOf"] ?? []), ...(schema["oneOf"] ?? [])].filter(isSchema);

/** Follows `$ref` within the root; a reference that leads nowhere is an empty schema. @param {any} schema @param {Schema} root @returns {Schema} */
function resolved(schema, root) {
  let at = schema;
  for (let step = 0; step < 10 && isSchema(at) && typeof at["$ref"] === "string"; step += 1) {
    at = at["$ref"].replace(/^#\/?/, "").split("/").filter(Boolean).reduce((/** @type {any} */ inner, /** @type {string} */ key) => inner?.[key.replaceAll("~1", "/").replaceAll("~0", "~")], root);
  }
  if (!isSchema(at)) return {};
  return Array.isArray(at["allOf"]) && at["allOf"].length === 1 ? { ...resolved(at["allOf"][0], root), ...at } : at;
}

/** @param {any} given @param {Schema} root @param {number} [depth] @returns {string} */
function typeOf(given, root, depth = 0) {
  const schema = resolved(given, root);
  if ("const" in schema) return JSON.stringify(schema["const"]);
  if (Array.isArray(schema["enum"])) return schema["enum"].map((each) => JSON.stringify(each)).join(" | ");
  const choices = choicesOf(schema);
  if (choices.length > 0) return depth > 2 ? "…" : [...new Set(choices.map((each) => typeOf(each, root, depth + 1)))].join(" | ");
  const type = Array.isArray(schema["type"]) ? schema["type"].join(" | ") : schema["type"];
  if (type === "array") return isSchema(schema["items"]) && depth < 3 ? `list of ${typeOf(schema["items"], root, depth + 1)}` : "list";
  if (type === "object" && isSchema(schema["additionalProperties"]) && depth < 3) return `object of ${typeOf(schema["additionalProperties"], root, depth + 1)}`;
  return type ? (schema["format"] ? `${type} (${schema["format"]})` : String(type)) : schema["properties"] ? "object" : "any";
}

const LIMITS = /** @type {const} */ ([
  ["minimum", "≥"], ["exclusiveMinimum", ">"], ["maximum", "≤"], ["exclusiveMaximum", "<"],
  ["minLength", "length ≥"], ["maxLength", "length ≤"], ["minItems", "entries ≥"], ["maxItems", "entries ≤"], ["pattern", "matches"],
]);

/** @param {Schema} schema @param {any} given */
function notes(schema, given) {
  const parts = LIMITS.filter(([name]) => schema[name] !== undefined).map(([name, sign]) => `${sign} ${schema[name]}`);
  const fallback = isSchema(given) && "default" in given ? given["default"] : schema["default"];
  if (fallback !== undefined) parts.push(`default ${JSON.stringify(fallback)}`);
  return parts.join(", ");
}
