/** Texts that are not stored yet, kept for this tab so that no reload loses them. */

/** @typedef {import("./document-text.js").Form} Form */
/** @typedef {{text: string, form: Form}} Draft */

/** @param {string | null} id of the version that is edited */
const place = (id) => `wand.draft.${id ?? "new"}`;

/** @param {string | null} id @returns {Draft | null} */
export function draftOf(id) {
  try {
    const kept = JSON.parse(sessionStorage.getItem(place(id)) ?? "null");
    return typeof kept?.text === "string" && (kept.form === "json" || kept.form === "yaml") ? kept : null;
  } catch {
    return null;
  }
}

/** @param {string | null} id @param {Draft | null} draft */
export function keepDraft(id, draft) {
  try {
    if (draft === null) sessionStorage.removeItem(place(id));
    else sessionStorage.setItem(place(id), JSON.stringify(draft));
  } catch {
    // The browser keeps no more: the text stays in the field.
  }
}
