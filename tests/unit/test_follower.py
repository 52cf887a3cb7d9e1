"""A follower that fails cuts its subscribers off, and the next one begins anew."""

import logging
from typing import Any, cast

import pytest

from wand_orchestrator.api.stream.journal_reader import JournalReader
from wand_orchestrator.api.stream.relay import Relay
from wand_orchestrator.api.temporal.executions import Executions
from wand_orchestrator.errors import Unavailable
from wand_orchestrator.temporal.event_feed import EventFeed


class BrokenExecutions:
    """Whatever is asked of it, it fails in a way that nobody foresaw."""

    def __getattr__(self, name: str) -> Any:
        raise TypeError("nobody foresaw this")


async def test_a_stream_whose_follower_fails_breaks_off_and_the_next_has_a_new_one(
    caplog: pytest.LogCaptureFixture,
) -> None:
    executions = BrokenExecutions()
    relay = Relay(cast(Executions, executions), cast(JournalReader, None), EventFeed(), 10)
    for times in (1, 2):
        with caplog.at_level(logging.ERROR), pytest.raises(Unavailable, match="connect again"):
            await anext(relay.live("r_1", 0))
        assert len([record for record in caplog.records if record.exc_info]) == times
        assert not relay.goes_on("r_1")
    await relay.close()


async def test_subscribers_of_a_failed_follower_do_not_keep_it_for_others() -> None:
    executions = BrokenExecutions()
    relay = Relay(cast(Executions, executions), cast(JournalReader, None), EventFeed(), 10)
    first = relay.live("r_1", 0)
    with pytest.raises(Unavailable):
        await anext(first)
    failed = relay._join("r_1")
    failed.failed = True
    assert relay._join("r_1") is not failed
    await failed.stop()
    await relay.close()
