"""Documents made to take long: whoever posts them, the API goes on answering others."""

import asyncio
import time

import pytest

from tests.integration.graph_cases import edge, emit, graph
from tests.integration.service import Json, Service

DOUBLING = {f"d{index}": {"allOf": [{"$ref": f"#/$defs/d{index + 1}"}] * 2} for index in range(40)} | {"d40": {}}


def approval(schema: Json, answer: object = None) -> Json:
    params = {"schema": schema, "on_timeout": {"answer": answer}}
    return graph([{"id": "ask", "type": "flow.approval", "params": params}])


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
    slowest = 0.0
    checking = asyncio.ensure_future(service.http.post("/graphs/validate", json=document, timeout=60))
    while not checking.done():
        asked = time.monotonic()
        answer = await service.http.get("/health")
        slowest = max(slowest, time.monotonic() - asked)
        assert answer.status_code == 200
        await asyncio.wait([checking], timeout=0.05)
    assert (await checking).status_code == 200
    assert slowest < 2  # on a busy machine; it was the whole time of the check when that was on the event loop
