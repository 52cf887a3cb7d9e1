"""Models of what the API answers about the use of models."""

from wand_orchestrator.client.answers.answer import Answer
from wand_orchestrator.contract.model_call import UsageTotal


class UsageSum(UsageTotal):
    """What a group of model calls used together."""

    graph: str | None = None
    model: str | None = None
    day: str | None = None
    runs: int


class UsageReport(Answer):
    """What model calls used. `more`: there are more groups than were asked for."""

    groups: list[UsageSum]
    total: UsageSum
    more: bool
