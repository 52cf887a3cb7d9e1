"""Defines the codes of failures and refusals that more than one process acts on; each is written
here and nowhere else.
"""

CHILD_CANCELLED = "child_cancelled"
"""Code of the failure of a node whose child run somebody cancelled."""

CHILD_TERMINATED = "child_terminated"
"""The same of one that was terminated."""

DATABASE_UNAVAILABLE = "database_unavailable"
"""Code of the failure of an activity that a workflow tries again until the database is back."""

TOO_SLOW = "too_slow"
"""Code of the failure of a local activity that was stopped because it is not as short as it was declared to be."""

WORKER_SHUTDOWN = "worker_shutdown"
"""Of an attempt that was given back because its worker was stopped; the node gets another one."""

WORKER_LOST = "worker_lost"
"""Of an attempt whose worker fell silent, or no longer runs it."""

TRIED_AGAIN = frozenset({TOO_SLOW, WORKER_LOST, WORKER_SHUTDOWN})
"""After these a node gets another attempt, beyond its own retries."""

TIMED_OUT = "timeout"
"""Of an attempt that took longer than it may, which Temporal's server decides."""

TIMED_OUT_TYPE = "TemporalTimeout:StartToClose"
"""The same among the types of errors that a retry policy leaves alone, as Temporal's server knows it."""

RUN_TIMEOUT = "run_timeout"
"""Of a run that took longer than it may."""

START_REFUSED = "start_refused"
"""Temporal will never accept a run like this."""

WRONG_STATE = "wrong_state"
"""A run or a node is not in a state that allows an update."""

UNKNOWN_NODE = "unknown_node"
"""An update, an edge or a sink names a node that the graph does not have."""

ANSWER_INVALID = "answer_invalid"
"""The answer to an approval does not fit its schema."""

EVENT_INVALID = "event_invalid"
"""The data of an event fits the schema of no node that waits for it."""

EVENTS_FULL = "events_full"
"""A run holds as many events as it may, and takes no more until nodes have taken some."""

BUDGET_EXCEEDED = "budget_exceeded"
"""The next model call does not fit in what is left of a budget."""

BUDGET_UNBOUNDED = "budget_unbounded"
"""There is a budget, and nobody knows how much a call can cost: the model's price or the length of its replies is
unknown."""

MCP_CALL_FAILED = "mcp_call_failed"
"""An MCP server answered a call with an error of the protocol."""

MCP_CALL_LOST = "mcp_call_lost"
"""Nobody knows whether a call of an MCP tool was carried out."""

MCP_TOOL_FAILED = "mcp_tool_failed"
"""An MCP tool reports that it failed."""

MCP_LIST_INVALID = "mcp_list_invalid"
"""The list of tools of an MCP server cannot be used."""

MCP_TOOL_UNKNOWN = "mcp_tool_unknown"
"""An MCP server has no such tool, or its settings do not allow it."""

SILENT_TYPE = "TemporalTimeout:Heartbeat"
"""Of an attempt whose worker fell silent, among the types of errors that a retry policy leaves alone."""
