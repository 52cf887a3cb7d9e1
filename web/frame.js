/** What surrounds every view: the ways to the views, the question for the key, and what to do when a view breaks. */

import { KeyForm } from "./parts/key-form.js";
import { html, useEffect, useErrorBoundary, useState } from "./parts/html.js";
import { Loading, Notice } from "./parts/notice.js";
import { href, useRoute } from "./route.js";
import { key, onKey } from "./server/key.js";
import { Problem, request } from "./server/request.js";

/** @typedef {(props: {path: string[], query: URLSearchParams}) => any} View */

/** Views by the first part of their path. A view is loaded when it is first shown. @type {Record<string, {title: string, hidden?: boolean, load: () => Promise<View>}>} */
const VIEWS = {
  runs: { title: "Runs", load: async () => (await import("./runs/runs.js")).Runs },
  run: { title: "Run", hidden: true, load: async () => (await import("./run/run.js")).Run },
  answers: { title: "Answers", load: async () => (await import("./answers/answers.js")).Answers },
  graphs: { title: "Graphs", load: async () => (await import("./graphs/graphs.js")).Graphs },
  schedules: { title: "Schedules", load: async () => (await import("./schedules/schedules.js")).Schedules },
  catalog: { title: "Agents and tools", load: async () => (await import("./catalog/catalog.js")).Catalog },
  usage: { title: "Usage", load: async () => (await import("./usage/usage.js")).Usage },
};

const NAVIGATION = Object.entries(VIEWS).filter(([, { hidden }]) => !hidden);

export function Frame() {
  const { path, query } = useRoute();
  const name = path[0] ?? "runs";
  const access = useAccess();
  return html`
    <a class="skip-link" href="#main" onClick=${toMain}>Skip to the content</a>
    <header class="frame">
      <a class="brand" href=${href(["runs"])}><img src="/page/icon.svg" alt="" width="22" height="22" />Wand</a>
      <nav aria-label="Views">
        ${NAVIGATION.map(
          ([each, { title }]) =>
            html`<a key=${each} href=${href([each])} aria-current=${each === name || (name === "run" && each === "runs") ? "page" : undefined}>${title}</a>`,
        )}
      </nav>
    </header>
    <main id="main" tabindex="-1">
      ${access === "asking"
        ? html`<${KeyForm} />`
        : access === "checking"
          ? html`<${Loading} />`
          : html`<${Shown} key=${name} name=${name} path=${path.slice(1)} query=${query} />`}
    </main>
  `;
}

/** @param {Event} event */
function toMain(event) {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

/** Returns whether the API answers this tab, which asks for the key where it needs one. */
function useAccess() {
  const [access, setAccess] = useState(/** @type {"checking" | "asking" | "given"} */ ("checking"));
  useEffect(() => {
    const check = () =>
      request("/runs", { query: { limit: 1 } }).then(
        () => setAccess("given"),
        (problem) => setAccess(problem instanceof Problem && problem.status === 401 ? "asking" : "given"),
      );
    void check();
    return onKey(() => void (key() === null ? setAccess("asking") : check()));
  }, []);
  return access;
}

/** @param {{name: string, path: string[], query: URLSearchParams}} props */
function Shown({ name, path, query }) {
  const [view, setView] = useState(/** @type {{show: View} | null} */ (null));
  const [broken, repair] = useErrorBoundary((error) => console.error(error));
  const known = VIEWS[name];
  useEffect(() => {
    document.title = known === undefined ? "Wand" : `${known.title} · Wand`;
    known?.load().then((show) => setView({ show }), (error) => console.error(error));
  }, [known]);
  if (known === undefined) return html`<${Notice} kind="error" text=${`There is no view “${name}”.`} />`;
  if (broken) {
    return html`<${Notice} kind="error" text=${`This view broke: ${broken.message ?? broken}`}>
      <button onClick=${repair}>Try again</button>
    <//>`;
  }
  return view === null ? html`<${Loading} />` : html`<${view.show} path=${path} query=${query} />`;
}
