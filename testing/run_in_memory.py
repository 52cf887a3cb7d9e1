"""Runs a graph in a test: the same workflow, in this process, without Temporal."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from obstore.store import MemoryStore

from wand_orchestrator.contract.ids import RunId
from wand_orchestrator.contract.run import NewRun, RunInput, RunResult
from wand_orchestrator.contract.state import NodeState
from wand_orchestrator.errors import GraphFaults
from wand_orchestrator.graph import Graph
from wand_orchestrator.graphs.prepared import prepared
from wand_orchestrator.plugins import Registry
from wand_orchestrator.settings import Settings
from wand_orchestrator.testing.finished_run import FinishedRun, NodeRecord
from wand_orchestrator.testing.in_memory.in_memory_temporal import InMemoryTemporal, RunStuck
from wand_orchestrator.testing.in_memory.own_activities import OwnActivities, RememberedArtifacts
from wand_orchestrator.testing.in_memory.people import People
from wand_orchestrator.testing.in_memory.stepped_execution import CONVERTER, Execution
from wand_orchestrator.testing.in_memory.witness import Witness
from wand_orchestrator.testing.scripted_model import ScriptedModel, Scripts
from wand_orchestrator.testing.stand_ins import Given, with_stand_ins
from wand_orchestrator.validation import Known, check_graph
from wand_orchestrator.validation.input_schema import admitted

RUN_ID = RunId("r_test")

Document = Mapping[str, Any]


def run_graph(
    graph: Document,
    input: Any = None,
    *,
    agents: Given = (),
    tools: Given = (),
    models: ScriptedModel | Scripts | None = None,
    graphs: Mapping[str, Document] | None = None,
    answers: Mapping[str, Any] | None = None,
    events: Sequence[tuple[str, Any]] = (),
    settings: Settings | None = None,
) -> FinishedRun:
    """Check a graph as `POST /graphs` does, run it to its end, and return what happened.

    The workflow, its scheduler, expressions, control nodes, retries and the runner of agents are those of a worker.
    Time in which nothing happens is skipped. Agents and tools run in this process: those that are installed, and
    `agents` and `tools`, a list of them or a mapping from names to an Agent or Tool, a function, or what is always
    returned.

    `models`: a ScriptedModel, or its script. `graphs`: the stored graphs that this one names, by name. `answers`: to
    nodes that wait for a person, by name: the answer, or a function of what is asked. `events`: names and data of
    events, each sent when a node waits for it.

    Raises GraphFaults, InputFaults, RunStuck for a run that waits for something that the test does not give, and
    AnswerRefused for an answer that the run refuses. A run that fails is returned with its `error`.
    """
    settings = settings or Settings(_env_file=None)
    model = models if isinstance(models, ScriptedModel) else ScriptedModel({} if models is None else models)
    witness = Witness(RUN_ID)
    registry = with_stand_ins(Registry.load(settings), agents, tools, model.agents(witness.path))
    run = _checked(graph, input, graphs or {}, registry, settings)
    people = People(witness, answers or {}, events)
    return _in_a_loop(_carried_out(run, registry, settings, witness, people))


def _in_a_loop(work: Coroutine[Any, Any, FinishedRun]) -> FinishedRun:
    """Run the coroutine to its end, also for a test that is on an event loop itself."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def _checked(
    document: Document, input: Any, graphs: Mapping[str, Document], registry: Registry, settings: Settings
) -> RunInput:
    """Return the input of the workflow. Raises GraphFaults, InputFaults."""
    children = {name: _graph(child, {}, registry, settings) for name, child in graphs.items()}
    for child in graphs.values():
        _graph(child, children, registry, settings)
    graph = _graph(document, children, registry, settings)
    return RunInput(
        graph=_regular(prepared(graph, registry.agents)),
        subgraphs={name: _regular(prepared(child, registry.agents)) for name, child in children.items()},
        input=admitted(graph.input_schema, input),
        created_at=datetime.now(UTC),
    )


def _graph(document: Document, children: Mapping[str, Graph], registry: Registry, settings: Settings) -> Graph:
    checked = check_graph(
        document,
        registry.agents,
        max_nodes=settings.max_nodes,
        max_edges=settings.max_edges,
        children=children,
        known=Known(tools=registry.tools, model_fault=lambda _: None),
    )
    if checked.graph is None or checked.faults:
        faults = GraphFaults(checked.faults)
        for fault in checked.faults:
            faults.add_note(f"{fault.pointer}: {fault.message} ({fault.code})")  # pytest prints it
        raise faults
    return checked.graph


def _regular(graph: Graph) -> Graph:
    """Return the graph with regular activities alone: here no other process would have to be asked for one."""
    nodes = tuple(node.model_copy(update={"execution": None}) for node in graph.nodes)
    return graph.model_copy(update={"nodes": nodes})


async def _carried_out(
    run: RunInput, registry: Registry, settings: Settings, witness: Witness, people: People
) -> FinishedRun:
    artifacts = RememberedArtifacts(MemoryStore())
    temporal: InMemoryTemporal

    def start_run(new: NewRun) -> None:
        _start(temporal, new.run_id, new.run)

    activities = OwnActivities(registry, settings, artifacts, start_run, witness.is_ending)
    temporal = InMemoryTemporal(activities, lambda: people.act(temporal), witness.externs)
    execution = _start(temporal, RUN_ID, run)
    try:
        await temporal.finish(execution)
    except RunStuck as stuck:
        raise RunStuck("; ".join(people.unanswered()) or str(stuck)) from None
    finally:
        await temporal.close()
    return _finished(execution, witness, artifacts)


def _start(temporal: InMemoryTemporal, id: str, run: RunInput) -> Execution:
    return temporal.start(id, CONVERTER.to_payloads([run, None]))


def _finished(execution: Execution, witness: Witness, artifacts: RememberedArtifacts) -> FinishedRun:
    state = witness.states[RUN_ID]
    result = None
    if execution.result is not None:
        [result] = CONVERTER.from_payloads([execution.result], [RunResult])
    records = dict(witness.records)
    for name, known in state.nodes.items():
        records.setdefault(name, NodeRecord()).state = known
    for name in records.keys() - state.nodes.keys():
        records[name].state = NodeState()
    return FinishedRun(state, witness.events[RUN_ID], result, records, artifacts.saved)
