"""`http.fetch`: what it gives, what it tries again, and above all what it does not reach and does not tell."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import ip_address
from typing import Any

import httpx
import pytest

from tests.integration.web_server import WebServer, response, web_server
from wand_orchestrator import AgentError
from wand_orchestrator.activities.tools.http_fetch.addresses import AllowList, IPAddress, refusal, resolve
from wand_orchestrator.activities.tools.http_fetch.fetched_page import FetchedPage
from wand_orchestrator.activities.tools.http_fetch.http_fetch import http_fetch
from wand_orchestrator.activities.tools.http_fetch.pinned_connection import CheckedTransport
from wand_orchestrator.settings import Settings
from wand_orchestrator.testing import RecordingContext

SECRET = "s3cr3t"


@pytest.fixture
async def server() -> AsyncIterator[WebServer]:
    async with web_server() as served:
        yield served


async def fetched(url: str, allow: str = "127.0.0.1", **arguments: Any) -> FetchedPage:
    ctx = RecordingContext(http_fetch, settings=Settings(_env_file=None, fetch_allow=allow))
    page: FetchedPage = await ctx.tools["http.fetch"](url=url, **arguments)
    return page


async def failure(url: str, allow: str = "127.0.0.1", **arguments: Any) -> AgentError:
    with pytest.raises(AgentError) as caught:
        await fetched(url, allow, **arguments)
    assert SECRET not in f"{caught.value} {caught.value.details}"
    return caught.value


async def test_a_page_comes_with_its_json_and_its_place(server: WebServer) -> None:
    server.answers["/old"] = response(302, Location="/new?q=1")
    server.answers["/new"] = response(200, b'{"a": [1]}', Content_Type="application/json; charset=utf-8")

    page = await fetched(server.url("/old"))

    assert (page.status, page.json, page.body) == (200, {"a": [1]}, '{"a": [1]}')
    assert page.url == server.url("/new?q=1")
    assert page.headers["content-type"].startswith("application/json")


async def test_json_and_text_are_sent_as_such(server: WebServer) -> None:
    server.answers["/"] = response(200, b"ok")

    await fetched(server.url("/"), method="POST", json={"a": 1}, headers={"X-Mine": "1"})
    await fetched(server.url("/"), method="PUT", body="ä")

    posted, put = server.heard
    assert posted.startswith("POST / ")
    assert "content-type: application/json" in posted.lower()
    assert "x-mine: 1" in posted.lower()
    assert "content-length: 2\r\n" in put.lower()
    assert (await failure(server.url("/"), method="POST", json=1, body="x")).code == "invalid_request"


@pytest.mark.parametrize(("status", "retryable"), [(400, False), (404, False), (408, False), (429, True), (503, True)])
async def test_server_errors_and_429_are_tried_again_and_others_not(
    server: WebServer, status: int, retryable: bool
) -> None:
    server.answers["/"] = response(status, b"no")

    error = await failure(server.url(f"/?token={SECRET}").replace("//", f"//user:{SECRET}@"))

    assert (error.code, error.retryable, error.details) == ("http_status", retryable, {"status": status})
    assert (await fetched(server.url("/"), allow_status=[status])).status == status


async def test_retry_after_is_honoured_in_both_forms(server: WebServer) -> None:
    later = datetime.now(UTC) + timedelta(seconds=100)
    for value, seconds in (("7", 7.0), (format_datetime(later, usegmt=True), 100.0), ("soon", None)):
        server.answers["/"] = response(503, Retry_After=value)
        error = await failure(server.url("/"))
        assert error.retry_after == (None if seconds is None else pytest.approx(seconds, abs=5)), value


async def test_a_body_without_an_end_is_given_up_at_max_bytes(server: WebServer) -> None:
    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while True:
            writer.write(b"x" * 10_000)
            await writer.drain()

    server.answers["/"] = endless

    error = await failure(server.url("/"), max_bytes=100_000, timeout=10)

    assert (error.code, error.retryable, error.details) == ("body_too_large", False, {"max_bytes": 100_000})


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
async def test_what_counts_of_a_compressed_body_is_what_comes_out(server: WebServer, coding: str) -> None:
    press = gzip.compress if coding == "gzip" else zlib.compress
    server.answers["/bomb"] = response(200, press(bytes(200_000_000)), Content_Encoding=coding)
    server.answers["/page"] = response(200, press(b"a page"), Content_Encoding=coding)
    server.answers["/torn"] = response(200, press(b"a page")[:-6], Content_Encoding=coding)

    assert (await failure(server.url("/bomb"), max_bytes=1000)).code == "body_too_large"
    assert (await fetched(server.url("/page"))).body == "a page"
    torn = await failure(server.url("/torn"))
    assert (torn.code, torn.retryable) == ("body_broken", True)


async def test_what_breaks_on_the_way_is_tried_again(server: WebServer) -> None:
    async def torn(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
        await writer.drain()

    async def silent(writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    server.answers |= {"/torn": torn, "/silent": silent}

    assert ((error := await failure(server.url("/torn"))).code, error.retryable) == ("transport_error", True)
    error = await failure(server.url("/silent"), timeout=0.1)
    assert (error.code, error.retryable) == ("fetch_timeout", True)


REFUSED = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0.0.0.0",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[fe80::1]",
    "[fd00::1]",
    "localhost",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.100.100.200",
    "224.0.0.1",
    "255.255.255.255",
]


@pytest.mark.parametrize("host", REFUSED)
async def test_an_address_that_is_not_public_is_refused_in_any_spelling(server: WebServer, host: str) -> None:
    server.answers["/"] = response(200, b"secret of the house")

    error = await failure(server.url("/", host), allow="")

    assert (error.code, error.retryable) == ("address_refused", False)
    assert server.heard == []


@pytest.mark.parametrize("host", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "192.0.1.1", "172.32.0.1", "100.128.0.1"])
def test_a_public_address_is_open(host: str) -> None:
    assert refusal(ip_address(host)) is None


async def test_a_redirect_is_checked_as_a_url_is(server: WebServer) -> None:
    for location, code in (
        (server.url("/inside", "127.0.0.2"), "address_refused"),
        ("http://169.254.169.254/latest/meta-data", "address_refused"),
        ("file:///etc/passwd", "invalid_url"),
        ("/out", "too_many_redirects"),
    ):
        server.answers["/out"] = response(302, Location=location)
        error = await failure(server.url("/out"), headers={"Authorization": SECRET})
        assert (error.code, error.retryable) == (code, False), location
    assert not any("/inside" in head for head in server.heard)


async def test_credentials_do_not_follow_a_redirect_to_another_origin(server: WebServer) -> None:
    async with web_server() as other:
        other.answers["/"] = response(200, b"ok")
        server.answers["/away"] = response(307, Location=other.url("/"))
        server.answers["/here"] = response(307, Location="/end")
        server.answers["/end"] = response(200, b"ok")
        secrets = {"Authorization": SECRET, "X-Api-Key": SECRET, "Cookie": SECRET}

        await fetched(server.url("/away").replace("//", f"//user:{SECRET}@"), headers=secrets)
        await fetched(server.url("/here"), headers=secrets)

    assert SECRET not in other.heard[0]
    assert server.heard[-1].count(SECRET) == len(secrets)


async def test_the_address_that_was_checked_is_the_one_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that answers with a public address when it is checked, and with loopback from then on."""
    asked: list[str] = []
    connected: list[str] = []

    async def rebinding(host: str, port: int) -> tuple[IPAddress, ...]:
        asked.append(host)
        return (ip_address("93.184.216.34" if len(asked) == 1 else "127.0.0.1"),)

    class Network(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            connected.append(request.url.host)
            assert request.headers["host"] == "rebind.example"
            assert request.extensions["sni_hostname"] == "rebind.example"
            return httpx.Response(200)

    monkeypatch.setattr("wand_orchestrator.activities.tools.http_fetch.addresses.resolve", rebinding)
    transport = CheckedTransport(AllowList(), Network())
    request = httpx.Request("GET", "https://rebind.example/")

    await transport.handle_async_request(request)
    with pytest.raises(AgentError, match="loopback"):
        await transport.handle_async_request(request)

    assert connected == ["93.184.216.34"]


@pytest.mark.parametrize("allow", ["127.0.0.1", "127.0.0.0/8", "localhost,10.0.0.0/8"])
async def test_the_operator_opens_hosts_and_networks(server: WebServer, allow: str) -> None:
    server.answers["/"] = response(200, b"ok")
    host = "localhost" if "localhost" in allow else "127.0.0.1"

    assert (await fetched(server.url("/", host), allow=allow)).body == "ok"


@pytest.mark.parametrize(
    "url",
    ["ftp://example.com/", "file:///etc/passwd", "http:///x", "//example.com", "http://0177.0.0.1/", "http://[::1"],
)
async def test_a_url_that_is_not_fetched_is_refused_without_being_repeated(url: str) -> None:
    error = await failure(url)

    assert (error.code, error.retryable) == ("invalid_url", False)


async def test_bytes_are_base64_and_a_body_that_only_says_it_is_json_is_text(server: WebServer) -> None:
    server.answers["/bytes"] = response(200, b"\x89PNG\0", Content_Type="image/png")
    server.answers["/liar"] = response(200, b"{oh", Content_Type="application/json")
    server.answers["/latin"] = response(200, "é".encode("latin-1"), Content_Type="text/plain; charset=latin-1")

    assert (page := await fetched(server.url("/bytes"))).body_encoding == "base64"
    assert page.body == "iVBORwA="
    assert ((page := await fetched(server.url("/liar"))).body, page.json) == ("{oh", None)
    assert (await fetched(server.url("/latin"))).body == "é"


async def test_names_resolve_to_every_address_once() -> None:
    assert await resolve("127.0.0.1", 80) == (ip_address("127.0.0.1"),)
