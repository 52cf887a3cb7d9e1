"""Puts the text that agents emit together."""

from dataclasses import dataclass

from wand_orchestrator.client.run_event import RunEvent
from wand_orchestrator.contract.emitted_text import Delta as Delta
from wand_orchestrator.contract.events import EventType


@dataclass
class _Text:
    """A text from the code point `start` on: of a long one, a late reader may not be told the beginning."""

    start: int
    text: str

    def take(self, delta: Delta) -> None:
        kept = max(0, delta.offset - self.start)
        self.start = min(self.start, delta.offset)
        self.text = self.text[:kept] + delta.text


class NodeTexts:
    """The text that each node has emitted in its present attempt. A connection that was lost repeats text, which does
    not stand here twice.
    """

    def __init__(self) -> None:
        self._texts: dict[str, _Text] = {}

    def take(self, item: RunEvent | Delta) -> None:
        """Take text, or an event: a retry voids the text of its node, and the node's end may bring the final one."""
        if isinstance(item, Delta):
            self._texts.setdefault(item.node, _Text(item.offset, "")).take(item)
        elif item.type == EventType.NODE_RETRYING:
            self._texts.pop(str(item.node), None)
        elif item.type == EventType.NODE_SUCCEEDED and isinstance(text := item.data.get("text"), str):
            self._texts[str(item.node)] = _Text(0, text)

    def text(self, node: str) -> str:
        """Return what the node has emitted so far; it is empty of a node that emitted nothing."""
        return self._texts[node].text if node in self._texts else ""

    @property
    def texts(self) -> dict[str, str]:
        """All texts by node."""
        return {node: each.text for node, each in self._texts.items()}
