/**
 * Shapes of the API, taken from its OpenAPI document: `make lint-web` writes `api.d.ts` from it.
 *
 * @typedef {import("./api").components["schemas"]} Schemas
 * @typedef {Schemas["ListedRun"]} ListedRun
 * @typedef {Schemas["RunPage"]} RunPage
 * @typedef {Schemas["RunView"]} RunView
 * @typedef {Schemas["NodeView"]} NodeView
 * @typedef {Schemas["NodeDetail"]} NodeDetail
 * @typedef {Schemas["Failure"]} Failure
 * @typedef {Schemas["UsageTotal"]} UsageTotal
 * @typedef {Schemas["EventList"]} EventList
 * @typedef {Schemas["ApprovalView"]} ApprovalView
 * @typedef {Schemas["NamedGraph"]} NamedGraph
 * @typedef {Schemas["GraphView"]} GraphView
 * @typedef {Schemas["GraphSummary"]} GraphSummary
 * @typedef {Schemas["GraphChecked"]} GraphChecked
 * @typedef {Schemas["ProblemFault"]} ProblemFault
 * @typedef {Schemas["AgentView"]} AgentView
 * @typedef {Schemas["ControlNodeView"]} ControlNodeView
 * @typedef {Schemas["ToolView"]} ToolView
 * @typedef {Schemas["ScheduleSummary"]} ScheduleSummary
 * @typedef {Schemas["ScheduleView"]} ScheduleView
 * @typedef {Schemas["HookView"]} HookView
 * @typedef {Required<Schemas["UsageSum"]>} UsageSum
 * @typedef {{groups: UsageSum[], total: UsageSum, more: boolean}} UsageReport
 *
 * @typedef {"pending" | "running" | "paused" | "cancelling" | "succeeded" | "failed" | "cancelled" | "timed_out" | "terminated"} RunStatus
 * @typedef {"pending" | "scheduled" | "running" | "retrying" | "waiting" | "succeeded" | "failed" | "skipped" | "cancelled"} NodeStatus
 * @typedef {"debug" | "info" | "warning" | "error"} Level
 *
 * @typedef {object} RunEvent An event of a run, as its journal has it.
 * @property {number} seq
 * @property {string} ts
 * @property {string} type
 * @property {Level} level
 * @property {string} message
 * @property {number} progress
 * @property {string | null} node
 * @property {number | null} attempt
 * @property {Record<string, any>} data
 *
 * @typedef {object} Delta Text that an agent emits while it runs.
 * @property {string} node
 * @property {number} attempt
 * @property {number} offset in code points
 * @property {string} text
 */
export {};
