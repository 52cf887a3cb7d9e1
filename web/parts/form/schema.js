/** Reads a JSON Schema as far as a form needs it. */

/**
 * Returns the schema that a `$ref` within `root` points to, and the schema itself otherwise.
 * @param {any} root
 * @param {any} schema
 * @returns {any}
 */
export function resolved(root, schema) {
  let found = schema;
  for (let steps = 0; steps < 10 && typeof found?.$ref === "string" && found.$ref.startsWith("#"); steps++) {
    const parts = found.$ref.slice(1).split("/").filter(Boolean);
    found = parts.reduce((/** @type {any} */ place, /** @type {string} */ part) => place?.[decodeURIComponent(part).replace(/~1/g, "/").replace(/~0/g, "~")], root);
  }
  const parts = found?.anyOf ?? found?.oneOf;
  if (Array.isArray(parts) && parts.length === 2 && parts.some(isNull)) {
    const { anyOf: _any, oneOf: _one, ...rest } = found;
    return { ...resolved(root, parts.find((/** @type {any} */ part) => !isNull(part))), ...rest };
  }
  if (Array.isArray(found?.allOf) && found.allOf.length === 1) return { ...resolved(root, found.allOf[0]), ...found, allOf: undefined };
  return found ?? {};
}

/** @param {any} schema */
const isNull = (schema) => schema?.type === "null" || schema?.const === null;

/**
 * Returns how a value of the schema is asked for.
 * @param {any} schema
 * @returns {"object" | "array" | "string" | "number" | "integer" | "boolean" | "choice" | "json"}
 */
export function kindOf(schema) {
  if (typeof schema !== "object" || schema === null) return "json";
  if (choicesOf(schema).length > 0) return "choice";
  const type = typeOf(schema);
  if (type === "object") return schema.properties && Object.keys(schema.properties).length > 0 ? "object" : "json";
  if (type === "array") return typeof schema.items === "object" && !Array.isArray(schema.items) ? "array" : "json";
  return type === "string" || type === "number" || type === "integer" || type === "boolean" ? type : "json";
}

/** The one type besides null. @param {any} schema @returns {string} */
function typeOf(schema) {
  const types = Array.isArray(schema.type) ? schema.type.filter((/** @type {string} */ each) => each !== "null") : [schema.type];
  if (types.length === 1 && typeof types[0] === "string") return types[0];
  return schema.properties ? "object" : "";
}

/**
 * Returns what can be chosen, if the schema lists it.
 * @param {any} schema
 * @returns {{title: string, value: any}[]}
 */
export function choicesOf(schema) {
  if (Array.isArray(schema.enum) && schema.enum.length <= 500) return schema.enum.map((/** @type {any} */ value) => ({ title: worded(value), value }));
  if ("const" in schema) return [{ title: schema.title ?? worded(schema.const), value: schema.const }];
  const parts = schema.oneOf ?? schema.anyOf;
  if (!Array.isArray(parts) || parts.length === 0 || !parts.every((/** @type {any} */ part) => part && typeof part === "object" && "const" in part)) return [];
  return parts.map((/** @type {any} */ part) => ({ title: part.title ?? worded(part.const), value: part.const }));
}

/** @param {any} value */
const worded = (value) => (typeof value === "string" ? value : JSON.stringify(value));

/**
 * Returns the value with which a form begins: the defaults, and what is required, as deep as it is; undefined where there is nothing.
 * @param {any} schema
 * @param {any} [root]
 * @param {number} [depth]
 * @returns {any}
 */
export function withDefaults(schema, root = schema, depth = 0) {
  const known = resolved(root, schema);
  if (known?.default !== undefined) return structuredClone(known.default);
  if (depth > 8) return undefined;
  const kind = kindOf(known);
  if (kind === "object") {
    /** @type {Record<string, any>} */
    const value = {};
    const required = new Set(Array.isArray(known.required) ? known.required : []);
    for (const [name, each] of Object.entries(known.properties)) {
      const begun = withDefaults(each, root, depth + 1);
      if (begun !== undefined && (required.has(name) || resolved(root, each)?.default !== undefined)) value[name] = begun;
    }
    return value;
  }
  if (kind === "array") return [];
  if (kind === "choice" && "const" in known) return known.const;
  return kind === "boolean" ? false : undefined;
}
