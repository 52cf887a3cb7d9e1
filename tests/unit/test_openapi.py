"""The OpenAPI document as generators of clients read it."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from tests.integration.declared_answers import DeclaredAnswers
from wand_orchestrator.api.app import create_app
from wand_orchestrator.api.http.named_schemas import parts_of
from wand_orchestrator.api.http.problem_codes import PROBLEM_CODES
from wand_orchestrator.api.runs.models import StatusFilter
from wand_orchestrator.api.services import Services
from wand_orchestrator.contract.event_data import EVENT_DATA
from wand_orchestrator.contract.events import EventType
from wand_orchestrator.contract.state import RunStatus
from wand_orchestrator.settings import Settings

ROOT = Path(__file__).parents[2]


def application(**settings: Any) -> FastAPI:
    nothing: Any = None
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Services, "build", lambda *parts: None)
        return create_app(
            Settings(_env_file=None, **settings), client=nothing, store=nothing, registry=nothing, artifacts=nothing
        )


@cache
def document() -> dict[str, Any]:
    return application().openapi()


def operations() -> list[dict[str, Any]]:
    return [operation for methods in document()["paths"].values() for operation in methods.values()]


def parts(value: Any) -> list[dict[str, Any]]:
    """Every object in it, those of examples left out."""
    return list(parts_of(value))


def test_operations_have_names_of_their_own() -> None:
    ids = [operation["operationId"] for operation in operations()]

    assert len(set(ids)) == len(ids) > 30
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)+", id) for id in ids)
    assert {"create_run", "list_runs", "get_run", "delete_graph", "respond_to_node"} <= set(ids)


def test_components_are_named_for_what_they_are_and_stand_once() -> None:
    names = document()["components"]["schemas"]

    assert not [name for name in names if "__" in name or name.endswith(("-Input", "-Output")) or name == "Response"]
    uses = [part for part in parts(document()) if part.get("$ref") == "#/components/schemas/Graph"]
    assert len(uses) >= 4
    assert "nodes" in names["Graph"]["properties"]
    assert not [part for part in parts(document()) if "x-shown-as" in part]


def test_every_operation_tells_its_problems() -> None:
    for operation in operations():
        failures = {status: each for status, each in operation["responses"].items() if status[0] in "45"}
        typed = {
            status
            for status, each in failures.items()
            if each["content"].get("application/problem+json", {}).get("schema")
            == {"$ref": "#/components/schemas/Problem"}
        }
        own = {"503"} if operation["operationId"] == "get_readiness" else set()
        assert failures.keys() - typed == own, operation["operationId"]
        assert typed or operation["tags"] == ["health"]


def test_every_closed_set_of_words_is_a_component_with_a_name() -> None:
    """A generator would name one that stands in a property after each place where it stands."""
    components = document()["components"]["schemas"]
    named = [schema for schema in components.values() if "enum" in schema]
    inline = [part for part in parts(document()) if isinstance(part.get("enum"), list) and part not in named]
    assert inline == []
    assert {"EventLevel", "NodeJoin", "RunStatus"} <= {schema["title"] for schema in named}


def test_every_object_of_any_keys_is_one_of_a_few_components() -> None:
    components = document()["components"]["schemas"]
    unnamed = [
        part
        for part in parts(document())
        if part.get("type") == "object" and "properties" not in part and part not in components.values()
    ]
    assert [part for part in unnamed if "$ref" not in part.get("additionalProperties", "$ref")] == []


def test_every_union_of_objects_has_a_discriminator() -> None:
    for part in parts(document()):
        for kind in ("anyOf", "oneOf"):
            objects = [each for each in part.get(kind, ()) if is_object(each)]
            assert len(objects) < 2 or "discriminator" in part, part


def test_events_are_told_apart_by_their_type() -> None:
    components = document()["components"]["schemas"]
    mapping = components["Event"]["discriminator"]["mapping"]
    assert set(mapping) == set(EventType)
    for type, reference in mapping.items():
        assert components[reference.rpartition("/")[2]]["properties"]["type"] == {"type": "string", "const": type}


def test_the_data_of_events_is_documented() -> None:
    table = (ROOT / "docs" / "events.md").read_text().partition("| type | `data` |")[2].partition("\n\n")[0]
    rows = dict(re.findall(r"^\| `([\w.]+)` \|(.*)\|$", table, re.MULTILINE))
    assert rows.keys() == set(EventType)
    for type, data in EVENT_DATA.items():
        assert [key for key in data.__annotations__ if f"`{key}`" not in rows[type]] == [], type


def is_object(schema: dict[str, Any]) -> bool:
    named = document()["components"]["schemas"].get(schema.get("$ref", "").rpartition("/")[2], schema)
    return bool(named.get("type") == "object")


def test_no_property_has_a_default_that_makes_it_look_required() -> None:
    for schema in document()["components"]["schemas"].values():
        assert not [name for name, each in schema.get("properties", {}).items() if "default" in each]
    limit = next(each for each in operations() if each["operationId"] == "list_runs")["parameters"][1]
    assert limit["schema"]["default"] == 50


def test_every_bound_is_a_number() -> None:
    bounds = ("minimum", "maximum", "ge", "le")
    assert all(not isinstance(part.get(bound), str) for part in parts(document()) for bound in bounds)


def test_no_header_is_a_list() -> None:
    """Generators of clients leave out an operation with such a header altogether."""
    headers = [each for operation in operations() for each in operation.get("parameters", ()) if each["in"] == "header"]
    assert {"prefer", "idempotency-key"} <= {each["name"] for each in headers}
    assert not [each["name"] for each in headers if each["schema"].get("type") == "array"]


def test_moments_are_typed() -> None:
    run = document()["components"]["schemas"]["ListedRun"]["properties"]
    assert run["created_at"]["format"] == "date-time"


@pytest.mark.parametrize("key", [None, "k"])
def test_the_key_is_required_only_where_there_is_one(key: str | None) -> None:
    security = application(api_key=key).openapi()["paths"]["/runs"]["get"]["security"]
    assert security == [{"APIKeyHeader": []}, *([] if key else [{}])]


def test_the_codes_of_problems_are_enumerated_and_documented_with_their_status() -> None:
    schemas = document()["components"]["schemas"]
    table = (ROOT / "docs" / "errors.md").read_text().partition("## What a run or a node")[0]
    documented = dict(re.findall(r"^\| `(\w+)` \| (\d+) \|", table, re.MULTILINE))

    assert schemas["Problem"]["properties"]["code"] == {"$ref": "#/components/schemas/ProblemCode"}
    assert schemas["ProblemCode"]["enum"] == list(PROBLEM_CODES)
    assert documented == {code: str(status) for code, status in PROBLEM_CODES.items()}


def test_a_status_to_filter_by_is_any_that_a_run_can_have_or_open() -> None:
    assert {each.value for each in StatusFilter} == {*(each.value for each in RunStatus), "open"}


@pytest.mark.parametrize("page", ["/docs", "/redoc"])
async def test_the_pages_need_nothing_from_elsewhere(page: str) -> None:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(application()), base_url="http://127.0.0.1:8000"
    ) as http:
        html = (await http.get(page)).text
        loaded = re.findall(r'(?:src|href)="([^"]+)"', html)
        assert loaded
        for url in loaded:
            assert url.startswith("/"), url
            assert (await http.get(url)).status_code == 200, url


# What the answers of all tests are held against


def answer(method: str, path: str, status: int, body: Any) -> httpx.Response:
    return httpx.Response(status, json=body, request=httpx.Request(method, f"http://wand{path}"))


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (answer("POST", "/runs", 201, {"run_id": "r", "status": "running"}), None),
        (answer("POST", "/runs", 201, {"run_id": "r", "status": "no such status"}), "create_run answers 201"),
        (answer("POST", "/runs", 201, {"status": "running"}), "'run_id' is a required property"),
        (answer("POST", "/runs", 299, {}), "create_run answers 299, which it does not declare"),
        (answer("GET", "/runs/r/nodes/a%2Fb", 200, {}), "get_node answers 200"),
        (answer("GET", "/runs/r/nodes/a/params", 200, {"any": "thing"}), None),
        (answer("GET", "/elsewhere", 200, {"any": "thing"}), None),
    ],
)
async def test_an_answer_that_is_not_as_declared_fails_its_test(response: httpx.Response, reason: str | None) -> None:
    declared = DeclaredAnswers(application())
    if reason is None:
        await declared(response)
    else:
        with pytest.raises(AssertionError, match=reason):
            await declared(response)
