"""The graph document (DESIGN: nodes are agents, edges carry results): its models, as posted and as stored.

Only shapes and types live here; what a graph must satisfy beyond them is in `wand_orchestrator.validation`.
"""

import json
from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

Join = Literal["all", "any", "first"]
On = Literal["success", "failure", "settled"]
Execution = Literal["local", "regular"]
NAME_BYTES = 2000
"""Of the name of a graph as JSON in ASCII, as it stands in a search attribute: Temporal takes 2 KB for one
(`limit.searchAttributesSizeOfValue`)."""


def _fits_temporal(name: str) -> str:
    if len(json.dumps(name)) > NAME_BYTES:
        raise ValueError(f"the name takes more than {NAME_BYTES} bytes as JSON in ASCII: fewer emoji and the like fit")
    return name


Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
GraphName = Annotated[Name, AfterValidator(_fits_temporal)]
Identifier = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]*$")]
INPUT_SOURCE = "$input"
"""As the source of an edge: the run's input. No node can have this id."""

OTHERWISE = "otherwise"
"""As the condition of an edge: no edge of its source with the same `on` and a condition was taken."""

SourceId = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern=r"^(\$input|[A-Za-z0-9][A-Za-z0-9_.\-]*)$"),
]
LONGEST_SEC = 10 * 365 * 86_400
Seconds = Annotated[float, Field(ge=0.001, le=LONGEST_SEC, allow_inf_nan=False)]
"""Temporal's timers count in milliseconds: what is shorter would be no limit, or one that nothing can keep."""

Heartbeat = Annotated[float, Field(ge=1, le=LONGEST_SEC, allow_inf_nan=False)]
"""A worker beats every half second, and the SDK holds a beat back for up to 0.8 of this: less loses healthy workers."""


def _is_object(given: dict[str, Any]) -> dict[str, Any]:
    if given.keys() == {"$literal"} and not isinstance(given["$literal"], dict):
        raise ValueError("what stands in a `$literal` here must be an object: its keys are what the node is given")
    return given


GivenByKey = Annotated[dict[str, Any], AfterValidator(_is_object)]
"""What a node is given by key, with references in it."""


class Strict(BaseModel):
    """The base of the graph's models: unknown keys are faults, and instances are immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Retry(Strict):
    """Backoff between attempts: initial * coefficient ** (attempt - 1), at most `max_interval_sec`."""

    initial_interval_sec: Seconds = 1.0
    backoff_coefficient: float = Field(default=2.0, ge=1, le=100, allow_inf_nan=False)
    max_interval_sec: Seconds = 60.0
    non_retryable: tuple[Name, ...] = Field(
        default=(), description="Error codes after which the node is not tried again."
    )


ANY_CODE = "*"


class RetryRule(Strict):
    """Backoff after failures with some codes; of a list of rules the first that names the code holds."""

    codes: tuple[Name, ...] = Field(min_length=1, description=f'Error codes; "{ANY_CODE}" stands for any.')
    retries: int | None = Field(
        default=None,
        ge=0,
        le=1000,
        description="Attempts of the node after the first, whatever failed before; default: the `retries` of the node.",
    )
    initial_interval_sec: Seconds = 1.0
    backoff_coefficient: float = Field(default=2.0, ge=1, le=100, allow_inf_nan=False)
    max_interval_sec: Seconds = 60.0

    def names(self, code: str) -> bool:
        return code in self.codes or ANY_CODE in self.codes


def _once(rules: tuple[RetryRule, ...]) -> tuple[RetryRule, ...]:
    seen: set[str] = set()
    for rule in rules:
        for code in rule.codes:
            if code in seen or ANY_CODE in seen:
                raise ValueError(f"the rule for {code!r} never holds: an earlier one names it")
            seen.add(code)
    return rules


RetryRules = Annotated[tuple[RetryRule, ...], Field(min_length=1), AfterValidator(_once)]


InputKeys = tuple[str, ...]


class Node(Strict):
    """One agent in the graph."""

    id: Identifier
    type: Name = Field(description="The agent's name, as listed by `GET /agents`.")
    params: GivenByKey = Field(
        default_factory=dict,
        description="Checked against the agent's schema. References anywhere in it are replaced: "
        '`{"$input": "<JMESPath over the run\'s input>"}`, `{"$expr": "<JMESPath over the node\'s input>"}`, '
        '`{"$template": "Dear {{ name }}"}`, `{"$literal": <any value as it stands>}`.',
    )
    input: GivenByKey = Field(
        default_factory=dict,
        description="Inputs that the graph gives, beside what edges map; references as in `params`.",
    )
    takes: InputKeys | dict[Name, InputKeys] | None = Field(
        default=None,
        description="Input keys that the agent takes; others are there for references alone, and not handed to it. "
        "Found out by itself for agents of this service, and to be said for those of a `queue` that need it. Where a "
        "node chooses its agent: an object, with the keys of each agent by its name; one that is not in it is handed "
        "all keys.",
    )
    timeout_sec: Seconds | None = Field(default=None, description="Of one attempt.")
    retries: int | None = Field(default=None, ge=0, le=1000, description="Attempts after the first.")
    retry: Retry | RetryRules | None = Field(
        default=None, description="Backoff of all failures, or a list of rules by error code."
    )
    optional: bool = Field(default=False, description="When it fails, the run goes on with a null output.")
    join: Join = Field(
        default="all",
        description="`all`: runs if every incoming edge was taken; `any`: if one was; `first`: as soon as one is, and "
        "nodes that only led to the others are cancelled.",
    )
    queue: Name | None = Field(default=None, description="Temporal task queue whose workers run this node.")
    rate: Identifier | None = Field(
        default=None,
        description="Name of a rate that the operator sets (`WAND_RATES`): so many attempts of all nodes with it begin "
        "in a second, over all runs and workers. Not together with `queue`.",
    )
    heartbeat_sec: Heartbeat | None = Field(default=None, description="A worker silent for so long is given up.")
    execution: Execution | None = Field(
        default=None,
        description="`local`: in the workflow's own process, without a way through Temporal's task queues; for agents "
        "that take milliseconds. Default: as the agent declares itself. Of no effect with `queue`.",
    )


class Edge(Strict):
    """Orders two nodes; `map` carries data, `when` decides whether it is taken."""

    source: SourceId = Field(alias="from", description="A node, or `$input`: the run's input.")
    target: Identifier = Field(alias="to")
    on: On = Field(
        default="success",
        description="`success`: judged on the source's output. `failure`: judged on "
        '`{"error": {"code", "message", "details", "attempt"}}` if the source failed for good; if it is taken, the run '
        'goes on. `settled`: either way, judged on `{"output", "error"}`, of which one is null.',
    )
    map: dict[str, str] = Field(
        default_factory=dict, description="Input key of the target: JMESPath over what the edge is judged on."
    )
    when: str | None = Field(
        default=None,
        description="JMESPath over what the edge is judged on; taken if true. `otherwise`: taken if none of its "
        "source's edges with the same `on` and a condition is.",
    )


class SpendingBudget(Strict):
    """How much models may be used: tokens, money, or both. What a call may cost at most is reserved before it."""

    tokens: int | None = Field(default=None, ge=1, le=10**15, description="Of input and output together.")
    usd: float | None = Field(default=None, gt=0, le=1e9, allow_inf_nan=False, description="US dollars.")
    on_exceeded: Literal["fail", "pause"] = Field(
        default="fail",
        description="When the next call does not fit in what is left: the node fails with `budget_exceeded`, or the "
        "run is paused until somebody raises the budget.",
    )

    @model_validator(mode="after")
    def _limits_something(self) -> Self:
        if self.tokens is None and self.usd is None:
            raise ValueError("give `tokens`, `usd` or both")
        return self


class Options(Strict):
    concurrency: int = Field(default=16, ge=1, le=10_000, description="Nodes in flight at once, at most.")
    default_timeout_sec: Seconds = 300.0
    max_retries: int = Field(default=2, ge=0, le=1000, description="Of a node that does not say `retries`.")
    run_timeout_sec: Seconds | None = None
    on_failure: Literal["cancel", "pause", "continue"] = Field(
        default="cancel",
        description="What a failed node does to the run: `cancel` what is in flight and fail; `pause` until somebody "
        "retries or skips the node; `continue` the branches that do not depend on it, then fail.",
    )
    retry: Retry | RetryRules = Field(default_factory=Retry)
    budget: SpendingBudget | None = Field(
        default=None, description="Of all model calls of the run and its child runs together."
    )


class Graph(Strict):
    """A piece of work: agents and what flows between them."""

    name: GraphName
    nodes: tuple[Node, ...] = Field(min_length=1)
    edges: tuple[Edge, ...] = ()
    options: Options = Field(default_factory=Options)
    input_schema: dict[str, Any] | None = Field(
        default=None,
        description="JSON Schema (2020-12) of the input of a run, which is checked, with defaults filled in, "
        "before it starts.",
    )
    sinks: tuple[Identifier, ...] | None = Field(
        default=None,
        description="Nodes whose outputs are the result; default: all without an outgoing edge on success.",
    )

    def effective_sinks(self) -> tuple[str, ...]:
        """The sinks as given, or all nodes without an outgoing edge on success, in the order of `nodes`."""
        if self.sinks:
            return self.sinks
        sources = {edge.source for edge in self.edges if edge.on == "success"}
        return tuple(node.id for node in self.nodes if node.id not in sources)

    def reached_from(self, nodes: Iterable[str]) -> frozenset[str]:
        """These nodes, and all that come after them."""
        after: dict[str, list[str]] = {}
        for edge in self.edges:
            after.setdefault(edge.source, []).append(edge.target)
        reached = set(nodes)
        queue = list(reached)
        while queue:
            new = [target for target in after.get(queue.pop(), ()) if target not in reached]
            reached.update(new)
            queue += new
        return frozenset(reached)
