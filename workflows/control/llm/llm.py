"""`agent.llm`: lets a model answer, turn by turn, and carries out the tool calls that it asks for.

Each call of the model is an activity, and each call of a tool an activity or a child run; what comes next is decided
here. So a crash costs the calls in flight and no others.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from wand_orchestrator.contract.mcp import McpName, McpTools
from wand_orchestrator.contract.model_call import ModelDescription, ModelReply, ModelTurn, ToolCall
from wand_orchestrator.contract.names import AGENT_MODEL_DESCRIBE, AGENT_MODEL_TURN
from wand_orchestrator.graphs.llm_node import LlmParams
from wand_orchestrator.graphs.node_values import INPUT
from wand_orchestrator.graphs.references import TEMPLATE_KEY, reference_key
from wand_orchestrator.workflows.arrivals.raw_values import read
from wand_orchestrator.workflows.control.base import Control, Given, Host, PartValues, TurnCall, failure
from wand_orchestrator.workflows.control.llm.answer import JudgedAnswer, judged, require_whole, schema_of
from wand_orchestrator.workflows.control.llm.llm_state import LlmState
from wand_orchestrator.workflows.control.llm.parts import listing_part, part_of, setup_part, turn_part
from wand_orchestrator.workflows.control.llm.tool_calls import ToolCalls
from wand_orchestrator.workflows.control.llm.toolbox import Toolbox, asked_of_worker, toolbox_of
from wand_orchestrator.workflows.held_back import until_free
from wand_orchestrator.workflows.uncancelled import raise_if_cancelled

MAX_CALLS = 1_000
"""Of one turn, as a bound for the history. The worker has one of its own, `WAND_MAX_MODEL_CALLS`."""

MAX_MISFITS = 2
"""How often a model is asked again for an answer that fits."""

PROMPT = "prompt"
WHOLE_INPUT = "{{ @ }}"


class Llm(Control):
    def __init__(self, given: Given, host: Host) -> None:
        super().__init__(given, host)
        self._params = LlmParams.model_validate(given.params)
        self._schema = None if self._params.output is None else schema_of(self._params.output)
        self._state = LlmState() if given.carried is None else LlmState.of(given.carried)
        self._calls: ToolCalls | None = None
        self._exhausted = False
        self._thinking = False

    async def run(self) -> Any:
        """Return the answer. Raises ApplicationError `turns_exhausted`, `invalid_output`, and what a call of the model
        fails with.
        """
        toolbox = await self._toolbox()
        if self._state.prompt is None and self._state.before is None:
            self._state.prompt = await self._prompt()
        while True:
            if self._state.calls is not None:
                await self._carry_out(toolbox)
            reply = await self._turn(toolbox)
            if self._state.calls is None and (answer := await self._answer(reply)) is not None:
                return answer.output

    def carry(self) -> dict[str, Any]:
        return self._state.carry() | {"calls": self._state.calls if self._calls is None else self._calls.carry()}

    def done_before_failing(self) -> dict[str, Any] | None:
        """Return the conversation so far: a retry makes no call again whose result is known. One whose model came to no
        answer in its turns begins anew.
        """
        if self._exhausted or self._state.before is None:
            return None
        calls = self._state.calls if self._calls is None else self._calls.done()
        return self._state.carry() | {"described": None, "mcp": {}, "calls": calls}

    @property
    def busy(self) -> bool:
        return True

    @property
    def crosses(self) -> bool:
        return not self._thinking and (self._calls is None or self._calls.crosses)

    async def _toolbox(self) -> Toolbox:
        """Return the tools of the node, which a worker describes once."""
        state = self._state
        if state.described is None:
            state.described = await self._described()
        for server in dict.fromkeys(choice.mcp for choice in self._params.choices if choice.mcp is not None):
            if server not in state.mcp:
                state.mcp[server] = await self._listed(server)
        graphs = {use.graph: self.host.subgraph(use.graph) for use in self._params.choices if use.graph is not None}
        return toolbox_of(self._params, state.described, graphs, state.mcp)

    async def _listed(self, server: str) -> McpTools:
        """Return the tools of an MCP server, as the run took them once."""

        async def values() -> PartValues:
            return PartValues({}, {})

        type = McpName(server, "").listing
        result = await self.host.run_agent(part_of(self.node, listing_part(self.node, server), type, type), values)
        return read(McpTools, result.output, "invalid_output", "the tools of an MCP server")

    async def _described(self) -> ModelDescription:
        async def values() -> PartValues:
            return PartValues(asked_of_worker(self._params).model_dump(mode="json"), {})

        part = part_of(self.node, setup_part(self.node), AGENT_MODEL_DESCRIBE, self._params.model)
        result = await self.host.run_agent(part, values)
        return read(ModelDescription, result.output, "invalid_output", "a description of a model and tools")

    async def _prompt(self) -> str:
        """Return what the model is asked first. Only what the graph itself says is a template: a text that a reference
        gave may hold anything.
        """
        written = None if reference_key(self.node.params) is not None else self.node.params.get(PROMPT)
        if self._params.prompt is not None and not isinstance(written, str):
            return self._params.prompt
        template = WHOLE_INPUT if self._params.prompt is None else written
        with self._thinks():
            resolved = await self.host.resolve({INPUT: {PROMPT: {TEMPLATE_KEY: template}}}, self.input)
        return str(resolved[INPUT][PROMPT])

    async def _turn(self, toolbox: Toolbox) -> ModelReply:
        """Call the model once; take its reply into the state."""
        raise_if_cancelled()
        state = self._state
        if state.turn >= self._params.max_turns:
            self._exhausted = True
            raise failure("turns_exhausted", f"the model came to no answer in its {self._params.max_turns} turns")
        if not state.asking:
            await until_free(lambda: self.host.holds_back)
        state.asking = True
        try:
            reply = await self._reply(toolbox)
        finally:
            state.asking = False
        state.turn += 1
        state.before, state.prompt, state.outcomes = reply.conversation, None, ()
        state.calls = self._calls_of(reply.calls)
        return reply

    async def _reply(self, toolbox: Toolbox) -> ModelReply:
        state, params = self._state, self._params
        turn = ModelTurn(
            model=params.model,
            instructions=params.instructions,
            before=state.before,
            prompt=state.prompt,
            outcomes=state.outcomes,
            tools=toolbox.definitions,
            output=params.output,
            settings=params.settings,
        )

        assert state.described is not None
        part = part_of(self.node, turn_part(self.node, state.turn), AGENT_MODEL_TURN, params.model, rate=self.node.rate)
        call = TurnCall(part, self.node.id, turn, state.described.model, params.budget, state.tokens)
        result, state.tokens = await self.host.call_model(call)
        return read(ModelReply, result.output, "invalid_output", "a reply of a model")

    def _calls_of(self, calls: tuple[ToolCall, ...]) -> dict[str, Any] | None:
        if len(calls) > MAX_CALLS:
            self._exhausted = True
            raise failure(
                "too_many_calls", f"the model asked for {len(calls)} tool calls at once, and may for {MAX_CALLS}"
            )
        return {"calls": [call.model_dump(mode="json") for call in calls]} if calls else None

    async def _carry_out(self, toolbox: Toolbox) -> None:
        """Carry out the calls of the last turn; the next one is told their outcomes."""
        raise_if_cancelled()
        state = self._state
        assert state.calls is not None
        calls = tuple(map(ToolCall.model_validate, state.calls["calls"]))
        turn = turn_part(self.node, state.turn - 1)
        self._calls = ToolCalls(self.node, self.host, toolbox, turn, calls, state.used, state.calls)
        state.outcomes = await self._calls.run()
        self._calls = state.calls = None

    async def _answer(self, reply: ModelReply) -> JudgedAnswer | None:
        """Return the answer; None if the model is asked again."""
        require_whole(reply)
        with self._thinks():
            answer = await self.host.check(lambda budget: judged(reply, self._schema, budget))
        if answer.misfit is None:
            return answer
        self._state.misfits += 1
        if self._state.misfits > MAX_MISFITS:
            self._exhausted = True
            raise failure("invalid_output", f"the answer does not fit `output`: {answer.misfit}")
        self._state.prompt = f"The answer does not fit: {answer.misfit}. Give the whole answer again."
        return None

    @contextmanager
    def _thinks(self) -> Iterator[None]:
        """Keep the run in this history: what is found meanwhile would be lost."""
        self._thinking = True
        try:
            yield
        finally:
            self._thinking = False
