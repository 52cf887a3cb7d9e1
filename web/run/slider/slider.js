/** Goes to any moment of a run: the state after the event with this number. */

import { html, useEffect, useState } from "../../parts/html.js";

const STEP_MS = 120;

/** @param {{last: number, at: number | null, moment: string | undefined, live: boolean, onAt: (at: number | null) => void}} props `at`: null for the end */
export function Slider({ last, at, moment, live, onAt }) {
  const [playing, setPlaying] = useState(false);
  const here = at ?? last;
  useEffect(() => {
    if (!playing) return;
    if (at === null || here >= last) return setPlaying(false);
    const timer = setTimeout(() => onAt(here + 1 >= last && !live ? null : here + 1), STEP_MS);
    return () => clearTimeout(timer);
  }, [playing, at, here, last]);
  const play = () => {
    if (here >= last) onAt(1);
    setPlaying(!playing);
  };
  return html`
    <div class="slider row" role="group" aria-label="Moment of the run">
      <button onClick=${play} aria-label=${playing ? "Stop playing" : "Play the events"}>${playing ? "‖" : "▶"}</button>
      <input type="range" min="0" max=${last} value=${here} aria-label="Event" aria-valuetext=${`event ${here} of ${last}${moment ? `, ${moment}` : ""}`}
        onInput=${(/** @type {any} */ event) => (setPlaying(false), onAt(Number(event.currentTarget.value)))} />
      <span class="mono small">${here} / ${last}</span>
      <span class="quiet small">${moment?.slice(11, 23) ?? ""}</span>
      <button disabled=${at === null} onClick=${() => (setPlaying(false), onAt(null))}>${live ? "Live" : "End"}</button>
    </div>
  `;
}
