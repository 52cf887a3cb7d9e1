"""The client of the API beside the API: every route, every answer, every refusal."""

import ast
import importlib
import inspect
import json
import pkgutil
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from scripts.sync_client import TO, made
from tests.unit.test_openapi import document
from wand_orchestrator import client
from wand_orchestrator.client import Delta, NodeTexts, Refused, RunEvent, RunFailed, Wand
from wand_orchestrator.client import answers as answer_modules
from wand_orchestrator.client.answers.answer import Answer
from wand_orchestrator.client.answers.runs import RunView
from wand_orchestrator.client.routes import ROUTES
from wand_orchestrator.errors import (
    BadRequest,
    ConfigurationError,
    Conflict,
    GraphFaults,
    InputFaults,
    NotFound,
    Unauthorized,
    Unavailable,
    WandError,
)
from wand_orchestrator.graph import Graph

FROM = TO.parent / "_async"
LEFT_OUT = {
    "receive_message": "messages of other services come there, and are signed by them",
    "open_link": "a person opens it in a browser, without a key",
    "answer_link": "likewise",
}
"""Operations that the client does not call, with the reason."""


def test_the_client_calls_every_operation_of_the_api() -> None:
    operations = {
        operation["operationId"]: (method.upper(), path)
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
    }
    texts = {
        node.value
        for path in FROM.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }

    assert operations.keys() - ROUTES.keys() == LEFT_OUT.keys()
    assert {name: operations[name] for name in ROUTES} == ROUTES
    assert ROUTES.keys() - texts == set()


def answers() -> dict[str, type[Any]]:
    """By name, every model that a module of answers defines."""
    modules = [
        importlib.import_module(f"{answer_modules.__name__}.{module.name}")
        for module in pkgutil.iter_modules(answer_modules.__path__)
    ]
    return {
        name: each
        for module in modules
        for name, each in vars(module).items()
        if inspect.isclass(each) and each.__module__ == module.__name__ and each is not Answer
    }


def test_every_answer_has_the_fields_of_its_component() -> None:
    components = document()["components"]["schemas"]
    fields = {
        name: {field.alias or key for key, field in each.model_fields.items()} for name, each in answers().items()
    }

    assert len(fields) > 40
    assert fields == {name: components[name]["properties"].keys() for name in fields}


def test_every_answer_takes_what_may_be_null() -> None:
    components = document()["components"]["schemas"]
    for name, each in answers().items():
        for key, schema in components[name]["properties"].items():
            if {"type": "null"} in schema.get("anyOf", ()):
                field = next(field for own, field in each.model_fields.items() if key in (own, field.alias))
                assert not field.is_required(), f"{name}.{key}"


def test_the_client_without_asyncio_is_made_from_the_other() -> None:
    assert {path.name: path.read_text() for path in TO.glob("*.py")} == made()


def test_the_public_names_are_exactly_these() -> None:
    assert client.__all__ == [
        "AsyncRunStream",
        "AsyncWand",
        "Delta",
        "NodeTexts",
        "Refused",
        "RunEvent",
        "RunFailed",
        "RunStream",
        "WaitTimeout",
        "Wand",
    ]
    assert [name for name in client.__all__ if not hasattr(client, name)] == []


def test_the_package_alone_loads_neither_httpx_nor_pydantic() -> None:
    told = "import sys, wand_orchestrator.client; print(sorted({'httpx', 'pydantic', 'fastapi'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", told], capture_output=True, text=True).stdout.strip() == "[]"


# What comes back


def wand(answer: Callable[[httpx.Request], httpx.Response], **options: Any) -> Wand:
    return Wand("http://wand.test", transport=httpx.MockTransport(answer), **options)


def problem(status: int, code: str, headers: dict[str, str] | None = None, **fields: Any) -> httpx.Response:
    body = {"type": "urn", "title": code, "status": status, "detail": f"the detail of {code}", "code": code, **fields}
    return httpx.Response(status, json=body, headers=headers)


FAULT = {"pointer": "/nodes/0", "code": "unknown_agent", "message": "there is no such agent", "line": 3, "column": 4}


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (problem(404, "run_not_found"), NotFound),
        (problem(409, "wrong_state"), Conflict),
        (problem(401, "unauthorized"), Unauthorized),
        (problem(400, "bad_cursor"), BadRequest),
        (problem(422, "graph_invalid", faults=[FAULT]), GraphFaults),
        (problem(422, "invalid_input", faults=[FAULT]), InputFaults),
        (problem(422, "request_invalid", faults=[FAULT]), Refused),
        (problem(410, "link_gone"), Refused),
        (problem(503, "unavailable", missing="temporal"), Unavailable),
        (httpx.Response(502, text="<h1>Bad Gateway</h1>"), Unavailable),
        (httpx.Response(200, text="<h1>Hello</h1>"), WandError),
    ],
)
def test_a_problem_is_raised_as_what_the_server_raised(answer: httpx.Response, kind: type[WandError]) -> None:
    with pytest.raises(WandError) as raised:
        wand(lambda request: answer, retries=0).runs.get("r_1")

    assert type(raised.value) is kind
    if answer.headers["content-type"] == "application/json":
        assert raised.value.code == answer.json()["code"]
    if answer.status_code == 422:
        [fault] = raised.value.faults  # type: ignore[attr-defined]
        assert vars(fault) == FAULT


def test_further_fields_of_a_problem_are_kept() -> None:
    answer = problem(503, "busy", {"Retry-After": "7"}, missing="database", queue=3)
    with pytest.raises(Unavailable) as raised:
        wand(lambda request: answer, retries=0).runs.get("r_1")
    assert raised.value.fields == {"missing": "database", "queue": 3, "retry_after": 7.0}


def test_the_key_is_sent_and_shown_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAND_API_KEY", "s3cret")
    keys = []

    def refuse(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["X-API-Key"])
        return problem(401, "unauthorized")

    asking = Wand("http://user:s3cret@wand.test", transport=httpx.MockTransport(refuse))
    with pytest.raises(Unauthorized) as raised:
        asking.runs.get("r_1")

    assert keys == ["s3cret"]
    assert "WAND_API_KEY" in raised.value.message
    assert "s3cret" not in repr(asking) + repr(raised.value) + asking.url
    with pytest.raises(ConfigurationError):
        Wand(api_key="line\nbreak")


@pytest.mark.parametrize(
    ("environment", "url"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"WAND_PORT": "8010", "WAND_HOST": "::1"}, "http://[::1]:8010"),
        ({"WAND_PORT": "8010", "WAND_URL": "https://wand.test/api/"}, "https://wand.test/api"),
    ],
)
def test_the_address_is_that_of_the_environment(
    environment: dict[str, str], url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("WAND_URL", "WAND_HOST", "WAND_PORT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert Wand().url == url


class Failing:
    """An API that is away for the first requests; a request may have reached it all the same."""

    def __init__(self, times: int) -> None:
        self.left = times
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.left -= 1
        if self.left >= 0:
            raise httpx.ReadError("the connection broke", request=request)
        return httpx.Response(200, json={"run_id": "r_1", "status": "running", "node": "n"})


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wand_orchestrator.client._sync.connection.FIRST_RECONNECT_SEC", 0)


@pytest.mark.usefixtures("impatient")
def test_a_start_that_is_sent_again_has_the_same_key() -> None:
    api = Failing(2)
    assert wand(api).runs.start("report").run_id == "r_1"
    assert len(api.requests) == 3
    assert len({request.headers["Idempotency-Key"] for request in api.requests}) == 1
    wand(api).runs.start("report")
    assert len({request.headers["Idempotency-Key"] for request in api.requests}) == 2


@pytest.mark.usefixtures("impatient")
def test_what_could_act_twice_is_sent_once() -> None:
    calls: list[Callable[[Wand], object]] = [
        lambda asking: asking.runs.send_event("r_1", "paid", 1),
        lambda asking: asking.runs.respond("r_1", "n", True),
        lambda asking: asking.schedules.trigger("nightly"),
    ]
    for call in calls:
        api = Failing(1)
        with pytest.raises(Unavailable, match="the connection broke"):
            call(wand(api))
        assert len(api.requests) == 1


@pytest.mark.usefixtures("impatient")
def test_reading_gives_up_after_the_last_repetition() -> None:
    api = Failing(9)
    with pytest.raises(Unavailable):
        wand(api, retries=2).health()
    assert len(api.requests) == 3


class Built:
    def to_document(self) -> dict[str, Any]:
        return {"name": "g", "nodes": []}


STORED = "g_" + "0" * 32


@pytest.mark.parametrize(
    ("graph", "part"),
    [
        ("report", {"graph_name": "report"}),
        (STORED, {"graph_id": STORED}),
        ({"name": "g", "nodes": []}, {"graph": {"name": "g", "nodes": []}}),
        (Built(), {"graph": {"name": "g", "nodes": []}}),
        (
            Graph.model_validate({"name": "g", "nodes": [{"id": "a", "type": "b"}]}),
            {"graph": {"name": "g", "nodes": [{"id": "a", "type": "b"}]}},
        ),
    ],
)
def test_a_run_is_started_of_a_graph_in_any_form(graph: Any, part: dict[str, Any]) -> None:
    api = Failing(0)
    wand(api).runs.start(graph, input=0, tags=["a"])
    assert json.loads(api.requests[0].content) == {**part, "input": 0, "tags": ["a"]}


def test_a_version_belongs_to_a_name() -> None:
    with pytest.raises(BadRequest):
        wand(Failing(0)).runs.start(STORED, version=1)


def test_ids_are_one_segment_of_the_path_each() -> None:
    api = Failing(0)
    wand(api).runs.skip("r/1", "sub/x[0]")
    assert api.requests[0].url.raw_path == b"/runs/r%2F1/nodes/sub%2Fx%5B0%5D/skip"


def test_a_list_is_read_page_by_page_and_no_further_than_asked() -> None:
    asked = []

    def page(request: httpx.Request) -> httpx.Response:
        asked.append(dict(request.url.params))
        start = int(request.url.params.get("cursor", 0))
        hooks = [
            {"name": f"h{start + index}", "graph_name": "g", "tags": [], "verification": "token"}
            | dict.fromkeys(("created_at", "updated_at"), "2026-01-31T12:00:00.000Z")
            for index in range(int(request.url.params["limit"]) if start else 500)
        ]
        return httpx.Response(200, json={"hooks": hooks, "next": str(start + len(hooks))})

    names = [hook.name for hook in wand(page).hooks.list(limit=502)]
    assert names == [f"h{index}" for index in range(502)]
    assert asked == [{"limit": "500"}, {"limit": "2", "cursor": "500"}]


RUN = {
    "run_id": "r_1",
    "name": "g",
    "status": "failed",
    "progress": 50,
    "created_at": "2026-01-31T12:00:00.000Z",
    "finished_at": "2026-01-31T12:00:01.000Z",
    "error": {"code": "http_status", "message": "the page answered 500", "node": "fetch"},
    "tags": [],
    "input_bytes": 4,
    "nodes": {},
    "retried_by": [],
    "waiting_for": [],
}


def test_a_failed_run_is_an_error_that_tells_why() -> None:
    error = RunFailed(RunView.model_validate(RUN))
    assert (error.run_id, error.run_status, error.error_code, error.node) == ("r_1", "failed", "http_status", "fetch")
    assert str(error) == "the run r_1 is failed at fetch: the page answered 500"


def test_the_answer_of_a_newer_server_is_read() -> None:
    run = RunView.model_validate(RUN | {"status": "hibernating", "colour": "green"})
    assert run.status == "hibernating"
    assert run.model_extra == {"colour": "green"}
    body = {"seq": 1, "ts": "2026-01-31T12:00:00Z", "type": "run.hibernating", "new": 1}
    assert not RunEvent.model_validate(body).ends_run
    assert RunEvent.model_validate(body | {"type": "run.failed"}).ends_run


def test_text_that_comes_again_does_not_stand_twice() -> None:
    board = NodeTexts()
    for offset, text in ((0, "one "), (4, "two "), (0, "one two "), (8, "three"), (4, "two three")):
        board.take(Delta(node="n", attempt=1, offset=offset, text=text))
    assert board.texts == {"n": "one two three"}
    board.take(Delta(node="n", attempt=2, offset=0, text="anew"))
    for offset, text in ((100, "late"), (104, "r"), (102, "ter")):  # of a long text that began before
        board.take(Delta(node="m", attempt=1, offset=offset, text=text))
    assert board.texts == {"n": "anew", "m": "later"}
    event = {"seq": 1, "ts": "2026-01-31T12:00:00Z"}
    board.take(RunEvent.model_validate(event | {"type": "node.retrying", "node": "m"}))
    board.take(
        RunEvent.model_validate(event | {"type": "node.succeeded", "node": "n", "data": {"text": "anew, and whole"}})
    )
    assert board.texts == {"n": "anew, and whole"}
    assert board.text("nobody") == ""


PROGRAM = Path(__file__).parents[2] / "examples" / "client.py"


def test_a_program_that_uses_the_client_has_types(tmp_path: Path) -> None:
    """A wrong use is an error of the type checker."""
    wrong = tmp_path / "wrong.py"
    wrong.write_text(
        "from wand_orchestrator.client import Wand\n\n"
        "wand = Wand()\n"
        "wand.runs.get(1)\n"
        "wand.runs.get('r_1').outputz\n"
        "wand.run_and_wait('report', timout=3)\n"
        "wand.runs.node_value('r_1', 'n', 'outputs')\n"
        "count: int = wand.runs.start('report').run_id\n"
    )
    told = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", str(PROGRAM), str(wrong)],
        capture_output=True,
        text=True,
        cwd=PROGRAM.parents[1],
    ).stdout
    errors = {(Path(name).name, int(line)) for name, line in re.findall(r"^(.+?):(\d+): error", told, re.MULTILINE)}
    assert errors == {("wrong.py", line) for line in (4, 5, 6, 7, 8)}, told
