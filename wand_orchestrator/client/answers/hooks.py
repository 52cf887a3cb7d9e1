"""Models of what the API answers about hooks."""

from datetime import datetime
from typing import Any

from pydantic import Field

from wand_orchestrator.client.answers.answer import Answer
from wand_orchestrator.client.answers.runs import Webhook


class HookView(Answer):
    """A hook."""

    input: Any = None
    tags: list[str]
    webhook: Webhook | None = None
    name: str
    graph_name: str
    version: int | None = None
    verification: str
    map: dict[str, str] | None = None
    created_at: datetime
    updated_at: datetime


class HookStored(HookView):
    """A hook that was stored, with its secret if it was made here."""

    secret: str | None = Field(default=None, repr=False)


class HookPage(Answer):
    """A page of hooks, newest first. `next`: the `cursor` of the next page; null on the last."""

    hooks: list[HookView]
    next: str | None = None
