/** Text of a description, in which `what stands in backticks` is code. */

import { html } from "./html.js";

/** @param {{text: string}} props */
export function Prose({ text }) {
  const parts = text.split("`");
  // An odd number of backticks is no code: the text stays as it is.
  return parts.length % 2 === 0 ? text : parts.map((part, at) => (at % 2 === 1 ? html`<code key=${at}>${part}</code>` : part));
}
