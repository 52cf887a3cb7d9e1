"""How events and views write moments."""

from datetime import UTC, datetime

import pytest

from wand_orchestrator.contract.events import rfc3339


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        (datetime(2026, 1, 31, 12, 0, 0, 123999, tzinfo=UTC), "2026-01-31T12:00:00.123Z"),
        (datetime(2026, 1, 31, tzinfo=UTC), "2026-01-31T00:00:00.000Z"),
        (datetime(296, 10, 31, tzinfo=UTC), "0296-10-31T00:00:00.000Z"),
    ],
)
def test_a_moment_is_written_with_milliseconds_and_a_year_of_four_digits(moment: datetime, written: str) -> None:
    assert rfc3339(moment) == written
