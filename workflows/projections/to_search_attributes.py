"""Keeps the search attribute `WandStatus` current, so that Temporal's lists show and find runs by it.

An update costs the run an event, so it is made only when the status is another one: most runs begin as `running` by
what they are started with, and have one update, at their end.
"""

from temporalio import workflow

from wand_orchestrator.contract.search_attributes import (
    WAND_STATUS,
)
from wand_orchestrator.contract.state import RunStatus
from wand_orchestrator.workflows.journal.journal import Journal


class Visibility:
    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._told = workflow.info().typed_search_attributes.get(WAND_STATUS)

    def look(self) -> None:
        """Upsert the search attribute if the status has changed."""
        status = self._journal.state.status
        if status is RunStatus.PENDING or status.value == self._told:
            return
        self._told = status.value
        workflow.upsert_search_attributes([WAND_STATUS.value_set(status.value)])
