/** Starts the page. */

import { Frame } from "./frame.js";
import { html, render } from "./parts/html.js";

const place = document.getElementById("page");
if (place !== null) render(html`<${Frame} />`, place);
