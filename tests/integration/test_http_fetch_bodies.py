"""`http.fetch` on bodies, names and heads as they come: what can be read is given, and nothing goes without bounds."""

import asyncio
import base64
import gzip
import json
import socket
import threading
import zlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.integration.web_server import WebServer, response, web_server
from wand_orchestrator import AgentError
from wand_orchestrator.activities.agents.fetch import FetchParams, fetch
from wand_orchestrator.activities.runner.values import write_output
from wand_orchestrator.activities.tools.http_fetch import http_fetch as module
from wand_orchestrator.activities.tools.http_fetch import memory, resolver
from wand_orchestrator.activities.tools.http_fetch.body import STEP_BYTES
from wand_orchestrator.activities.tools.http_fetch.charset import decode
from wand_orchestrator.activities.tools.http_fetch.fetch_failures import retry_after
from wand_orchestrator.activities.tools.http_fetch.fetched_page import FetchedPage
from wand_orchestrator.activities.tools.http_fetch.http_fetch import http_fetch
from wand_orchestrator.activities.tools.http_fetch.memory import Memory
from wand_orchestrator.activities.tools.http_fetch.resolver import lookup
from wand_orchestrator.settings import Settings
from wand_orchestrator.testing import RecordingContext

CODES = {
    "http_status",
    "transport_error",
    "fetch_timeout",
    "body_broken",
    "body_too_large",
    "content_encoding",
    "name_not_resolved",
    "address_refused",
    "invalid_request",
    "invalid_url",
    "too_many_redirects",
}


@pytest.fixture
async def server() -> AsyncIterator[WebServer]:
    async with web_server() as served:
        yield served


def context(**options: Any) -> RecordingContext:
    return RecordingContext(http_fetch, settings=Settings(_env_file=None, fetch_allow="127.0.0.1", **options))


async def fetched(url: str, **arguments: Any) -> FetchedPage:
    page: FetchedPage = await context().tools["http.fetch"](url=url, **arguments)
    return page


async def failure(url: str, **arguments: Any) -> AgentError:
    with pytest.raises(AgentError) as caught:
        await fetched(url, **arguments)
    return caught.value


DEEP = "[" * 230 + "]" * 230
LOST: dict[str, tuple[str, str]] = {
    "half a surrogate pair": (r'{"a": "\ud800"}', "surrogate"),
    "half a pair in a key": (r'{"\udc00": 1}', "surrogate"),
    "too deep": (DEEP, "levels"),
    "without a floor": ("[" * 100_000, "deeply"),
    "a number of 5,000 digits": ("9" * 5000, "digits"),
    "a number over all": ("[1e999]", "too large"),
    "no JSON": ("{oh", "Expecting"),
}


@pytest.mark.parametrize("name", LOST)
async def test_json_that_no_output_can_hold_is_null_with_a_reason_and_the_body_is_there(
    server: WebServer, name: str
) -> None:
    body, reason = LOST[name]
    server.answers["/"] = response(200, body.encode(), Content_Type="application/json")

    page = await fetched(server.url("/"))

    assert (page.body, page.json) == (body, None)
    assert reason in str(page.json_error)
    write_output(fetch, page, 10**9)


@pytest.mark.parametrize("depth", [1, 90])
async def test_json_within_the_bounds_is_parsed(server: WebServer, depth: int) -> None:
    body = "[" * depth + r'"\ud83d\ude00"' + "]" * depth
    server.answers["/"] = response(200, body.encode(), Content_Type="application/json")

    page = await fetched(server.url("/"))

    assert (page.json, page.json_error) == (json.loads(body), None)


TEXTS: dict[str, tuple[bytes, str, str]] = {
    "UTF-16 with a mark": ("é€".encode("utf-16"), "text/plain", "é€"),
    "UTF-16 with a mark against the header": ("é€".encode("utf-16"), "text/plain; charset=utf-8", "é€"),
    "UTF-16 big endian with a mark": (b"\xfe\xff" + "é€".encode("utf-16-be"), "text/html", "é€"),
    "UTF-8 with a mark against the header": (b"\xef\xbb\xbf\xc3\xa9", "text/plain; charset=latin1", "é"),
    "JSON in UTF-16": ('{"a": "é"}'.encode("utf-16"), "application/json", '{"a": "é"}'),
    "by the header": ("жук".encode("koi8-r"), 'text/html; charset="KOI8-R"', "жук"),
    "latin1 as windows-1252": (b"\x80", "text/plain; charset=iso-8859-1", "€"),
    "by meta": (
        b'<meta charset="windows-1251">' + "жук".encode("cp1251"),
        "text/html",
        '<meta charset="windows-1251">жук',
    ),
    "by meta http-equiv": (
        b"<meta http-equiv=Content-Type content='text/html; charset=shift_jis'>" + "日本".encode("shift_jis"),
        "text/html",
        "<meta http-equiv=Content-Type content='text/html; charset=shift_jis'>日本",
    ),
    "by the header against meta": (
        b"<meta charset=koi8-r>\xc3\xa9",
        "text/html; charset=utf-8",
        "<meta charset=koi8-r>é",
    ),
    "by no meta in a comment": (
        b"<!-- <meta charset=koi8-r> -->\xc3\xa9",
        "text/html",
        "<!-- <meta charset=koi8-r> -->é",
    ),
    "by no meta in plain text": (b"<meta charset=koi8-r>\xc3\xa9", "text/plain", "<meta charset=koi8-r>é"),
    "by the XML declaration": (
        b'<?xml version="1.0" encoding="iso-8859-2"?>\xb1',
        "text/xml",
        '<?xml version="1.0" encoding="iso-8859-2"?>ą',
    ),
    "by a charset that the web has not": (b"\xc3\xa9", "text/plain; charset=punycode", "é"),
    "by a charset that is none": (b"\xc3\xa9", 'text/plain; charset="; x', "é"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_is_read_as_browsers_do(name: str) -> None:
    content, content_type, text = TEXTS[name]

    assert decode(content, content_type, content_type.partition(";")[0]) == text


@pytest.mark.parametrize("charset", ["punycode", "idna", "utf-7", "unicode_escape", "rot13", "zlib", "base64", "hex"])
async def test_a_charset_of_python_alone_is_not_used(server: WebServer, charset: str) -> None:
    for content_type in (f"text/plain; charset={charset}", f"text/plain; charset*={charset}''x"):
        server.answers["/"] = response(200, b"a-" * 500_000, Content_Type=content_type)
        assert (await fetched(server.url("/"))).body == "a-" * 500_000


async def test_deflate_is_read_with_its_frame_and_without(server: WebServer) -> None:
    plain = bytes(range(256)) * 10_000
    raw = zlib.compressobj(wbits=-15)
    server.answers["/raw"] = response(200, raw.compress(plain) + raw.flush(), Content_Encoding="deflate")
    server.answers["/zlib"] = response(200, zlib.compress(plain), Content_Encoding="deflate")
    server.answers["/gzip"] = response(200, gzip.compress(plain) + gzip.compress(b"more"), Content_Encoding="gzip")
    server.answers["/step"] = response(200, gzip.compress(bytes(STEP_BYTES)), Content_Encoding="gzip")

    for path, body in (("/raw", plain), ("/zlib", plain), ("/gzip", plain + b"more"), ("/step", bytes(STEP_BYTES))):
        page = await fetched(server.url(path), max_bytes=5_000_000)
        content = base64.b64decode(page.body) if page.body_encoding == "base64" else page.body.encode()
        assert content == body, path
    assert (await failure(server.url("/raw"), max_bytes=1000)).code == "body_too_large"


async def test_a_coding_within_a_coding_is_refused_before_it_is_unpacked(server: WebServer) -> None:
    bomb = gzip.compress(gzip.compress(bytes(50_000_000)))
    server.answers["/"] = response(200, bomb, Content_Encoding="gzip, gzip")

    assert (await failure(server.url("/"))).code == "content_encoding"


async def test_an_agent_reads_no_more_than_its_output_may_have(server: WebServer) -> None:
    server.answers["/"] = response(200, gzip.compress(bytes(10_000)), Content_Encoding="gzip")

    with pytest.raises(AgentError) as caught:
        await fetch(params=FetchParams(url=server.url("/"), max_bytes=10**8), ctx=context(max_output_bytes=5000))

    assert (caught.value.code, caught.value.details) == ("body_too_large", {"max_bytes": 5000})


async def test_bodies_are_read_by_turns_when_they_may_take_too_much() -> None:
    shared, order, gates = Memory(10), [], [asyncio.Event() for _ in range(4)]

    async def use(number: int, wanted: int) -> None:
        async with shared.reserve(wanted):
            order.append(number)
            await gates[number].wait()

    tasks = [asyncio.create_task(use(number, wanted)) for number, wanted in enumerate((6, 1000, 4, 4))]
    for _ in range(20):
        await asyncio.sleep(0)
    assert order == [0]
    tasks[1].cancel()
    await asyncio.gather(tasks[1], return_exceptions=True)
    for _ in range(20):
        await asyncio.sleep(0)
    assert order == [0, 2]
    for gate in gates:
        gate.set()
    await asyncio.gather(tasks[0], *tasks[2:])
    assert order == [0, 2, 3]


async def test_a_fetch_holds_its_share_until_its_body_is_read(
    server: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared, most, now = Memory(1000), 0, 0
    monkeypatch.setattr(module, "of_this_worker", lambda: shared)

    async def slow(writer: asyncio.StreamWriter) -> None:
        nonlocal most, now
        now += 1
        most = max(most, now)
        for _ in range(50):
            await asyncio.sleep(0)
        now -= 1
        writer.write(response(200, b"x"))
        await writer.drain()

    server.answers["/"] = slow

    await asyncio.gather(*(fetched(server.url("/"), max_bytes=500) for _ in range(8)))

    assert most <= 2
    assert memory.of_this_worker() is memory.of_this_worker()


async def test_names_without_an_answer_hold_up_no_thread_of_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    silence = threading.Event()
    asked = threading.Semaphore(0)

    def getaddrinfo(host: str, port: int, **options: Any) -> list[Any]:
        if options.get("flags"):
            raise socket.gaierror
        asked.release()
        silence.wait()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    waiting = [asyncio.create_task(lookup("silent.example", 80)) for _ in range(60)]
    try:
        for _ in waiting:
            await asyncio.to_thread(asked.acquire)
        assert await asyncio.to_thread(lambda: 42) == 42
        monkeypatch.setattr(resolver, "DEADLINE_SEC", 0.01)
        with pytest.raises(TimeoutError):
            await lookup("silent.example", 80)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    finally:
        silence.set()


NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    ["31536000", "9" * 5000, format_datetime(datetime.now(UTC) + timedelta(days=365), usegmt=True)],
    ids=["a year", "digits", "a date"],  # the same in every process that collects
)
async def test_retry_after_is_bounded_by_the_operator(server: WebServer, value: str) -> None:
    server.answers["/"] = response(429, Retry_After=value)

    with pytest.raises(AgentError) as caught:
        await context(fetch_max_retry_after_sec=7).tools["http.fetch"](url=server.url("/"))

    assert caught.value.retry_after == 7


@given(
    st.text(max_size=60)
    | st.from_regex(r"[A-Z][a-z]{2}, \d+ [A-Z][a-z]{2} \d+ \d+:\d+:\d+ ([+-]\d+|GMT)", fullmatch=True)
)
def test_any_retry_after_is_a_time_or_none(value: str) -> None:
    seconds = retry_after(value, NOW)
    assert seconds is None or seconds >= 0


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://127.0.0.1:99999/", "invalid_url"),
        ("http://127.0.0.1:0/", "invalid_url"),
        (f"http://127.0.0.1:{'9' * 5000}/", "invalid_url"),
        ("http://xn--a/", "invalid_url"),
        ("http://xn--/", "invalid_url"),
        (f"http://{'a' * 64}.example/", "name_not_resolved"),
        ("http://a..b/", "name_not_resolved"),
        ("http://\ud800/", "invalid_tool_call"),
        ("http://a\0b/", "invalid_url"),
    ],
)
async def test_a_url_that_no_request_can_have_fails_with_a_code(server: WebServer, url: str, code: str) -> None:
    assert (await failure(url)).code == code
    if code == "invalid_url":
        try:
            server.answers["/"] = response(302, Location=url)
        except UnicodeEncodeError:
            return
        assert (await failure(server.url("/"))).code in {"invalid_url", "transport_error"}


HEADS = [
    b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\nx",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"F" * 5000 + b"\r\nx",
    b"HTTP/1.1 999 \r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX: \xff\xfe\r\nContent-Length: 1\r\n\r\nx",
    b"\0" * 100,
    b"",
]


@pytest.mark.parametrize("head", HEADS)
async def test_a_server_that_does_not_speak_http_fails_with_a_code(server: WebServer, head: bytes) -> None:
    server.answers["/"] = head
    try:
        await fetched(server.url("/"), timeout=10)
    except AgentError as error:
        if error.code not in CODES:
            raise


CONTENT_TYPES = st.sampled_from(
    ["", "text/html", "text/plain; charset=utf-16", "application/json", "text/xml", "image/png", "text/html; charset=x"]
)


@settings(deadline=None, max_examples=60)
@given(
    body=st.binary(max_size=200),
    head=st.text(alphabet=st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=30),
    status=st.integers(0, 999),
    content_type=CONTENT_TYPES,
    coding=st.sampled_from(["identity", "gzip", "deflate", "br", ""]),
)
async def test_any_answer_is_a_page_or_a_code_of_the_table(
    body: bytes, head: str, status: int, content_type: str, coding: str
) -> None:
    fields = f"Content-Type: {content_type}\r\nContent-Encoding: {coding}\r\nLocation: {head}\r\nRetry-After: {head}"
    answer = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{fields}\r\n\r\n"
    async with web_server() as server:
        server.answers["/"] = answer.encode("latin-1") + body
        try:
            page = await fetched(server.url("/"), timeout=10)
        except AgentError as error:
            if error.code not in CODES:
                raise
        else:
            write_output(fetch, page, 10**6)


@settings(deadline=None, max_examples=150)
@given(
    url=st.text(max_size=40).map("http://".__add__) | st.text(max_size=20).map("http://127.0.0.1:1/".__add__),
    name=st.text(max_size=10),
    value=st.text(max_size=10),
    method=st.sampled_from(["GET", "POST"]),
)
async def test_any_url_and_header_end_with_a_code_of_the_table(url: str, name: str, value: str, method: str) -> None:
    async def nowhere(host: str, port: int) -> list[Any]:
        raise OSError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("wand_orchestrator.activities.tools.http_fetch.addresses.lookup", nowhere)
        error = await failure(url, headers={name: value}, method=method, body=value if method == "POST" else None)
    assert error.code in CODES


async def test_credentials_of_a_url_stand_in_no_message_and_no_page(server: WebServer) -> None:
    server.answers["/"] = response(200, b"ok")
    secret = server.url("/?token=t0p").replace("//", "//user:s3cr3t@")

    page = await fetched(secret)
    errors = [await failure(secret.replace("127.0.0.1", host)) for host in ("127.0.0.2", "[::1]", "a..b")]

    assert "s3cr3t" not in page.url
    for error in errors:
        assert "s3cr3t" not in f"{error} {error.details}"
        assert "t0p" not in f"{error} {error.details}"
