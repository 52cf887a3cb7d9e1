"""Lists the files of a run and of its child runs, whose agents keep files under ids of their own."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from wand_orchestrator.api.runs.reader import RunReader
from wand_orchestrator.api.temporal.budget import ANSWER_SEC, CallBudget
from wand_orchestrator.contract.ids import is_child_run_id
from wand_orchestrator.errors import Unavailable
from wand_orchestrator.files.artifacts import Artifact, ArtifactStore
from wand_orchestrator.storage import Run, Store

CHILDREN = 50
"""Child runs whose files one page has, at most: each is a request to the artifact store."""

AT_ONCE = 4
"""Lists of a page; each of them makes several requests at once."""


@dataclass(frozen=True)
class FilesPage:
    """Contains files with the ids of their runs. `next` is the cursor of the next page; None on the last."""

    files: Sequence[tuple[str, Artifact]]
    next: str | None


class RunFiles:
    def __init__(self, store: Store, artifacts: ArtifactStore, runs: RunReader) -> None:
        self._store = store
        self._artifacts = artifacts
        self._runs = runs

    async def page(self, run_id: str, cursor: str | None) -> FilesPage:
        """Return a page of files: first the run's own, then those of child runs, the newest run first.

        Raises NotFound, Unavailable, BadRequest for a cursor that no page gave.
        """
        budget = CallBudget()
        run = await self._runs.known(run_id, budget)
        children, following = await self._children(run, cursor)
        run_ids = [*([run_id] if cursor is None else []), *children]
        slots = asyncio.Semaphore(AT_ONCE)

        async def files_of(id: str) -> list[tuple[str, Artifact]]:
            async with slots:
                return [(id, artifact) for artifact in await self._artifacts.list(id)]

        try:
            async with asyncio.timeout(budget.left(ANSWER_SEC / 2)):
                found = await asyncio.gather(*(files_of(id) for id in run_ids))
        except TimeoutError as error:
            raise Unavailable("artifacts", "the artifact store does not answer") from error
        return FilesPage([file for files in found for file in files], following)

    async def _children(self, run: Run | None, cursor: str | None) -> tuple[list[str], str | None]:
        """Return a page of ids of child runs. Their rows name the topmost run; the ids of those within a child run
        begin with its id.
        """
        if run is None:
            return [], None
        page = await self._store.runs.page(cursor, CHILDREN, part_of=run.part_of or run.run_id)
        children = [head.run_id for head in page.items]
        if run.part_of is not None:
            children = [id for id in children if is_child_run_id(id, run.run_id)]
        return list(children), page.next
