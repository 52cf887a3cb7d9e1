"""Puts together what charges the model calls of one run: its own budgets, those above it, and its child runs."""

from collections.abc import Callable, Mapping
from typing import Any

from temporalio import workflow

from wand_orchestrator.contract.names import EXTERN_DONE, SPENT
from wand_orchestrator.contract.run import RunInput
from wand_orchestrator.workflows.budget.books import Spending
from wand_orchestrator.workflows.nodes.child_spending import ChildSpending
from wand_orchestrator.workflows.nodes.parent_budget import ParentBudget, Post


class Budgets:
    """`pause(reason)` pauses the run, `paused` returns whether it is, `wake` is called when signals have been sent.
    `carried`: what `carry` returned in the previous history.
    """

    def __init__(
        self,
        run: RunInput,
        carried: Mapping[str, Any],
        pause: Callable[[str], None],
        paused: Callable[[], bool],
        wake: Callable[[], None],
    ) -> None:
        self._post = Post(wake)
        above = run.parent if run.parent is not None and run.parent.has_budget else None
        self.parent = None if above is None else ParentBudget(above, self._post)
        self.spending = Spending(run, carried, pause, paused, self.parent, workflow.wait_condition)
        record: Callable[[str, Callable[[], Any]], None] = workflow.extern_functions().get(EXTERN_DONE, _forget)
        record(SPENT, self.spending.spent)
        self.children = ChildSpending(self.spending, self._post, carried.get("asked", ()))

    @property
    def idle(self) -> bool:
        """Whether no signal is on its way, so that the history may end."""
        return self._post.idle

    def carry(self) -> dict[str, Any]:
        return self.spending.carry() | {"asked": self.children.carry()}


def _forget(node: str, spent: Callable[[], Any]) -> None:
    """Do nothing: only a replay that was made for it asks what was spent."""
