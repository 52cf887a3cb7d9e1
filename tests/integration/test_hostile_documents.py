"""Documents made to take long: whoever posts them, the API goes on answering others, and other runs go on."""

import asyncio
import json
import os
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from tests.integration.graph_cases import edge, emit, graph
from tests.integration.service import Json, Service

EXAMPLES = int(os.environ.get("WAND_FUZZ_EXAMPLES", "12"))
HEALTH_SEC = float(os.environ.get("WAND_FUZZ_HEALTH_SEC", "2"))
"""Within which `/health` answers. On a busy machine everything takes longer; 0.5 holds where nothing else runs."""

DOUBLING = {f"d{index}": {"allOf": [{"$ref": f"#/$defs/d{index + 1}"}] * 2} for index in range(40)} | {"d40": {}}


def approval(schema: Json, answer: object = None) -> Json:
    params = {"schema": schema, "on_timeout": {"answer": answer}}
    return graph([{"id": "ask", "type": "flow.approval", "params": params}])


def nested(levels: int, opened: str = "[", closed: str = "]") -> bytes:
    return (opened * levels + "1" + closed * levels).encode()


HOSTILE = {
    "doubling references": approval({"$defs": DOUBLING, "$ref": "#/$defs/d0"}),
    "unique objects": approval({"uniqueItems": True}, [{"a": index} for index in range(8000)]),
    "a pattern": approval({"pattern": "^(a+)+$"}, "a" * 40 + "!"),
    "many expressions": graph(
        [emit("a", 1), emit("b", 2)], [edge("a", "b", **{f"k{index}": f"[{index}].a" for index in range(20_000)})]
    ),
    "calls within calls": graph([emit("a", 1), emit("b", 2)], [edge("a", "b", k="sort_by(@, &" * 30 + "a" + ")" * 30)]),
}


@pytest.mark.parametrize("document", HOSTILE.values(), ids=HOSTILE.keys())
async def test_a_document_that_takes_long_to_check_holds_nobody_up(service: Service, document: Json) -> None:
    async with healthy(service):
        answer = await service.http.post("/graphs/validate", json=document, timeout=60)
    assert answer.status_code == 200


Hostile = Callable[[random.Random], object]
"""Makes a graph, or bytes that may be none."""


def _schema(chance: random.Random) -> Json:
    """Parts of JSON Schema that multiply, within one another."""
    count = chance.randint(2, 60)
    inner: Json = {"pattern": chance.choice(["^(a|a)*$", "(x+x+)+y", "^(([a-z])+.)+$"])}
    for index in range(chance.randint(1, 25)):
        word = chance.choice(["allOf", "anyOf", "oneOf", "items", "not", "properties", "$ref", "dependentSchemas"])
        wraps: dict[str, Json] = {
            "properties": {"properties": {f"p{index}": inner}},
            "items": {"items": inner, "uniqueItems": True},
            "not": {"not": inner},
            "$ref": {"$defs": {"d": inner}, "$ref": chance.choice(["#/$defs/d", "#", "http://127.0.0.1:9/x"])},
            "dependentSchemas": {"dependentSchemas": {"a": inner}},
        }
        inner = wraps.get(word, {word: [inner] * (chance.randint(2, 3) if index < 12 else 1)})
    answer: object = "a" * count + "!"
    for _ in range(chance.randint(0, 8)):
        answer = chance.choice([[answer] * chance.randint(1, 3), {"a": answer, "p1": answer}])
    return approval(inner, answer)


def _expressions(chance: random.Random) -> Json:
    part = chance.choice(["[@, @]", "to_string([@, @])", "@.*.*", "[?@ == `1`]", "sort_by(@, &a)", "{a: @, b: @}"])
    text = f" {chance.choice(['|', '||', '&&'])} ".join([part] * chance.choice([5, 60, 800]))
    keys = {f"k{index}": f"{text} | [{index}]" for index in range(chance.choice([1, 50, 400]))}
    return graph([emit("a", [1, {"a": 2}]), emit("b")], [edge("a", "b", when=text, **keys)])


def _wide(chance: random.Random) -> Json:
    count = chance.choice([500, 5000, 19_000])
    nodes = [emit(f"n{index}", chance.choice(["x" * 100, {"$input": "a"}])) for index in range(count)]
    pairs = [(chance.randrange(count), chance.randrange(count)) for _ in range(count * 3)]
    return graph(nodes, [edge(f"n{above}", f"n{below}", **{f"k{above}": "@"}) for above, below in pairs])


def _names(chance: random.Random) -> Json:
    """Names that are near one another, or hold what nobody expects, where near ones are looked for."""
    letters = chance.choice(["ab", "\u202e\u0301a", "\U0001f600\ufdd0", "[]/.$", "aA"])
    names = ["".join(chance.choices(letters, k=chance.randint(0, 180))) for _ in range(2000)]
    nodes = [{"id": name, "type": chance.choice(names)} for name in names]
    return graph(nodes, [edge(chance.choice(names), chance.choice(names), **{name: name}) for name in names])


def _control(chance: random.Random) -> Json:
    inner: object = {"$input": chance.choice(["a", "[@, @] | " * 50 + "@", ""])}
    for _ in range(chance.randint(1, 60)):
        inner = chance.choice([{"a": inner}, [inner, inner] if chance.random() < 0.2 else [inner]])
    kind = chance.choice(["flow.map", "flow.repeat", "flow.wait", "flow.graph", "flow.approval"])
    given = {"agent": chance.choice(["agent.transform", "flow.map", "x" * 300]), "params": inner, "schema": inner}
    return graph([{"id": "c", "type": kind, "params": given, "retries": chance.choice([-1, 10**30, 3])}])


def _bytes(chance: random.Random) -> bytes:
    return chance.choice(
        [
            nested(chance.choice([150, 5000, 200_000])),
            nested(chance.choice([150, 50_000]), '{"a":', "}"),
            b'{"name": "g", "nodes": ' + b"9" * 500_000 + b"}",
            b'{"a": 1,' * 1000,
            b'{"nodes": "' + b"\\ud800" * 100_000 + b'"}',
            b'{"x": 1e999, "y": NaN}',
            json.dumps({f"k{index}": index for index in range(200_000)}).encode(),
            bytes(chance.randrange(256) for _ in range(20_000)),
        ]
    )


KINDS: tuple[Hostile, ...] = (_schema, _expressions, _wide, _names, _control, _bytes)


async def test_whatever_is_posted_the_api_answers_and_other_runs_go_on(service: Service) -> None:
    """`make fuzz-documents` tries hundreds."""
    for seed in range(EXAMPLES):
        chance = random.Random(seed)
        made = KINDS[seed % len(KINDS)](chance)
        body = made if isinstance(made, bytes) else json.dumps(made).encode()
        beside = asyncio.ensure_future(service.run(graph([emit("a", seed), emit("b")], [edge("a", "b")])))
        async with healthy(service) as health:
            path = chance.choice(["/graphs/validate", "/graphs", "/runs"])
            body = b'{"graph": ' + body + b"}" if path == "/runs" else body
            answer = await service.http.post(path, content=body, headers=JSON, timeout=60)
        assert answer.status_code < 500, (seed, path, answer.text[:500])
        assert health.slowest < HEALTH_SEC, (seed, path)
        assert (await beside)["status"] == "succeeded"
        if path == "/runs" and answer.status_code == 201:
            run_id = answer.json()["run_id"]
            assert (await service.http.post(f"/runs/{run_id}/cancel")).status_code in (200, 202)
            await service.ended(run_id)


JSON = {"Content-Type": "application/json"}


@dataclass
class Health:
    """The longest that `/health` took, in seconds."""

    slowest: float = 0.0


@asynccontextmanager
async def healthy(service: Service) -> AsyncIterator[Health]:
    """Asks for `/health` all the time; in the end it must never have taken long."""
    health, done = Health(), asyncio.Event()

    async def ask() -> None:
        while not done.is_set():
            asked = time.monotonic()
            answer = await service.http.get("/health")
            health.slowest = max(health.slowest, time.monotonic() - asked)
            assert answer.status_code == 200
            await asyncio.sleep(0.02)

    asking = asyncio.ensure_future(ask())
    try:
        yield health
    finally:
        done.set()
        await asking
    assert health.slowest < HEALTH_SEC
