// Parses every source of Mermaid in the folder that is named with Mermaid itself; fails if one is refused.
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [folder] = process.argv.slice(2);
const installed = createRequire(path.resolve("package.json"));
const { JSDOM } = installed("jsdom");
const { window } = new JSDOM("<div></div>");
globalThis.window = window;
globalThis.document = window.document;
const { default: mermaid } = await import(pathToFileURL(path.resolve("node_modules/mermaid/dist/mermaid.core.mjs")).href);

const files = fs.readdirSync(folder).filter((name) => name.endsWith(".mmd"));
let refused = 0;
for (const name of files) {
  try {
    const { diagramType } = await mermaid.parse(fs.readFileSync(path.join(folder, name), "utf8"));
    if (!diagramType.startsWith("flowchart")) throw new Error(`read as ${diagramType}`);
  } catch (error) {
    refused += 1;
    console.error(`${name}: ${error}`);
  }
}
console.log(`${files.length} sources, ${refused} refused`);
process.exit(files.length > 0 && refused === 0 ? 0 : 1);
