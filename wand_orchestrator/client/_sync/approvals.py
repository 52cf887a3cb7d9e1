"""Calls about questions to people, over all runs."""

from collections.abc import Iterator, Sequence
from typing import Any

from wand_orchestrator.client._sync.connection import ApiConnection
from wand_orchestrator.client._sync.paging import entries
from wand_orchestrator.client.answers.approvals import ApprovalPage, ApprovalView
from wand_orchestrator.client.answers.runs import NodeSteered
from wand_orchestrator.client.run_request import given


class ApprovalCalls:
    """The inbox: what waits for a person's answer."""

    def __init__(self, connection: ApiConnection) -> None:
        self._connection = connection

    def list(
        self,
        *,
        run_id: str | None = None,
        graph: str | None = None,
        tags: Sequence[str] = (),
        limit: int | None = None,
    ) -> Iterator[ApprovalView]:
        """Iterate over what waits, newest first; with `run_id`, in this run and its child runs."""
        query = {"run_id": run_id, "graph": graph, "tag": list(tags) or None}
        return entries(self._connection, ApprovalPage, lambda page: page.approvals, "list_approvals", query, limit)

    def respond(self, approval: ApprovalView, answer: Any, *, by: str | None = None) -> NodeSteered:
        """Answer a question. Raises Refused with `answer_invalid`, Conflict if it waits no longer."""
        body = {"answer": answer} | given(by=by)
        return self._connection.post(NodeSteered, "respond_to_node", body, run_id=approval.run_id, node=approval.node)
