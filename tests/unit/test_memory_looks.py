"""When the memory of a host process is looked at."""

import pytest

from wand_orchestrator.activities.host.memory_looks import MEMORY_LOOK_SEC, SOONEST_LOOK_SEC, next_look

MB = 1024**2


@pytest.mark.parametrize("grown", [0, -MB, MB // 10])
def test_a_process_that_hardly_grows_is_looked_at_at_leisure(grown: int) -> None:
    assert next_look(grown, 0.2, 512 * MB) == MEMORY_LOOK_SEC


@pytest.mark.parametrize("left", [0, -MB])
def test_one_that_grows_over_its_limit_is_looked_at_as_soon_as_can_be(left: int) -> None:
    assert next_look(MB, 0.2, left) == SOONEST_LOOK_SEC


@pytest.mark.parametrize("a_second", [300 * MB, 3000 * MB, 20_000 * MB])
def test_a_limit_is_exceeded_by_no_more_than_is_taken_between_the_soonest_looks(a_second: int) -> None:
    limit = 10_000 * MB
    used, took = 60 * MB, MEMORY_LOOK_SEC
    while used <= limit:
        grown = round(a_second * took)
        used, took = used + grown, next_look(grown, took, limit - used - grown)
    assert used - limit <= a_second * SOONEST_LOOK_SEC
