// Uses the generated types in TypeScript as a caller would: events told apart by their type, words by their names.
import type { components } from "./api";

type Schemas = components["schemas"];

export function told(event: Schemas["Event"]): string {
  switch (event.type) {
    case "node.failed":
      return event.data.error?.message ?? event.message;
    case "run.paused":
      return event.data.held.join(", ");
    default:
      return event.message;
  }
}

export function isOver(status: Schemas["RunStatus"]): boolean {
  return status === "succeeded" || status === "failed";
}

export function isMissing(problem: Schemas["Problem"]): boolean {
  return problem.code === "not_found";
}

export const node: Schemas["Node"] = { id: "fetch", type: "agent.fetch", join: "any", params: { url: "https://example.com" } };
