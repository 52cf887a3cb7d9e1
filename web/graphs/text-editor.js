/**
 * A field for text with line numbers and marked lines. It is the browser's own text field, with its undo, search and spelling of keys;
 * beside it, only the lines in view are drawn.
 */

import { html, useEffect, useLayoutEffect, useRef, useState } from "../parts/html.js";

const LINE_PX = 20;
const PAD_PX = 8;
const LARGE = 200_000;

/** @typedef {{line: number, kind: "fault" | "warning", text: string}} LineMark */
/**
 * @typedef {object} Editing What others do with the text. Every change can be undone in the browser's way.
 * @property {() => string} text
 * @property {() => number} offset where the cursor is
 * @property {(text: string) => void} replaceAll
 * @property {(offset: number, text: string) => void} insert puts the cursor behind it
 * @property {(line: number, column: number) => void} goTo
 */

/**
 * @param {object} props
 * @param {string} props.first the text that it begins with
 * @param {string} props.label
 * @param {string} props.describedBy
 * @param {LineMark[]} props.marks
 * @param {(text: string) => void} props.onText
 * @param {(offset: number) => void} props.onCursor
 * @param {{current: Editing | null}} props.editing
 */
export function TextEditor({ first, label, describedBy, marks, onText, onCursor, editing }) {
  const field = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  const [seen, setSeen] = useState({ top: 0, height: 400, lines: count(first) });
  const look = () => {
    const area = field.current;
    if (area !== null) setSeen({ top: area.scrollTop, height: area.clientHeight, lines: count(area.value) });
  };
  useLayoutEffect(() => {
    const area = field.current;
    if (area === null) return;
    area.value = first;
    editing.current = editingOf(area);
    const resized = new ResizeObserver(look);
    resized.observe(area);
    return () => (resized.disconnect(), void (editing.current = null));
  }, []);
  useEffect(() => {
    const moved = () => document.activeElement === field.current && onCursor(field.current?.selectionStart ?? 0);
    document.addEventListener("selectionchange", moved);
    return () => document.removeEventListener("selectionchange", moved);
  }, [onCursor]);
  const changed = () => {
    look();
    onText(field.current?.value ?? "");
  };
  const width = `${String(seen.lines).length + 2}ch`;
  return html`
    <div class="text-editor">
      <div class="gutter" aria-hidden="true" style=${{ width }}><${Gutter} seen=${seen} marks=${marks} /></div>
      <div class="paper">
        <div class="bands" aria-hidden="true">${marks.filter((mark) => inView(mark.line, seen)).map((mark) =>
          html`<div key=${`${mark.line} ${mark.text}`} class="band" data-kind=${mark.kind} style=${{ top: `${topOf(mark.line, seen)}px` }}></div>`)}</div>
        <textarea ref=${field} aria-label=${label} aria-describedby=${describedBy} aria-invalid=${marks.some((mark) => mark.kind === "fault") ? "true" : undefined}
          spellcheck=${false} autocapitalize="off" autocomplete="off" wrap="off" onInput=${changed} onScroll=${look} onKeyDown=${indented}></textarea>
      </div>
    </div>
  `;
}

/** @param {{seen: {top: number, height: number, lines: number}, marks: LineMark[]}} props */
function Gutter({ seen, marks }) {
  const from = Math.max(1, Math.floor((seen.top - PAD_PX) / LINE_PX));
  const until = Math.min(seen.lines, from + Math.ceil(seen.height / LINE_PX) + 2);
  const kinds = new Map([...marks].reverse().map((mark) => [mark.line, mark]));
  const rows = [];
  for (let line = from; line <= until; line += 1) {
    const mark = kinds.get(line);
    rows.push(html`<span key=${line} data-kind=${mark?.kind} title=${mark?.text} style=${{ top: `${topOf(line, seen)}px` }}>${line}</span>`);
  }
  return rows;
}

/** @param {string} text */
function count(text) {
  let lines = 1;
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) lines += 1;
  return lines;
}

/** @param {number} line @param {{top: number}} seen */
const topOf = (line, seen) => PAD_PX + (line - 1) * LINE_PX - seen.top;

/** @param {number} line @param {{top: number, height: number}} seen */
const inView = (line, seen) => topOf(line, seen) > -LINE_PX && topOf(line, seen) < seen.height;

/** A new line begins as deep as the one before. @param {KeyboardEvent} event */
function indented(event) {
  if (event.key !== "Enter" || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const area = /** @type {HTMLTextAreaElement} */ (event.currentTarget);
  const before = area.value.slice(area.value.lastIndexOf("\n", area.selectionStart - 1) + 1, area.selectionStart);
  const indent = /^[ ]*/.exec(before)?.[0] ?? "";
  const deeper = /[[{]\s*$|[^#]:\s*$/.test(before) ? "  " : "";
  if (indent + deeper === "") return;
  event.preventDefault();
  type(area, `\n${indent}${deeper}`);
}

/** Types the text over the selection, as the reader would, so that undo takes it back. @param {HTMLTextAreaElement} area @param {string} text */
function type(area, text) {
  area.focus();
  // Deprecated, but nothing else keeps the undo of a text field. With a large text the browser would stand still for seconds.
  if (text.length < LARGE && document.execCommand("insertText", false, text)) return;
  area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

/** @param {HTMLTextAreaElement} area @returns {Editing} */
function editingOf(area) {
  return {
    text: () => area.value,
    offset: () => area.selectionStart,
    replaceAll: (text) => {
      area.focus();
      area.select();
      type(area, text);
      area.setSelectionRange(0, 0);
      area.scrollTop = 0;
    },
    insert: (offset, text) => {
      area.focus();
      area.setSelectionRange(offset, offset);
      type(area, text);
      show(area, area.value.slice(0, offset).split("\n").length);
    },
    goTo: (line, column) => {
      const rows = area.value.split("\n");
      const start = rows.slice(0, line - 1).reduce((sum, row) => sum + row.length + 1, 0);
      // The API counts characters, and a text field the halves that some are made of.
      const offset = start + [...(rows[line - 1] ?? "")].slice(0, column - 1).join("").length;
      area.focus();
      area.setSelectionRange(offset, offset);
      show(area, line);
    },
  };
}

/** @param {HTMLTextAreaElement} area @param {number} line */
function show(area, line) {
  const top = (line - 1) * LINE_PX;
  if (top < area.scrollTop || top > area.scrollTop + area.clientHeight - 3 * LINE_PX) area.scrollTop = Math.max(0, top - area.clientHeight / 3);
}
