"""The real `wand dev`: one that the tests of a session share, and a factory for those that stop or kill theirs."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.wand_command import WandDev

StartWandDev = Callable[..., WandDev]


@pytest.fixture
def wand_dev(tmp_path: Path) -> Iterator[StartWandDev]:
    """Call it for a `wand dev` that is ready, on free ports and a folder of its own; settings as `WAND_…="…"`."""
    started: list[WandDev] = []

    def start(**settings: str) -> WandDev:
        folder = tmp_path / f"wand-{len(started)}"
        folder.mkdir()
        dev = WandDev(folder, **settings)
        started.append(dev)
        dev.start()
        return dev

    yield start
    for dev in started:
        dev.destroy()


@pytest.fixture(scope="session")
def shared_wand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WandDev]:
    """For tests that leave it running."""
    dev = WandDev(tmp_path_factory.mktemp("shared"))
    dev.start()
    yield dev
    assert dev.stop() == 0
