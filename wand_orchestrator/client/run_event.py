"""Defines an event as the client reads it."""

from typing import Annotated

from pydantic import Field

from wand_orchestrator.contract.events import RUN_ENDINGS, Event, EventType


class RunEvent(Event):
    """An event of a run; its type may be one that only a newer server knows."""

    type: Annotated[EventType | str, Field(union_mode="left_to_right")]  # type: ignore[assignment]

    @property
    def ends_run(self) -> bool:
        """Whether it is the run's last event."""
        return self.type in RUN_ENDINGS
