"""Calls about runs: start, list, read, watch and delete."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from wand_orchestrator.client._async.event_stream import AsyncRunFollower, AsyncRunStream, events_of, items_of
from wand_orchestrator.client._async.files import AsyncFileCalls
from wand_orchestrator.client._async.paging import MAX_PAGE, entries
from wand_orchestrator.client._async.steering import AsyncSteeringCalls
from wand_orchestrator.client.answers.events import EventList
from wand_orchestrator.client.answers.files import FileView
from wand_orchestrator.client.answers.nodes import NodeDetail
from wand_orchestrator.client.answers.runs import DeliveryList, DeliveryView, ListedRun, RunCreated, RunPage, RunView
from wand_orchestrator.client.run_errors import RunFailed
from wand_orchestrator.client.run_event import RunEvent
from wand_orchestrator.client.run_request import GraphLike, PictureFormat, given, graph_part, key_header
from wand_orchestrator.contract.emitted_text import Delta
from wand_orchestrator.errors import Unavailable

Files = Mapping[str, Path | str | bytes | FileView]
"""Files that a run is given as artifacts: name to path, content, or a file that is uploaded already."""


class AsyncRunCalls(AsyncSteeringCalls):
    """Runs of graphs."""

    async def start(
        self,
        graph: str | GraphLike,
        *,
        version: int | None = None,
        input: Any = None,
        files: Files | None = None,
        tags: Sequence[str] = (),
        webhook: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
    ) -> RunCreated:
        """Start a run of a graph: a document or builder, or the name or id of a stored one.

        However often the request has to be sent, it starts one run; with `idempotency_key`, so do several calls with
        the same arguments, whose files are FileViews. Raises GraphFaults, InputFaults, NotFound.
        """
        file_ids = [await self._file_id(name, file) for name, file in (files or {}).items()]
        terms = given(input=input, files=file_ids or None, tags=list(tags) or None, webhook=webhook)
        body = graph_part(graph, version) | terms
        return await self._connection.post(RunCreated, "create_run", body, key_header(idempotency_key))

    async def _file_id(self, name: str, file: Path | str | bytes | FileView) -> str:
        if isinstance(file, FileView):
            return file.file_id
        uploaded = await AsyncFileCalls(self._connection).upload(file, name=name)
        return uploaded.file_id

    async def wait(self, run_id: str, *, timeout: float | None = None) -> RunView:
        """Return the run when it has ended, however it ended. `timeout`: seconds, after which it raises WaitTimeout and
        the run goes on. It survives restarts of the API.
        """
        follower = AsyncRunFollower(self._connection, run_id, deltas=False, timeout=timeout)
        async for _ in events_of(follower):
            pass
        while True:
            try:
                return await self.get(run_id)
            except Unavailable as error:
                await follower.rest(error)

    async def result(self, run_id: str, *, timeout: float | None = None) -> RunView:
        """Return the run when it has succeeded. Raises RunFailed if it ended otherwise, and what `wait` raises."""
        run = await self.wait(run_id, timeout=timeout)
        if not run.succeeded:
            raise RunFailed(run)
        return run

    def list(
        self,
        *,
        status: str | Sequence[str] = (),
        graph_id: str | None = None,
        name: str | None = None,
        tags: Sequence[str] = (),
        part_of: str | None = None,
        created_after: datetime | None = None,
        created_before: datetime | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[ListedRun]:
        """Iterate over runs, newest first. `status`: one, or several; `open`: all that have not ended."""
        query = {
            "status": [status] if isinstance(status, str) else list(status) or None,
            "graph_id": graph_id,
            "name": name,
            "tag": list(tags) or None,
            "part_of": part_of,
            "created_after": created_after and created_after.isoformat(),
            "created_before": created_before and created_before.isoformat(),
        }
        return entries(self._connection, RunPage, lambda page: page.runs, "list_runs", query, limit)

    async def get(self, run_id: str) -> RunView:
        """Return a run with its nodes, its result or error, and what it waits for. Raises NotFound."""
        return await self._connection.get(RunView, "get_run", run_id=run_id)

    async def draw(self, run_id: str, *, format: PictureFormat = "svg") -> str:
        """Return the picture of a run as SVG or Mermaid, coloured by the state of its nodes."""
        return await self._connection.text("get_run", query={"format": format}, run_id=run_id)

    async def input(self, run_id: str) -> Any:
        """Return the input of a run, however large."""
        return await self._connection.value("get_run_input", run_id=run_id)

    async def node(self, run_id: str, node: str, *, offset: int = 0, limit: int = 50) -> NodeDetail:
        """Return a node with its values and attempts, and `limit` of its parts from `offset` on."""
        query = {"offset": offset, "limit": limit}
        return await self._connection.get(NodeDetail, "get_node", query=query, run_id=run_id, node=node)

    async def node_value(self, run_id: str, node: str, name: Literal["params", "input", "output"]) -> Any:
        """Return a value of a node, however large. Raises NotFound if it was not kept."""
        operation = {"params": "get_node_params", "input": "get_node_input", "output": "get_node_output"}[name]
        return await self._connection.value(operation, run_id=run_id, node=node)

    async def logs(
        self, run_id: str, *, after: int = 0, node: str | None = None, level: str | None = None
    ) -> AsyncIterator[RunEvent]:
        """Iterate over the events so far; with `node` or `level`, over those of the node, or at least so grave."""
        while True:
            query = {"after": after, "limit": MAX_PAGE, "node": node, "level": level}
            page = await self._connection.get(EventList, "list_events", query=query, run_id=run_id)
            for event in page.events:
                yield event
            if page.ended or page.last_seq <= after:
                return
            after = page.last_seq

    def stream(self, run_id: str, *, after: int = 0, timeout: float | None = None) -> AsyncRunStream[RunEvent]:
        """Iterate over the events as they happen, each once, across lost connections, up to the run's last event."""
        follower = AsyncRunFollower(self._connection, run_id, after, deltas=False, timeout=timeout)
        return AsyncRunStream(events_of(follower))

    def stream_with_text(
        self, run_id: str, *, after: int = 0, timeout: float | None = None
    ) -> AsyncRunStream[RunEvent | Delta]:
        """Iterate over the events and, between them, the text that agents emit; a NodeTexts puts it together."""
        follower = AsyncRunFollower(self._connection, run_id, after, deltas=True, timeout=timeout)
        return AsyncRunStream(items_of(follower))

    async def retry(
        self,
        run_id: str,
        *,
        from_nodes: Sequence[str] = (),
        budget: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
    ) -> RunCreated:
        """Start a run that goes on from an ended one: what had succeeded keeps its output, except `from_nodes` and what
        comes after them.
        """
        body = given(budget=budget) | {"from": list(from_nodes)}
        headers = key_header(idempotency_key)
        return await self._connection.post(RunCreated, "retry_run", body, headers, run_id=run_id)

    async def deliveries(self, run_id: str) -> Sequence[DeliveryView]:
        """Return the deliveries to the run's webhook, as long as Temporal keeps them."""
        found = await self._connection.get(DeliveryList, "list_deliveries", run_id=run_id)
        return found.deliveries

    async def delete(self, run_id: str) -> None:
        """Delete an ended run with its child runs, events and artifacts. Raises NotFound, Conflict."""
        await self._connection.send("delete_run", {"run_id": run_id})
