"""LangGraph: a state graph with its SQLite checkpointer. See `bench.peers.protocol`.

Each shape is compiled once, before it is measured. `durability="sync"`: a checkpoint is written before the next step
begins, as every other contender does.
"""

import asyncio
import operator
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, TypedDict
from uuid import uuid4

from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import END, START, StateGraph

from bench.peers.protocol import own_output, serve_async


class State(TypedDict):
    """The state of the graph. `values`: by layer, the output of its first node."""

    values: Annotated[dict[int, int], operator.or_]


def node(layer: int, place: int) -> Any:
    async def step(state: State) -> dict[str, dict[int, int]]:
        value = state["values"].get(layer - 1, 0) + 1
        return {"values": {layer: value} if place == 0 else {}}

    return step


def build(widths: tuple[int, ...]) -> StateGraph[State]:
    graph = StateGraph(State)
    above: list[str] = []
    for layer, width in enumerate(widths):
        names = [f"n{layer}_{place}" for place in range(width)]
        for place, name in enumerate(names):
            graph.add_node(name, node(layer, place))
            # One list of sources: it waits for all of them.
            graph.add_edge(above or START, name)
        above = names
    graph.add_edge(above, END)
    return graph


async def main(folder: Path) -> None:
    output = own_output()
    async with AsyncSqliteSaver.from_conn_string(str(folder / "langgraph.sqlite")) as saver:

        @cache
        def compiled(widths: tuple[int, ...]) -> Any:
            return build(widths).compile(checkpointer=saver)

        async def run(widths: tuple[int, ...]) -> int:
            config = {"configurable": {"thread_id": uuid4().hex}, "recursion_limit": 2 * len(widths) + 10}
            state = await compiled(widths).ainvoke({"values": {}}, config, durability="sync")
            return int(state["values"][len(widths) - 1])

        async def measure(widths: list[int], runs: int) -> list[int]:
            return await asyncio.gather(*(run(tuple(widths)) for _ in range(runs)))

        await serve_async(output, f"LangGraph {version('langgraph')}, SQLite checkpointer", measure)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
