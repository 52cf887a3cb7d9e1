"""The embedded Temporal server, when it does not start."""

from pathlib import Path

import pytest

from wand_orchestrator.cli.processes.dev_server import dev_server
from wand_orchestrator.cli.processes.ports import LOOPBACK, free_port, listen, port_of
from wand_orchestrator.errors import Unavailable


async def test_a_port_that_is_taken_is_told() -> None:
    with listen(LOOPBACK, 0, what="the test", flag="") as listener:
        port = port_of(listener)
        with pytest.raises(Unavailable, match=f"listen tcp 127.0.0.1:{port}: bind: address already in use"):
            async with dev_server(port=port, ui=False):
                pass


async def test_a_port_that_is_taken_while_it_starts_is_told() -> None:
    """Of its own two servers, which both find it free, the later one finds it taken."""
    port = free_port()
    with pytest.raises(Unavailable, match="does not start") as raised:
        async with dev_server(port=port, ui_port=port):
            pass
    assert str(raised.value).endswith(f"listen tcp 127.0.0.1:{port}: bind: address already in use")


async def test_a_damaged_database_is_told_with_how_to_go_on(tmp_path: Path) -> None:
    database = tmp_path / "temporal.db"
    database.write_bytes(b"no database at all" * 300)
    with pytest.raises(Unavailable, match="is damaged: restore a copy of it, or move it") as raised:
        async with dev_server(ui=False, database=database):
            pass
    assert str(database) in str(raised.value)
