/** A file that an agent has stored: images and texts in place, anything else to be downloaded. */

import { html, useEffect, useState } from "./html.js";
import { download, size } from "./json-view.js";
import { send } from "../server/request.js";

const MOST_SHOWN = 2_000_000;
const TEXT = /^(text\/|application\/(json|xml|yaml|x-ndjson|csv))/;
const IMAGE = /^image\/(svg\+xml|png|jpeg|gif|webp)/;

/** @param {{artifact: {name: string, media_type: string, size: number, url: string, node: string | null}}} props */
export function Artifact({ artifact }) {
  const { name, media_type: type, size: bytes, url } = artifact;
  const kind = bytes > MOST_SHOWN ? "other" : IMAGE.test(type) ? "image" : TEXT.test(type) ? "text" : "other";
  const [shown, setShown] = useState(/** @type {string | null} */ (null));
  useEffect(() => {
    if (kind === "other") return;
    let place = "";
    let wanted = true;
    void send(url).then(async (answer) => {
      if (kind === "text") return wanted && setShown((await answer.text()).slice(0, 20_000));
      const blob = new Blob([await answer.arrayBuffer()], { type: type.split(";", 1)[0] });
      place = URL.createObjectURL(blob);
      if (wanted) setShown(place);
    }, () => undefined);
    return () => {
      wanted = false;
      if (place !== "") URL.revokeObjectURL(place);
    };
  }, [url, kind]);
  return html`
    <figure class="artifact">
      <figcaption class="row spread"><span class="mono">${name}</span>
        <span class="quiet small">${type}, ${size(bytes)} <button onClick=${() => download(url, name)} aria-label=${`Download ${name}`}>Download</button></span>
      </figcaption>
      ${shown !== null && kind === "image" && html`<img src=${shown} alt=${name} />`}
      ${shown !== null && kind === "text" && html`<pre tabindex="0" aria-label=${name}>${shown}</pre>`}
    </figure>
  `;
}
