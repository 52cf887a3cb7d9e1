"""Defines the approvals that wait over all runs, as the API returns them."""

from typing import Any
from urllib.parse import quote

from pydantic import BaseModel, Field

from wand_orchestrator.api.http.moments import Moment
from wand_orchestrator.storage.questions import OpenQuestion

_PLAIN = ("prompt", "schema", "message")


class ApprovalView(BaseModel):
    """A node that waits for a person's answer."""

    run_id: str = Field(description="The run that the node is in, which takes the answer.")
    part_of: str | None = Field(description="If that is a child run: the run that somebody started.")
    graph: str = Field(description="The name of the run's graph.")
    node: str = Field(description="Or a part of one, such as the call of a tool `write[2].refund`.")
    asked_at: Moment
    prompt: str = Field(description="The question.")
    answer_schema: dict[str, Any] = Field(alias="schema", description="JSON Schema of the answer; `{}` takes any.")
    details: dict[str, Any] = Field(description="What is known besides, such as the arguments of a tool's call.")
    respond_url: str = Field(description='`POST` takes the answer, as `{"answer": …, "by": …}`.')
    link_url: str = Field(description="`POST` makes a link with which somebody without the API key can answer, once.")

    @classmethod
    def of(cls, question: OpenQuestion) -> "ApprovalView":
        data = question.data
        schema = data.get("schema")
        node = f"/runs/{quote(question.run_id, safe='')}/nodes/{quote(question.node, safe='')}"
        return cls(
            run_id=question.run_id,
            part_of=None if question.root == question.run_id else question.root,
            graph=question.graph,
            node=question.node,
            asked_at=question.asked_at,
            prompt=str(data.get("prompt") or data.get("message") or ""),
            schema=schema if isinstance(schema, dict) else {},
            details={name: value for name, value in data.items() if name not in _PLAIN},
            respond_url=f"{node}/respond",
            link_url=f"{node}/link",
        )


class ApprovalPage(BaseModel):
    """A page of approvals that wait, the newest first. `next`: the `cursor` of the next page; null on the last."""

    approvals: list[ApprovalView]
    next: str | None
