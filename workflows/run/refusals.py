"""Refuses updates that are impossible in the run's current state; a refused update leaves no trace in the history."""

from collections.abc import Set

from wand_orchestrator.contract.codes import UNKNOWN_NODE, WRONG_STATE
from wand_orchestrator.contract.spending import BudgetChange
from wand_orchestrator.contract.state import is_part, node_of
from wand_orchestrator.contract.steering import Answer
from wand_orchestrator.workflows.budget.books import Spending
from wand_orchestrator.workflows.control.base import Refusal
from wand_orchestrator.workflows.journal.journal import Journal
from wand_orchestrator.workflows.nodes.node_runner import NodeRunner
from wand_orchestrator.workflows.scheduler import Phase, Scheduler


class Refusals:
    """Checks the updates of one run. `skipping`: nodes that are being cancelled, and will count as skipped."""

    def __init__(
        self,
        scheduler: Scheduler,
        journal: Journal,
        launcher: NodeRunner,
        skipping: Set[str],
        spending: Spending,
    ) -> None:
        self._spending = spending
        self._scheduler = scheduler
        self._journal = journal
        self._launcher = launcher
        self._skipping = skipping

    def skip(self, node: str) -> Refusal | None:
        """Return why this node, or this call of a tool, cannot be skipped now; None if it can."""
        if self._launcher.may_be_skipped(node):
            return self._ended() or self._launcher.skips(node)
        if refusal := self._any(node):
            return refusal
        return Refusal(WRONG_STATE, f"node {node} is being skipped already") if node in self._skipping else None

    def answer(self, answer: Answer) -> Refusal | None:
        """Return why this answer cannot be accepted; None if it can."""
        approval = self._launcher.approval(answer.node)
        if approval is not None and is_part(answer.node) and (refusal := self._ended()):
            return refusal
        if (approval is None or not is_part(answer.node)) and (refusal := self._any(answer.node)):
            return refusal
        if approval is None or self._is_leaving(node_of(answer.node)):
            return Refusal(WRONG_STATE, f"node {answer.node} does not wait for an answer")
        return approval.refuse(answer)

    def retry(self, node: str) -> Refusal | None:
        """Return why this node, or this part of a control node, cannot be retried now; None if it can."""
        if self._launcher.runs_agent(node):
            return self._ended()
        if refusal := self._any(node):
            return refusal
        phase = self._scheduler.phase(node)
        if phase is Phase.HELD:
            return None
        if phase is not Phase.IN_FLIGHT or self._is_leaving(node):
            return Refusal(WRONG_STATE, f"node {node} has not failed: it is {phase.name.lower()}")
        if self._launcher.control(node) is not None:
            return Refusal(WRONG_STATE, f"node {node} has no attempts: the workflow carries it out itself")
        return None

    def budget(self, change: BudgetChange) -> Refusal | None:
        """Return why this budget cannot be replaced now; None if it can."""
        if refusal := self._ended():
            return refusal
        if self._spending.budget_of(change.node) is not None:
            return None
        of = "the run has" if change.node is None else f"{change.node} has"
        return Refusal(WRONG_STATE, f"{of} no budget that could be replaced: a node has its own once it has begun")

    def _is_leaving(self, node: str) -> bool:
        """Return whether the node, which is in flight, is being cancelled."""
        return node in self._skipping or self._scheduler.why_spare(node) is not None

    def _any(self, node: str) -> Refusal | None:
        if not self._scheduler.knows(node):
            return self._part(node)
        if refusal := self._ended():
            return refusal
        phase = self._scheduler.phase(node)
        return Refusal(WRONG_STATE, f"node {node} is {phase.name.lower()} already") if phase.settled else None

    def _ended(self) -> Refusal | None:
        if not self._scheduler.stopping and not self._journal.ended:
            return None
        status = self._journal.state.status
        return Refusal(WRONG_STATE, f"the run is {status}: nothing in it can be steered any more")

    def _part(self, part: str) -> Refusal:
        """Return the refusal for a name that is no node of this graph: it may be one of a child run, or an item of a
        map.
        """
        if part not in self._journal.state.nodes:
            return Refusal(UNKNOWN_NODE, f"the run has no node {part}")
        above, _, theirs = part.partition("/")
        if theirs and (child := self._launcher.children.run_id(above)) is not None:
            return Refusal(WRONG_STATE, f"node {theirs} belongs to the run {child}: steer it there")
        return Refusal(WRONG_STATE, f"{part} is a part of a node, and does not wait for this")
