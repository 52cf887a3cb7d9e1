"""Expressions that each take a good part of what one may: however many come at once, no workflow task takes long."""

import os
from collections.abc import AsyncIterator, Callable
from itertools import product
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from tests.integration.graph_cases import echo, edge, emit, graph
from tests.integration.graph_runs import Handle, Runs, ended, serve
from tests.sandbox import replayer
from wand_orchestrator.workflows.patches import GENERATIONS

NUMBERS = list(range(1000))
HEAVY = f"length([*].[`{list(range(100))}`[*].[@]])"
"""Over NUMBERS: some 300,000 of the 1,000,000 steps that an evaluation may take, and gives 1,000."""

UNTIL = f"params.value | {HEAVY} == `1000`"
COUNT = 8


@pytest.fixture(scope="session")
async def runs(temporal_env: WorkflowEnvironment, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Runs]:
    async for runs in serve(temporal_env.client, tmp_path_factory.mktemp("heavy")):
        yield runs


async def ended_tasks(runs: Runs, handle: Handle) -> int:
    """How often the run let a workflow task end before it went on. None of its tasks may have failed."""
    history = await handle.fetch_history()
    assert not any(event.HasField("workflow_task_failed_event_attributes") for event in history.events)
    await replayer(runs.client.data_converter).replay_workflow(history)
    scheduled = [event.activity_task_scheduled_event_attributes.activity_id for event in history.events]
    return sum(id.startswith("$task") for id in scheduled)


def repeat(id: str) -> dict[str, Any]:
    params = {"agent": "test.echo", "params": {"value": {"$input": "@"}}, "until": UNTIL, "max_times": 3}
    return {"id": id, "type": "flow.repeat", "params": params}


async def test_many_edges_of_one_node_are_judged_over_several_tasks(runs: Runs) -> None:
    targets = [echo(f"t{number}") for number in range(COUNT)]
    edges = [edge("a", target["id"], x=HEAVY, when=f"{HEAVY} > `1`") for target in targets]
    handle = await runs.start(graph([emit("a", NUMBERS), *targets], edges))
    outputs = (await handle.result()).outputs
    assert outputs == {target["id"]: {"params": {}, "input": {"x": 1000}} for target in targets}
    assert await ended_tasks(runs, handle) >= COUNT - 1


async def test_many_edges_into_one_node_are_judged_over_several_tasks(runs: Runs) -> None:
    sources = [emit(f"s{number}", NUMBERS) for number in range(COUNT)]
    edges = [edge(source["id"], "t", **{source["id"]: HEAVY}) for source in sources]
    handle = await runs.start(graph([*sources, echo("t")], edges))
    assert (await handle.result()).outputs["t"]["input"] == {source["id"]: 1000 for source in sources}
    assert await ended_tasks(runs, handle) >= COUNT // 2 - 1


async def test_references_of_many_nodes_are_resolved_over_several_tasks(runs: Runs) -> None:
    nodes = [echo(f"n{number}", params={"value": {"$input": HEAVY}}) for number in range(COUNT)]
    handle = await runs.start(graph(nodes), input=NUMBERS)
    outputs = (await handle.result()).outputs
    assert outputs == {node["id"]: {"params": {"value": 1000}, "input": {}} for node in nodes}
    assert await ended_tasks(runs, handle) >= COUNT // 2 - 1


async def test_an_evaluation_takes_a_million_steps_in_runs_that_begin_now(runs: Runs) -> None:
    """Runs whose histories have no such marker keep to half of them."""
    node = echo("n", params={str(number): {"$input": HEAVY} for number in range(3)})
    handle = await runs.start(graph([node]), input=NUMBERS)
    assert (await handle.result()).outputs["n"]["params"] == {"0": 1000, "1": 1000, "2": 1000}
    history = await handle.fetch_history()
    markers = [event for event in history.events if event.HasField("marker_recorded_event_attributes")]
    assert list(GENERATIONS)[-1] in str(markers)
    assert len(markers) == 1
    await replayer(runs.client.data_converter).replay_workflow(history)


async def test_now_is_the_clock_of_the_run(runs: Runs) -> None:
    node = echo("n", params={"at": {"$input": "now()"}})
    handle = await runs.start(graph([node, echo("t")], [edge("n", "t", at="now()", when="now() > '2020'")]), input={})
    at = (await handle.result()).outputs["t"]["input"]["at"]
    history = await handle.fetch_history()
    times = {event.event_time.ToDatetime().isoformat(timespec="milliseconds") + "Z" for event in history.events}
    assert at in times
    await replayer(runs.client.data_converter).replay_workflow(history)


async def test_references_of_one_node_take_as_much_as_one_evaluation_may(runs: Runs) -> None:
    node = echo("n", params={str(number): {"$input": HEAVY} for number in range(4)})
    state = await ended(await runs.start(graph([node]), input=NUMBERS))
    assert state.error is not None
    assert state.error.code == "expression_too_large"


async def test_conditions_of_many_repeats_are_judged_over_several_tasks(runs: Runs) -> None:
    nodes = [repeat(f"r{number}") for number in range(COUNT)]
    handle = await runs.start(graph(nodes), input=NUMBERS)
    outputs = (await handle.result()).outputs
    assert {(output["times"], output["satisfied"]) for output in outputs.values()} == {(1, True)}
    assert await ended_tasks(runs, handle) >= COUNT // 2 - 1


WIDE = "range(`0`, `200000`)"
BLOWING_UP = {
    "doublings": " | ".join(["[@, @]"] * 40) + " | to_string(@)",
    "texts": f"to_string({WIDE}) | " + " | ".join(["join('', [@, @, @])"] * 12),
    "calls": f"{WIDE} | map(&power(add(@, `2`), `300`), @) | [*].to_json(@)",
    "patterns": f"to_string({WIDE}) | regex_find_all(@, '(.*)x|.')",
    "mixed": "sort_by([`1`, 'a', `null`], &@)",
}
"""What is refused, each for another reason."""

PLACES: dict[str, Callable[[str], tuple[list[dict[str, Any]], list[dict[str, Any]]]]] = {
    "map": lambda expression: ([emit("a", 1), echo("n")], [edge("a", "n", x=expression)]),
    "when": lambda expression: ([emit("a", 1), echo("n")], [edge("a", "n", when=expression)]),
    "$input": lambda expression: ([echo("n", params={"x": {"$input": expression}})], []),
    "$expr": lambda expression: ([echo("n", params={"x": {"$expr": expression}})], []),
    "$template": lambda expression: ([echo("n", params={"x": {"$template": f"{{{{ {expression} }}}}"}})], []),
    "until": lambda expression: ([{**repeat("n"), "params": {**repeat("n")["params"], "until": expression}}], []),
    "agent.transform": lambda expression: (
        [{"id": "n", "type": "agent.transform", "params": {"expression": expression}}],
        [],
    ),
}


PAIRS = [
    (place, kind)
    for (at, place), (number, kind) in product(enumerate(PLACES), enumerate(BLOWING_UP))
    # Each place and each kind twice or more; `make fuzz-expressions` tries each kind in each place.
    if "WAND_FUZZ_EXAMPLES" in os.environ or (number - at) % len(BLOWING_UP) < 2
]


@pytest.mark.parametrize(("place", "kind"), PAIRS)
async def test_an_expression_that_blows_up_ends_its_node_and_nothing_else(runs: Runs, place: str, kind: str) -> None:
    nodes, edges = PLACES[place](BLOWING_UP[kind])
    handle = await runs.start(graph(nodes, edges), input=1)
    state = await ended(handle)
    assert state.error is not None
    assert state.error.node == "n"
    assert state.error.code in ("expression", "expression_too_large")
    await ended_tasks(runs, handle)


async def test_a_run_goes_on_beside_others_whose_expressions_blow_up(runs: Runs) -> None:
    others = [
        await runs.start(graph([echo("n", params={"x": {"$input": expression}})]), input=1)
        for expression in BLOWING_UP.values()
    ]
    handle = await runs.start(graph([emit("a", 1), echo("n")], [edge("a", "n", x="add(@, `1`)")]), input=1)
    assert (await handle.result()).outputs["n"]["input"] == {"x": 2}
    for other in others:
        assert (await ended(other)).status == "failed"
