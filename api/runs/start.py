"""Starts runs: finds or stores the graph, writes the row, and hands the run to the outbox."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from wand_orchestrator.api.graphs.cache import GraphCache
from wand_orchestrator.api.graphs.graph_check import GraphCheck
from wand_orchestrator.api.outbox.outbox import OUTBOX_START_SEC, Outbox
from wand_orchestrator.api.runs.models import RunCreated, RunRequest
from wand_orchestrator.api.temporal.budget import CallBudget
from wand_orchestrator.api.temporal.launch import Launch
from wand_orchestrator.api.webhooks import Webhooks
from wand_orchestrator.contract.ids import new_run_id
from wand_orchestrator.contract.state import RunStatus
from wand_orchestrator.errors import BadRequest
from wand_orchestrator.files.uploads import Upload, UploadStore
from wand_orchestrator.storage import Idempotency, Run, Store, StoredGraph, no_graph
from wand_orchestrator.storage.engine.weight import worked_off
from wand_orchestrator.storage.subgraphs import Subgraphs

LEAST_START_SEC = 0.7
"""A busy database must not leave Temporal so little time that runs are put off for nothing."""


class RunStart:
    def __init__(
        self,
        store: Store,
        graphs: GraphCache,
        check: GraphCheck,
        subgraphs: Subgraphs,
        launcher: Outbox,
        webhooks: Webhooks,
        uploads: UploadStore,
    ) -> None:
        self._uploads = uploads
        self._store = store
        self._graphs = graphs
        self._check = check
        self._subgraphs = subgraphs
        self._launcher = launcher
        self._webhooks = webhooks

    async def start(self, request: RunRequest, idempotency_key: str | None) -> RunCreated:
        """Start a run. Raises NotFound, GraphFaults, InputFaults, Conflict, WebhooksOff; Unavailable if the database is
        away.

        While Temporal is away, the run is `pending`: it is stored in the database, and started later.
        """
        files = await self._files(request.files)
        idempotency = None if idempotency_key is None else await self._idempotency(idempotency_key, request, files)
        return await self.start_once(request, idempotency, files)

    async def start_once(
        self, request: RunRequest, idempotency: Idempotency | None, files: Sequence[Upload] = ()
    ) -> RunCreated:
        """Start a run, or return the one that was started with the same key and body; as `start`."""
        budget = CallBudget()
        self._webhooks.require_signed(request.webhook)
        stored = await self._graph(request)
        subgraphs = await self._subgraphs.of(stored.graph, stored.graph_id)
        request = request.model_copy(update={"input": await self._check.admit(stored.graph, request.input)})
        run = await self._add(stored, request, idempotency, files)
        seconds = max(LEAST_START_SEC, budget.left(OUTBOX_START_SEC))
        if run.graph_id == stored.graph_id:
            status = await self._launcher.start(Launch(run, stored.graph, stored.version, subgraphs), seconds)
        else:  # an earlier call with this key met an older version of the name
            status = run.status if run.status is not RunStatus.PENDING else await self.start_stored(run, budget)
        return RunCreated(run_id=run.run_id, status=status)

    async def start_stored(self, run: Run, budget: CallBudget) -> RunStatus:
        """Start a run that is still `pending`; return its status, which is `failed` if Temporal
        will never accept it.
        """
        return await self._launcher.start_at_once(run, budget.left(OUTBOX_START_SEC))

    async def _add(
        self, stored: StoredGraph, request: RunRequest, idempotency: Idempotency | None, files: Sequence[Upload]
    ) -> Run:
        """Give the run its files, then add and return its row; if an earlier call with this key added a run, return
        that one.
        """
        run_id = new_run_id()
        added: Run | None = None
        try:
            for file in files:
                await self._uploads.give(file, run_id)
            added = await self._store.runs.add(run_id, stored.graph_id, stored.name, request.terms, idempotency)
        finally:
            if files and (added is None or added.run_id != run_id):
                await self._uploads.take_back(run_id)
        return added

    async def _files(self, ids: Sequence[str]) -> Sequence[Upload]:
        files = [await self._uploads.find(id) for id in ids]
        if len({file.name for file in files}) < len(files):
            raise BadRequest("two of the files have the same name, and a run has one of each", code="invalid_file")
        return files

    async def _idempotency(self, key: str, request: RunRequest, files: Sequence[Upload]) -> Idempotency:
        said = [request.graph, request.input]
        return Idempotency(key, await worked_off(said, lambda: _fingerprint(request, files)))

    async def _graph(self, request: RunRequest) -> StoredGraph:
        if request.graph is not None:
            graph, _ = await self._check.require(request.graph)
            return await self._store.graphs.find_or_add(graph, request.graph)
        if request.graph_name is not None:
            return await self._store.graphs.named(None, request.graph_name, request.version)
        graph_id = request.graph_id or ""
        stored = await self._graphs.get(graph_id)
        if stored is None:
            raise no_graph(graph_id)
        return stored


def _fingerprint(request: RunRequest, files: Sequence[Upload]) -> str:
    """Return the SHA-256 of a request in hex: white space, the order of keys and a new upload of the same files make no
    difference.
    """
    said: dict[str, Any] = request.model_dump(mode="json", exclude_unset=True, exclude={"files"})
    if files:
        said["files"] = sorted((file.name, file.sha256) for file in files)
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
