"""The API's listener."""

import asyncio
import socket

from cli.ports import LOOPBACK, listen, port_of


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
