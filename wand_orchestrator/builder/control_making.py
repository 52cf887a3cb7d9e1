"""Makes the control nodes of a graph that run others: a stored graph, or something for each item or in rounds."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, TypeVar, overload

from typing_extensions import Unpack

from wand_orchestrator._agent import Agent
from wand_orchestrator.builder.expression_tree import Root, jmespath
from wand_orchestrator.builder.given_input import GivenInput
from wand_orchestrator.builder.member_types import element_type
from wand_orchestrator.builder.node_handle import NodeHandle
from wand_orchestrator.builder.node_making import output_of
from wand_orchestrator.builder.node_options import NodeOptions
from wand_orchestrator.builder.targets import ChildGraph, Each, MapOutput, RepeatOutput, StartedRun
from wand_orchestrator.builder.value import Value, tree_of
from wand_orchestrator.builder.waiting_making import WaitingMaking, generic_of

P = TypeVar("P")
I = TypeVar("I")  # noqa: E741
O = TypeVar("O")  # noqa: E741
T = TypeVar("T")
ItemT = TypeVar("ItemT")


class ControlMaking(WaitingMaking):
    """The control nodes of a graph that is being built."""

    @overload
    def graph(
        self,
        id: str,
        graph: str | ChildGraph[T],
        *,
        wait: Literal[False],
        input: Any = None,
        **options: Unpack[NodeOptions],
    ) -> NodeHandle[StartedRun]: ...
    @overload
    def graph(
        self, id: str, graph: ChildGraph[T], *, input: Any = None, **options: Unpack[NodeOptions]
    ) -> NodeHandle[T]: ...
    @overload
    def graph(
        self,
        id: str,
        graph: str,
        *,
        graphs: Sequence[str] = (),
        input: Any = None,
        **options: Unpack[NodeOptions],
    ) -> NodeHandle[Any]: ...
    def graph(
        self,
        id: str,
        graph: Any,
        *,
        graphs: Sequence[str] = (),
        input: Any = None,
        wait: bool = True,
        **options: Unpack[NodeOptions],
    ) -> NodeHandle[Any]:
        """Add a node that runs a stored graph as a run of its own. Its output is that of the graph, by sink.

        `graphs`: those that it may be, where a value of the run names it. `wait=False` starts it only.
        """
        name, output = (graph.name, graph.returns) if isinstance(graph, ChildGraph) else (graph, None)
        params: dict[str, Any] = {"graph": name}
        if graphs:
            params["graphs"] = list(graphs)
        if not wait:
            params["wait"] = False
        return self._control("flow.graph", id, params, options, StartedRun if not wait else output, input)

    @overload
    def map(
        self,
        id: str,
        run: Agent[P, I, O],
        *,
        items: Iterable[ItemT],
        params: P | Mapping[str, Any] | Callable[[Each[ItemT]], P | Mapping[str, Any]] | None = None,
        input: I | Mapping[str, Any] | Callable[[Each[ItemT]], I | Mapping[str, Any]] | None = None,
        own_input: Mapping[str, Any] | None = None,
        concurrency: int | None = None,
        tolerate: float | None = None,
        **options: Unpack[NodeOptions],
    ) -> NodeHandle[MapOutput[O]]: ...
    @overload
    def map(
        self,
        id: str,
        run: ChildGraph[T],
        *,
        items: Iterable[ItemT],
        input: Mapping[str, Any] | Callable[[Each[ItemT]], Any] | None = None,
        own_input: Mapping[str, Any] | None = None,
        concurrency: int | None = None,
        tolerate: float | None = None,
        **options: Unpack[NodeOptions],
    ) -> NodeHandle[MapOutput[T]]: ...
    @overload
    def map(
        self,
        id: str,
        run: str,
        *,
        items: Iterable[ItemT],
        params: Mapping[str, Any] | Callable[[Each[ItemT]], Any] | None = None,
        input: Mapping[str, Any] | Callable[[Each[ItemT]], Any] | None = None,
        agents: Sequence[str | Agent] = (),
        own_input: Mapping[str, Any] | None = None,
        concurrency: int | None = None,
        tolerate: float | None = None,
        **options: Unpack[NodeOptions],
    ) -> NodeHandle[MapOutput[Any]]: ...
    def map(
        self,
        id: str,
        run: Any,
        *,
        items: Any,
        params: Any = None,
        input: Any = None,
        agents: Sequence[str | Agent] = (),
        own_input: Mapping[str, Any] | None = None,
        concurrency: int | None = None,
        tolerate: float | None = None,
        **options: Unpack[NodeOptions],
    ) -> NodeHandle[Any]:
        """Add a node that runs an agent or a stored graph for each item.

        `input=lambda part: given(Input, url=part.item)` tells what each is given; `params` likewise. Without `input` an
        item that is an object is the input. `agents`: those that `run` may be, where a value of the run names it.
        `own_input`: further keys of the node's input, which `part.input` sees.
        """
        own = self._own_input(None, options, prefixed=True)
        listed = isinstance(items, Value)
        own.give({**(own_input or {}), **({"items": items} if listed else {})})
        limits = {"concurrency": concurrency, "tolerate": tolerate}
        part = Each[Any](element_type(items._type) if listed else None)
        written = {
            **({} if listed else {"items": list(items)}),
            **self._target(run, agents),
            **self._parts(own, part, params, input),
            **{key: value for key, value in limits.items() if value is not None},
        }
        output = generic_of(MapOutput, _target_output(run))
        return self._node({"id": id, "type": "flow.map"}, own, written, None, options, output)

    @overload
    def repeat(
        self,
        id: str,
        run: Agent[P, I, O],
        *,
        until: Callable[[O], bool] | str,
        max_times: int,
        params: P | Mapping[str, Any] | Callable[[Each[Any]], P | Mapping[str, Any]] | None = None,
        input: I | Mapping[str, Any] | Callable[[Each[Any]], I | Mapping[str, Any]] | None = None,
        first: I | Mapping[str, Any] | None = None,
        **options: Unpack[NodeOptions],
    ) -> NodeHandle[RepeatOutput[O]]: ...
    @overload
    def repeat(
        self,
        id: str,
        run: str | ChildGraph | Agent,
        *,
        until: Callable[[Any], bool] | str,
        max_times: int,
        params: Any = None,
        input: Any = None,
        first: Any = None,
        state: Mapping[str, Any] | None = None,
        agents: Sequence[str | Agent] = (),
        **options: Unpack[NodeOptions],
    ) -> NodeHandle[RepeatOutput[Any]]: ...
    def repeat(
        self,
        id: str,
        run: Any,
        *,
        until: Any,
        max_times: int,
        params: Any = None,
        input: Any = None,
        first: Any = None,
        state: Mapping[str, Any] | None = None,
        agents: Sequence[str | Agent] = (),
        **options: Unpack[NodeOptions],
    ) -> NodeHandle[Any]:
        """Add a node that runs an agent or a stored graph again and again, each time on its last output, until `until`
        is true of an output: `until=lambda draft: draft.score > 8`.

        `first`: the node's input, with which it begins. With `state`, each round is run on that, `until` judges it, and
        what a round returns is merged into it.
        """
        own = self._own_input(None, options, prefixed=True)
        whole = None if first is None else own.give(first)
        judged = (
            until if isinstance(until, str) else jmespath(tree_of(until(Value(Root("element"), output_of(run, None)))))
        )
        written = {
            **self._target(run, agents),
            **self._parts(own, Each(), params, input),
            "until": judged,
            **({} if state is None else {"state": state}),
            "max_times": max_times,
        }
        output = generic_of(RepeatOutput, _target_output(run))
        return self._node({"id": id, "type": "flow.repeat"}, own, written, whole, options, output)

    def _target(self, run: Any, agents: Sequence[str | Agent]) -> dict[str, Any]:
        if isinstance(run, ChildGraph):
            return {"graph": run.name}
        named = {"agent": self._agent_name(run)}
        return {**named, "agents": [self._agent_name(each) for each in agents]} if agents else named

    def _parts(self, own: GivenInput, part: Each[Any], params: Any, input: Any) -> dict[str, Any]:
        """Return the params and the input of what is run, which see an item or a round."""
        made = {"params": params, "input": input}
        return {
            key: own.written(value(part) if callable(value) and not isinstance(value, Value) else value, key)
            for key, value in made.items()
            if value is not None
        }


def _target_output(run: Any) -> Any:
    return run.returns if isinstance(run, ChildGraph) else output_of(run, None)
