"""Keeps the list of what waits for a person over all runs: writes the journal to the database whenever that changes.

Otherwise a journal is written when its run ends, or continues in a new history. A write costs an activity, and people
ask and answer seldom.
"""

from collections.abc import Callable

from wand_orchestrator.contract.state import NodeStatus, asks_person, node_status_after
from wand_orchestrator.workflows.journal.journal import Journal
from wand_orchestrator.workflows.patches import patched

PATCH = "inbox"


class Inbox:
    """Call `look` whenever the journal may have grown. `write` starts to write all of it to the database."""

    def __init__(self, journal: Journal, write: Callable[[], object]) -> None:
        self._journal = journal
        self._write = write
        self._seen = journal.state.last_seq
        waiting = (name for name, node in journal.state.nodes.items() if node.status is NodeStatus.WAITING)
        self._open = {name for name in waiting if "/" not in name}

    def look(self) -> None:
        """Start to write if a node has begun to wait for a person, or has got its answer."""
        changed = False
        for event in self._journal.since(self._seen):
            self._seen = event.seq
            if asks_person(event):
                self._open.add(event.node or "")
                changed = True
            elif event.node in self._open and node_status_after(event.type) is not None:
                self._open.discard(event.node)
                changed = True
        if changed and not self._journal.ended and patched(PATCH):
            self._write()
