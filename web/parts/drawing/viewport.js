/** Which part of the drawing is seen: moved with the pointer, zoomed with the wheel and the buttons. */

import { useCallback, useEffect, useRef, useState } from "../html.js";

const LEAST = 0.05;
const MOST = 3;

/** @typedef {{x: number, y: number, scale: number}} View */

/**
 * Returns the view of a drawing of this size, and what changes it. `box` is the element that shows it.
 * @param {number} width
 * @param {number} height
 */
export function useViewport(width, height) {
  const [view, setView] = useState(/** @type {View} */ ({ x: 0, y: 0, scale: 1 }));
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const moved = useRef(false);

  const fit = useCallback(() => {
    if (box.current === null || width === 0) return;
    const { clientWidth, clientHeight } = box.current;
    const scale = Math.max(LEAST, Math.min(1, clientWidth / width, clientHeight / height));
    setView({ scale, x: (clientWidth - width * scale) / 2, y: (clientHeight - height * scale) / 2 });
    moved.current = false;
  }, [width, height]);
  useEffect(() => {
    if (!moved.current) fit();
  }, [fit]);

  const zoom = useCallback((/** @type {number} */ factor, /** @type {number | undefined} */ atX, /** @type {number | undefined} */ atY) => {
    moved.current = true;
    setView(({ x, y, scale }) => {
      const next = Math.min(MOST, Math.max(LEAST, scale * factor));
      const px = atX ?? (box.current?.clientWidth ?? 0) / 2;
      const py = atY ?? (box.current?.clientHeight ?? 0) / 2;
      return { scale: next, x: px - ((px - x) * next) / scale, y: py - ((py - y) * next) / scale };
    });
  }, []);

  /** Brings a point of the drawing into the middle, unless it is seen already; `readable`: large enough to be read, too. */
  const show = useCallback((/** @type {number} */ px, /** @type {number} */ py, /** @type {boolean} */ readable = false) => {
    if (box.current === null) return;
    const { clientWidth, clientHeight } = box.current;
    setView((now) => {
      const scale = readable ? Math.max(now.scale, 0.6) : now.scale;
      const x = px * now.scale + now.x;
      const y = py * now.scale + now.y;
      if (scale === now.scale && x > 80 && y > 40 && x < clientWidth - 80 && y < clientHeight - 40) return now;
      moved.current = true;
      return { scale, x: clientWidth / 2 - px * scale, y: clientHeight / 2 - py * scale };
    });
  }, []);

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const wheel = (/** @type {WheelEvent} */ event) => {
      event.preventDefault();
      const { left, top } = element.getBoundingClientRect();
      zoom(Math.exp(-event.deltaY / 400), event.clientX - left, event.clientY - top);
    };
    element.addEventListener("wheel", wheel, { passive: false });
    return () => element.removeEventListener("wheel", wheel);
  }, [zoom]);

  const onPointerDown = useCallback((/** @type {PointerEvent} */ event) => {
    if (event.button !== 0 || /** @type {Element} */ (event.target).closest("[data-node]")) return;
    const start = { x: event.clientX, y: event.clientY };
    const element = /** @type {HTMLElement} */ (event.currentTarget);
    element.setPointerCapture(event.pointerId);
    const move = (/** @type {PointerEvent} */ next) => {
      const dx = next.clientX - start.x;
      const dy = next.clientY - start.y;
      [start.x, start.y] = [next.clientX, next.clientY];
      moved.current = true;
      setView((now) => ({ ...now, x: now.x + dx, y: now.y + dy }));
    };
    const end = () => {
      element.removeEventListener("pointermove", move);
      element.removeEventListener("pointerup", end);
      element.removeEventListener("pointercancel", end);
    };
    element.addEventListener("pointermove", move);
    element.addEventListener("pointerup", end);
    element.addEventListener("pointercancel", end);
  }, []);

  return { view, box, fit, zoom, show, onPointerDown };
}
