"""Calls that steer runs and their nodes."""

from typing import Any

from wand_orchestrator.client._sync.connection import ApiConnection
from wand_orchestrator.client.answers.approvals import LinkCreated
from wand_orchestrator.client.answers.runs import EventSent, NodeSteered, RunBudget, RunSteered
from wand_orchestrator.client.run_request import given


class SteeringCalls:
    """Orders to runs. All raise NotFound, and Conflict if the run or node is not in a state that allows it."""

    def __init__(self, connection: ApiConnection) -> None:
        self._connection = connection

    def cancel(self, run_id: str) -> RunSteered:
        """Cancel a run; it is `cancelled` when all of its agents have ended. To repeat it is no error."""
        return self._connection.post(RunSteered, "cancel_run", run_id=run_id)

    def pause(self, run_id: str) -> RunSteered:
        """Pause a run: no node starts until `resume`, and nodes in flight finish."""
        return self._connection.post(RunSteered, "pause_run", run_id=run_id)

    def resume(self, run_id: str) -> RunSteered:
        """Resume a paused run."""
        return self._connection.post(RunSteered, "resume_run", run_id=run_id)

    def change_budget(
        self,
        run_id: str,
        *,
        usd: float | None = None,
        tokens: int | None = None,
        on_exceeded: str | None = None,
        node: str | None = None,
    ) -> RunBudget:
        """Replace the budget of a run, or of one of its nodes; what was spent counts all the same."""
        body = given(usd=usd, tokens=tokens, on_exceeded=on_exceeded, node=node)
        return self._connection.post(RunBudget, "change_budget", body, run_id=run_id)

    def send_event(self, run_id: str, name: str, data: Any = None) -> EventSent:
        """Send a run an event, for its oldest `flow.event` node that waits for this name."""
        return self._connection.post(EventSent, "send_event", data, run_id=run_id, name=name)

    def respond(self, run_id: str, node: str, answer: Any, *, by: str | None = None) -> NodeSteered:
        """Answer a node that waits for it. `by`: who answers, as the run's events tell."""
        body = {"answer": answer} | given(by=by)
        return self._connection.post(NodeSteered, "respond_to_node", body, run_id=run_id, node=node)

    def skip(self, run_id: str, node: str) -> NodeSteered:
        """Skip a node that has not finished."""
        return self._connection.post(NodeSteered, "skip_node", run_id=run_id, node=node)

    def retry_node(self, run_id: str, node: str) -> NodeSteered:
        """Retry a node now: one that waits for its next attempt, or one that failed and holds its run."""
        return self._connection.post(NodeSteered, "retry_node", run_id=run_id, node=node)

    def create_link(
        self, run_id: str, node: str, *, expires_in_sec: int | None = None, by: str | None = None
    ) -> LinkCreated:
        """Make a link that answers the node once, without the API key. Whoever has it can use it."""
        body = given(expires_in_sec=expires_in_sec, by=by)
        return self._connection.post(LinkCreated, "create_link", body, run_id=run_id, node=node)
