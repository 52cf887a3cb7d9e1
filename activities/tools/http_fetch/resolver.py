"""Resolves host names in threads of its own, within a deadline.

The system's resolver blocks, half a minute and more where a name server is silent, and cannot be stopped. In the event
loop's own threads a few dozen such names would hold up everything else that uses them.
"""

import asyncio
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

LOOKUPS_AT_ONCE = 64
DEADLINE_SEC = 10.0

Answers = list[Any]
"""As `socket.getaddrinfo` gives them."""

_slots: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


async def lookup(host: str, port: int) -> Answers:
    """Resolve like `socket.getaddrinfo`. Raises OSError, also after the deadline, and UnicodeError."""
    try:
        return _ask(host, port, socket.AI_NUMERICHOST)  # an address in any spelling asks nobody
    except socket.gaierror:
        pass
    slots = _slots.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(LOOKUPS_AT_ONCE))
    async with asyncio.timeout(DEADLINE_SEC):
        await slots.acquire()
        return await _in_thread(lambda: _ask(host, port, 0), slots.release)


async def _in_thread(ask: Callable[[], Answers], ended: Callable[[], None]) -> Answers:
    """Run the call in a thread; `ended` is called when the thread has ended, which may be long after the deadline."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Answers] = loop.create_future()

    def settle(found: Answers | None, error: BaseException | None) -> None:
        ended()
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(found or [])

    def run() -> None:
        try:
            found, failure = ask(), None
        except (OSError, UnicodeError, ValueError) as error:
            found, failure = None, error
        with suppress(RuntimeError):  # the loop has been closed meanwhile, and nobody waits
            loop.call_soon_threadsafe(settle, found, failure)

    try:
        threading.Thread(target=run, name="resolver", daemon=True).start()
    except RuntimeError as error:
        ended()
        raise OSError("no thread is left to resolve names in") from error
    return await answer


def _ask(host: str, port: int, flags: int) -> Answers:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
