"""The API's listener, and ports for other processes."""

import asyncio
import socket
from contextlib import ExitStack

from wand_orchestrator.cli.processes.ports import LOOPBACK, choose_port, listen, port_of


async def test_what_is_written_to_a_client_goes_out_at_once() -> None:
    """Without TCP_NODELAY an answer in two parts takes 40 ms."""
    without_delay: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = writer.get_extra_info("socket")
        without_delay.set_result(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    listener = listen(LOOPBACK, 0, what="the test", flag="")
    async with await asyncio.start_server(answer, sock=listener):
        _, writer = await asyncio.open_connection(LOOPBACK, port_of(listener))
        assert await without_delay
        writer.close()
        await writer.wait_closed()


def test_a_chosen_port_is_given_to_nobody_who_wants_any() -> None:
    chosen = {choose_port(0, what="the test", flag="") for _ in range(100)}
    given = set()
    for _ in range(20):
        with ExitStack() as stack:
            listeners = [stack.enter_context(listen(LOOPBACK, 0, what="the test", flag="")) for _ in range(200)]
            given |= {port_of(listener) for listener in listeners}
    assert not chosen & given
    for port in chosen:
        listen(LOOPBACK, port, what="the test", flag="").close()
