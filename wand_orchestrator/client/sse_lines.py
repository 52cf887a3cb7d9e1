"""Reads items of a run from the lines of a stream of Server-Sent Events (SSE)."""

from wand_orchestrator.client.run_event import RunEvent
from wand_orchestrator.contract.emitted_text import NODE_DELTA, Delta

DATA = b"data:"
TYPE = b"event:"


class SseLines:
    """Collects pieces of bytes, and returns each item once its last line has come.

    A line ends with a line feed only: `httpx` would also split at U+2028 and the like within a message.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []
        self._kind: type[RunEvent | Delta] = RunEvent

    def take(self, piece: bytes) -> list[RunEvent | Delta]:
        *lines, self._rest = (self._rest + piece).split(b"\n")
        return [item for line in lines if (item := self._item(line.removesuffix(b"\r"))) is not None]

    def _item(self, line: bytes) -> RunEvent | Delta | None:
        if line.startswith(DATA):
            self._data.append(line.removeprefix(DATA).removeprefix(b" "))
        elif line.startswith(TYPE):
            self._kind = Delta if line.removeprefix(TYPE).strip() == NODE_DELTA.encode() else RunEvent
        elif not line and self._data:
            item = self._kind.model_validate_json(b"\n".join(self._data))
            self._data, self._kind = [], RunEvent
            return item
        return None
