"""Limits that every process keeps to, and those of a run, which its snapshot has as they were set at its start."""

from wand_orchestrator.contract.message import Message

MAX_INPUT_BYTES = 64 * 1024**2
"""Of what all edges of a node map into its input together, as JSON, unless a run says otherwise: a workflow holds it in
memory until the node starts, and writes it within the 2 s that a step of it may take."""

MAX_RESULT_BYTES = 64 * 1024**2
"""Of the outputs of all sinks of a run together, and of all items of a map, for the same reasons."""

MAX_LOG_BYTES = 32 * 1024**2
"""Of the log lines of a run, those of its child runs among them: they stand in its journal, which goes on for ever in
the database."""

MAX_EVENT_BYTES = 256 * 1024
"""Of the data of one event that is sent to a run, as JSON."""

MAX_HELD_EVENTS = 1000
"""Events that a run holds: those that no node has taken yet, and those of nodes that wait for more."""

MAX_HELD_EVENT_BYTES = 4 * 1024**2
"""Of all events that a run holds, roughly: they go with it into a new history."""

PLAIN_INPUT_BYTES = 1_900_000
"""Of input and params of a node with a `queue`: its worker may be anybody's and has no payload store, so they stand in
the history itself, where Temporal takes 2 MB (`limit.blobSize.error`)."""

INLINE_VALUE_BYTES = 64 * 1024
"""Of one of the params, input and output of a node, as JSON: a larger one is shown by a reference to it."""


class RunLimits(Message):
    """How far a run may spread into child runs, as a graph of graphs multiplies at each level, and what it may hold."""

    depth: int = 5
    runs: int = 20_000
    input_bytes: int = MAX_INPUT_BYTES
    result_bytes: int = MAX_RESULT_BYTES
    log_bytes: int = MAX_LOG_BYTES
