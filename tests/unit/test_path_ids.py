from typing import Annotated
from urllib.parse import quote

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BeforeValidator

from wand_orchestrator.api.http.path_ids import EncodedIds, decoded_id

Id = Annotated[str, BeforeValidator(decoded_id)]
app = FastAPI()
app.add_middleware(EncodedIds)


@app.get("/runs/{id}")
@app.get("/schedules/{id}")
def read(id: Id) -> list[str]:
    return [id]


@app.get("/runs/{id}/nodes/{node:path}")
def read_node(id: Id, node: str) -> list[str]:
    return [id, node]


@app.get("/others/{id}")
def read_other(id: str) -> list[str]:
    return [id]


async def ask(path: str, root_path: str = "") -> httpx.Response:
    transport = httpx.ASGITransport(app, root_path=root_path)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        return await http.get(path)


ids = st.text(st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from("/%2Ff5"), min_size=1)


@given(ids, ids)
async def test_an_id_arrives_as_it_is_and_so_does_what_follows_it(id: str, node: str) -> None:
    id, node = f"r{id}", f"n{node}"
    quoted = quote(id, safe="")
    assert (await ask(f"/runs/{quoted}/nodes/{quote(node, safe='')}")).json() == [id, node]
    assert (await ask(f"/schedules/{quoted}")).json() == [id]


@pytest.mark.parametrize(("path", "root_path"), [("/runs/a%2Fb", "/wand"), ("/wand/runs/a%2Fb", "/wand")])
async def test_a_path_may_begin_with_that_of_a_proxy(path: str, root_path: str) -> None:
    assert (await ask(path, root_path)).json() == ["a/b"]


async def test_a_slash_that_is_not_encoded_parts_the_path() -> None:
    assert (await ask("/runs/a/b%20c")).status_code == 404
    assert (await ask("/others/a%20b")).json() == ["a b"]
    assert (await ask("/others/a%2Fb")).status_code == 404
