/** A node of an agent or a tool, as a text to begin with: what is required stands in it. */


/**
 * Returns a node with the params that its schema requires.
 * @param {{name: string, params_schema: Record<string, any>}} described
 * @param {Set<string>} [taken] ids that other nodes have
 */
export function nodeOf(described, taken = new Set()) {
  const { name, params_schema: schema } = described;
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  const params = Object.fromEntries(required.map((key) => [key, beginning(schema["properties"]?.[key])]));
  const node = { id: freeId(name, taken), type: name };
  return required.length === 0 ? node : { ...node, params };
}

/** @param {string} name @param {Set<string>} taken */
function freeId(name, taken) {
  const last = (name.split(".").at(-1) ?? "").replace(/[^A-Za-z0-9_-]/g, "_").replace(/^[^A-Za-z0-9]+/, "") || "node";
  for (let number = 1; ; number += 1) {
    const id = number === 1 ? last : `${last}_${number}`;
    if (!taken.has(id)) return id;
  }
}

/** @param {any} schema */
function beginning(schema) {
  if (typeof schema !== "object" || schema === null) return "";
  if ("default" in schema) return schema["default"];
  if ("const" in schema) return schema["const"];
  if (Array.isArray(schema["enum"]) && schema["enum"].length > 0) return schema["enum"][0];
  if (Array.isArray(schema["examples"]) && schema["examples"].length > 0) return schema["examples"][0];
  switch (Array.isArray(schema["type"]) ? schema["type"][0] : schema["type"]) {
    case "object": return {};
    case "array": return [];
    case "integer": case "number": return schema["minimum"] ?? 0;
    case "boolean": return false;
    default: return "";
  }
}
