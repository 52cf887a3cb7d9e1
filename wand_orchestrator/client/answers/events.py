"""Models of what the API answers about events."""

from wand_orchestrator.client.answers.answer import Answer
from wand_orchestrator.client.run_event import RunEvent


class EventList(Answer):
    """A page of events. `last_seq`: the `after` of the next call. `ended`: the run has ended, and these are its last
    events.
    """

    events: list[RunEvent]
    last_seq: int
    ended: bool
