"""Tells an attempt that ended with its worker from one that failed, so that it does not use up the node's retries."""

from collections.abc import Mapping
from types import MappingProxyType

from wand_orchestrator.workflows.journal.node_failures import WORKER_LOST, WORKER_SHUTDOWN, NodeFailure

MAX_WORKER_LOSSES = 5
"""Deaths of its worker, beyond its own retries, after which a node is taken to be their cause."""

MAX_WORKER_SHUTDOWNS = 100
"""Stops of its worker, after which a node is taken to cause them, or to claim them: the code is one that anybody may
fail with."""


class Losses:
    """`before`: what `carry` gave in the history before this one."""

    def __init__(self, before: Mapping[str, dict[str, int]] = MappingProxyType({})) -> None:
        self._losses = dict(before.get("losses", {}))
        self._shutdowns = dict(before.get("shutdowns", {}))

    def carry(self) -> dict[str, dict[str, int]]:
        return {"losses": self._losses, "shutdowns": self._shutdowns}

    def is_given_again(self, node: str, failed: NodeFailure) -> bool:
        """A node that takes its worker down with it would go on for ever, so silent deaths are counted."""
        if failed.failure.code == WORKER_SHUTDOWN:
            self._shutdowns[node] = self._shutdowns.get(node, 0) + 1
            return self._shutdowns[node] <= MAX_WORKER_SHUTDOWNS
        if failed.failure.code != WORKER_LOST:
            return False
        self._losses[node] = self._losses.get(node, 0) + 1
        return self._losses[node] <= MAX_WORKER_LOSSES
