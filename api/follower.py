"""Follows one run for all of its subscribers in this process.

It learns from the history, and from the bell of a worker in the same process, that something happened, and then reads
what it was, once for all. A subscriber is a cursor: it takes what is in the window, or, if it is slower than the window
is long, what the journal reader reads again for it. So nobody is held up by it, and it misses nothing.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator

from fastapi.sse import KEEPALIVE_COMMENT

from api.backoff import Backoff, persist
from api.executions import Executions
from api.journal_reader import JournalPage, JournalReader
from api.pace import Pace
from api.window import Chunk, Window, chunk_of
from wand_orchestrator.bell import Bell
from wand_orchestrator.errors import NotFound, Unavailable, WandError

PAGE = 500
COMMENT_SEC = 15.0

BELL_LEAD_SEC = 0.2
"""Where there is a bell it tells first, and the history is the second source: read seldom, it costs nothing twice."""


log = logging.getLogger(__name__)


class Follower:
    """Between `start` and `stop` its tasks follow the run; subscribers only read what they have put into the window."""

    def __init__(
        self, run_id: str, executions: Executions, reader: JournalReader, bell: Bell | None, window_size: int
    ) -> None:
        self.run_id = run_id
        self.subscribers = 0
        self._executions = executions
        self._reader = reader
        self._bell = bell
        self._window_size = window_size
        self._window: Window | None = None
        self._over = False
        self._news = asyncio.Event()
        self._grown = asyncio.Event()
        self._older: dict[int, asyncio.Task[JournalPage]] = {}
        self._older_turn = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=f"follower of {self.run_id}")

    async def stop(self) -> None:
        tasks = [task for task in (self._task, *self._older.values()) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def chunks(self, after: int) -> AsyncGenerator[bytes]:
        """Events behind `after` as SSE, until the last one; a comment whenever there was nothing for a while."""
        cursor = after
        while True:
            grown = self._grown
            behind = self._window is not None and cursor + 1 < self._window.first
            chunk = await self._read_older(cursor) if behind else self._newer(cursor)
            if chunk is not None:
                cursor = chunk.last
                yield chunk.data
            elif self._over and not behind:
                return
            elif behind or not await _happens(grown, COMMENT_SEC):
                yield KEEPALIVE_COMMENT

    # What happens

    async def _run(self) -> None:
        """Until the run has ended; the window stays for those who have not read it all."""
        if self._bell is not None:
            self._news = self._bell.listen(self.run_id)
        try:
            async with asyncio.TaskGroup() as tasks:
                history = tasks.create_task(self._watch_history())
                await self._keep_up()
                history.cancel()
        except* WandError as group:
            log.warning("the run %s cannot be followed: %s", self.run_id, group.exceptions[0])
        finally:
            if self._bell is not None:
                self._bell.leave(self.run_id, self._news)
            self._over = True
            self._announce()

    async def _keep_up(self) -> None:
        last = await persist(lambda: self._reader.last_seq(self.run_id))
        self._window = Window(max(0, last - self._window_size), self._window_size)
        self._announce()
        pace = Pace()
        while not await self._catch_up(self._window):
            await self._news.wait()
            await pace.wait()
            self._news.clear()

    async def _catch_up(self, window: Window) -> bool:
        """Read what has happened by now; gives whether the run has ended."""
        while True:
            page = await persist(lambda: self._reader.page(self.run_id, window.last, PAGE))
            window.extend(page.events)
            if page.events:
                self._announce()
            if page.ended or not page.more:
                return page.ended

    def _announce(self) -> None:
        grown, self._grown = self._grown, asyncio.Event()
        grown.set()

    async def _watch_history(self) -> None:
        """Set `_news` whenever the journal may have grown; ends with the workflow."""
        execution: str | None = None
        token: bytes | None = None
        backoff = Backoff()
        while True:
            try:
                step = await self._executions.poll_history(self.run_id, execution, token)
            except NotFound:  # yet to be started; or cancelled before it was, which the database knows
                execution = token = None
                self._news.set()
                await backoff.wait()
                continue
            except Unavailable as error:
                log.debug("the history of %s: %s", self.run_id, error.message)
                await backoff.wait()
                continue
            backoff.reset()
            execution, token = step.execution or execution, step.token
            if step.grew or step.closed:
                self._news.set()
            if step.closed:
                return
            if step.grew and self._bell is not None:
                await asyncio.sleep(BELL_LEAD_SEC)

    # What subscribers take

    def _newer(self, after: int) -> Chunk | None:
        return None if self._window is None else self._window.after(after)

    async def _read_older(self, after: int) -> Chunk | None:
        """Events before the window; None if they did not come in time for a comment. Who asks alike shares a read."""
        task = self._older.get(after)
        if task is None:
            task = self._older[after] = asyncio.create_task(self._fetch_older(after))
            task.add_done_callback(lambda _: self._older.pop(after, None))
        done, _ = await asyncio.wait({task}, timeout=COMMENT_SEC)
        return chunk_of(task.result().events) if done else None

    async def _fetch_older(self, after: int) -> JournalPage:
        async with self._older_turn:
            return await persist(lambda: self._reader.page(self.run_id, after, PAGE))


async def _happens(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
