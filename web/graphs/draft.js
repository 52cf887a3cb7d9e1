/** Texts that are not stored yet, kept for this tab so that no reload loses them. */

/** @param {string | null} id of the version that is edited */
const place = (id) => `wand.draft.${id ?? "new"}`;

/** @param {string | null} id */
export const draftOf = (id) => sessionStorage.getItem(place(id));

/** @param {string | null} id @param {string | null} text */
export function keepDraft(id, text) {
  try {
    if (text === null) sessionStorage.removeItem(place(id));
    else sessionStorage.setItem(place(id), text);
  } catch {
    // The browser keeps no more: the text stays in the field.
  }
}
