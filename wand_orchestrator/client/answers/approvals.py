"""Models of what the API answers about questions to people."""

from datetime import datetime
from typing import Any

from pydantic import Field

from wand_orchestrator.client.answers.answer import Answer


class ApprovalView(Answer):
    """A question that waits for an answer."""

    run_id: str
    part_of: str | None = None
    graph: str
    node: str
    asked_at: datetime
    prompt: str
    answer_schema: dict[str, Any] = Field(alias="schema")
    details: dict[str, Any]
    respond_url: str
    link_url: str


class ApprovalPage(Answer):
    """A page of questions. `next`: the cursor of the next page."""

    approvals: list[ApprovalView]
    next: str | None = None


class LinkCreated(Answer):
    """A link that answers a node, once."""

    url: str = Field(repr=False)
    expires_at: datetime
