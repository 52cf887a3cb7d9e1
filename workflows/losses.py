"""Tells an attempt that ended with its worker from one that failed, so that it does not use up the node's retries."""

from collections.abc import Mapping
from types import MappingProxyType

from workflows.failures import WORKER_LOST, WORKER_SHUTDOWN, NodeFailure

MAX_WORKER_LOSSES = 5
"""Deaths of its worker, beyond its own retries, after which a node is taken to be their cause."""


class Losses:
    """`before`: what `carry` gave in the history before this one."""

    def __init__(self, before: Mapping[str, int] = MappingProxyType({})) -> None:
        self._losses = dict(before)

    def carry(self) -> dict[str, int]:
        return self._losses

    def is_given_again(self, node: str, failed: NodeFailure) -> bool:
        """A node that takes its worker down with it would go on for ever, so silent deaths are counted."""
        if failed.failure.code not in (WORKER_LOST, WORKER_SHUTDOWN):
            return False
        if failed.failure.code == WORKER_LOST:
            self._losses[node] = self._losses.get(node, 0) + 1
        return self._losses.get(node, 0) <= MAX_WORKER_LOSSES
