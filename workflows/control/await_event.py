"""`flow.event`: waits for one or several events that something outside of the run sends."""

from typing import Any

from wand_orchestrator.graphs.control_node import DefaultAnswer
from wand_orchestrator.graphs.control_nodes import EventParams
from wand_orchestrator.graphs.evaluation_budget import Budget
from wand_orchestrator.workflows.control.awaiting_control import AwaitingControl
from wand_orchestrator.workflows.control.base import Given, Host, failure
from wand_orchestrator.workflows.journal import event_texts

TOLD_MISFITS = 20
"""Events of which one node tells that they do not fit its schema."""


class AwaitEvent(AwaitingControl):
    """Implements `flow.event`: removes events from the run's inbox as they fit its schema."""

    noun = "the data"

    def __init__(self, given: Given, host: Host) -> None:
        self._params = EventParams.model_validate(given.params)
        super().__init__(given, host, self._params)
        carried = given.carried or {}
        self.taken: list[Any] = list(carried.get("events", ()))
        self.seen: int = carried.get("seen", 0)
        self._misfits = 0

    @property
    def event_name(self) -> str:
        return self._params.name

    @property
    def asks(self) -> str:
        return f"waits for the event {self.event_name}"

    @property
    def complete(self) -> bool:
        return len(self.taken) >= self._params.count

    async def run(self) -> Any:
        if not self._goes_on:
            self._tell_waiting()
        inbox = self.host.events
        with inbox.open(self):
            while not self.complete:
                if not await self._comes(lambda: inbox.next_for(self) is not None, f"event {self.event_name}"):
                    return self._too_few()
                await self.host.check(self._look)
        return self.taken[0] if self._params.count == 1 else list(self.taken)

    def _look(self, budget: Budget) -> None:
        """Take the next event if it fits the schema. There may be none any more: another node can have taken it
        meanwhile.
        """
        event = self.host.events.next_for(self)
        if event is None:
            return
        misfit = self.misfit(event.data, budget)
        self.seen = event.number
        if misfit is not None:
            self._tell_misfit(misfit)
            return
        self.taken.append(self.host.events.take(event))
        count = (len(self.taken), self._params.count)
        self.host.tell(event_texts.event_taken(self.node, self.event_name, event.data, *count))

    def carry(self) -> dict[str, Any]:
        return super().carry() | {"events": self.taken, "seen": self.seen}

    def done_before_failing(self) -> dict[str, Any] | None:
        """Return the events that it has taken: no other node gets them, so a retry needs them."""
        return {"events": list(self.taken), "seen": self.seen} if self.taken else None

    @property
    def busy(self) -> bool:
        return self.complete

    def _tell_misfit(self, misfit: str) -> None:
        self._misfits += 1
        if self._misfits <= TOLD_MISFITS:
            self.host.tell(event_texts.event_misfits(self.node, self.event_name, misfit))

    def _tell_waiting(self) -> None:
        name, count = self._params.name, self._params.count
        message = f"{self.node.id} waits for {f'the event {name}' if count == 1 else f'{count} events {name}'}"
        data = {"event": name, "count": count, "schema": self._params.answer_schema}
        self.host.tell(event_texts.node_waiting(self.node, message, data))

    def _misfit_of_default(self) -> str | None:
        default = self._params.on_timeout
        if self._params.count == 1 or not isinstance(default, DefaultAnswer):
            return super()._misfit_of_default()
        if not isinstance(default.answer, list):
            return "it must be a list, as `count` is above 1"
        return next((misfit for data in default.answer if (misfit := self.misfit(data)) is not None), None)

    def _too_few(self) -> Any:
        default, count = self._params.on_timeout, self._params.count
        came = "no event" if not self.taken else f"{len(self.taken)} of {count} events"
        message = f"{came} {self.event_name} came within {self._params.timeout_sec:g} s"
        if not isinstance(default, DefaultAnswer):
            raise failure("event_timeout", message)
        self.host.tell(event_texts.event_by_default(self.node, message, default.answer))
        return default.answer
