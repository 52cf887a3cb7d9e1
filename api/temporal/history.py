"""Reads histories of executions: what a run was started with, its progress, and its end."""

from dataclasses import dataclass
from datetime import timedelta

import temporalio.api.enums.v1 as enums
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowHistoryEventFilterType

from wand_orchestrator.api.temporal.call import deadline, translated
from wand_orchestrator.api.temporal.errors import meaning
from wand_orchestrator.contract.run import (
    RunInput,
    RunOrder,
)
from wand_orchestrator.contract.run_input import order_in
from wand_orchestrator.errors import Conflict

POLL_SEC = 60.0

_TASK_COMPLETED = enums.EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED


@dataclass(frozen=True)
class AcceptedTask:
    """Contains an accepted workflow task: the id of its start event, and the worker that completed it."""

    start: int
    worker: str


@dataclass(frozen=True)
class HistoryStep:
    """Contains the result of a poll of the history: workflow tasks that were accepted, oldest first.

    `began`: the execution, where its first event is among them; `token`: to go on from; `successor`: the execution in
    which the run has gone on, to poll from its begin; `over`: nothing more will come.
    """

    tasks: tuple[AcceptedTask, ...] = ()
    over: bool = False
    began: str = ""
    token: bytes | None = None
    successor: str = ""

    @property
    def news(self) -> bool:
        """Whether the journal may have grown, which it does only in workflow tasks, or is complete."""
        return bool(self.tasks or self.successor or self.over)


async def order_of(client: Client, run_id: str, seconds: float) -> RunInput | RunOrder:
    """Return what the run was started with: its graph, or the graph's name. Raises NotFound if Temporal has forgotten
    it.

    Conflict: it was started past the API, with something else.
    """
    async with deadline(seconds), translated(meaning):
        history = client.get_workflow_handle(run_id).fetch_history_events(
            page_size=1, skip_archival=True, rpc_timeout=timedelta(seconds=seconds)
        )
        first = await anext(aiter(history))
    payloads = first.workflow_execution_started_event_attributes.input.payloads
    [document] = await client.data_converter.decode(payloads[:1]) if payloads else [None]
    try:
        return order_in(document)
    except ValueError as error:
        raise Conflict("the run was started with what orders no run", code="nothing_to_retry") from error


async def poll(client: Client, run_id: str, execution: str | None, token: bytes | None) -> HistoryStep:
    """Wait for news in the history, for at most about 20 s. Start without a token, which reads what is there."""
    async with translated(meaning):
        pages = client.get_workflow_handle(run_id, run_id=execution).fetch_history_events(
            next_page_token=token,
            wait_new_event=True,
            skip_archival=True,
            rpc_timeout=timedelta(seconds=POLL_SEC),
        )
        await pages.fetch_next_page()
    events = pages.current_page or ()
    if events and (successor := _successor(events[-1])):
        return HistoryStep(successor=successor)
    return HistoryStep(
        tasks=tuple(_accepted(event) for event in events if event.event_type == _TASK_COMPLETED),
        over=pages.next_page_token is None,
        began=_execution(events[0]) if events else "",
        token=pages.next_page_token,
    )


async def closing_event(client: Client, run_id: str, seconds: float) -> HistoryEvent | None:
    """Return the last event of a closed execution's history."""
    async with deadline(seconds), translated(meaning):
        history = client.get_workflow_handle(run_id).fetch_history_events(
            event_filter_type=WorkflowHistoryEventFilterType.CLOSE_EVENT,
            skip_archival=True,
            rpc_timeout=timedelta(seconds=seconds),
        )
        return await anext(aiter(history), None)


def _accepted(event: HistoryEvent) -> AcceptedTask:
    attributes = event.workflow_task_completed_event_attributes
    return AcceptedTask(attributes.started_event_id, attributes.identity)


def _execution(event: HistoryEvent) -> str:
    """Return the execution's id from its first event; that of a reset execution is the original one's."""
    return event.workflow_execution_started_event_attributes.original_execution_run_id


def _successor(event: HistoryEvent) -> str:
    """Return the execution in which the run continues, from the last event of its history."""
    return event.workflow_execution_continued_as_new_event_attributes.new_execution_run_id
