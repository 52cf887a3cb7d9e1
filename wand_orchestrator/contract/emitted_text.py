"""Defines how text that an agent emits before it returns crosses a process, beside history and journal.

Nobody keeps it: the text counts once it is an agent's output. Offsets count Unicode code points from the beginning of
the attempt's text.
"""

from pydantic import Field

from wand_orchestrator.contract.message import Message
from wand_orchestrator.contract.names import Attempt

HEARTBEAT_TEXT_BYTES = 32 * 1024
"""Of the text in a heartbeat, as JSON. The server stores each one, and tells all of them at once to whoever describes
the run: so a longer text loses its beginning there."""

EVENT_TEXT_BYTES = 16 * 1024
"""Of the text in a node's last event, as the data of a log line; of a longer one the event tells only the place."""

NODE_DELTA = "node.delta"
"""Type of the SSE events that bring emitted text. They have no id, as they stand in no journal."""

PLACE_LENGTH = 1000
"""Of the JSON Pointer to the text in an output."""

Names = tuple[tuple[str, str], ...]
"""Pairs of a run and of the name that a node has in the events of that run, such as `sub/write`."""


class EmittedText(Message):
    """The text that an attempt has emitted so far, or its last part: the third detail of a node's heartbeats.

    `begun`: how often the attempt began anew, after the loss of its process; the text then begins anew as well.
    """

    attempt: Attempt
    begun: int = Field(default=0, ge=0)
    offset: int = Field(default=0, ge=0)
    text: str
    above: Names = ()


class Delta(Message):
    """The data of a `node.delta`: text that follows what came before, or begins anew where `offset` is 0."""

    type: str = NODE_DELTA
    node: str
    attempt: int
    offset: int
    text: str
