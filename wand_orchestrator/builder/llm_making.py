"""Makes the nodes of a graph in which a language model answers."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, TypeVar, overload

from typing_extensions import Unpack

from wand_orchestrator._agent import Agent
from wand_orchestrator._tool import Tool
from wand_orchestrator.builder.control_making import ControlMaking
from wand_orchestrator.builder.given_input import GivenInput
from wand_orchestrator.builder.given_values import TemplateText
from wand_orchestrator.builder.node_handle import NodeHandle
from wand_orchestrator.builder.node_options import NodeOptions, as_document
from wand_orchestrator.builder.targets import ChildGraph, LlmAnswer
from wand_orchestrator.builder.waiting_making import JsonSchema, schema_of
from wand_orchestrator.contract.model_call import CallSettings
from wand_orchestrator.graph import SpendingBudget
from wand_orchestrator.graphs.llm_node import LLM_NAME, ToolChoice

T = TypeVar("T")

LlmTool: TypeAlias = str | Tool | Agent | ChildGraph | ToolChoice | Mapping[str, Any]


class LlmMaking(ControlMaking):
    """The nodes with a model of a graph that is being built."""

    @overload
    def llm(
        self,
        id: str,
        *,
        model: str,
        output: type[T],
        prompt: str | None = None,
        instructions: str | None = None,
        tools: Sequence[LlmTool] = (),
        max_turns: int | None = None,
        settings: CallSettings | None = None,
        budget: SpendingBudget | None = None,
        input: Any = None,
        **options: Unpack[NodeOptions],
    ) -> NodeHandle[T]: ...
    @overload
    def llm(
        self,
        id: str,
        *,
        model: str,
        output: None = None,
        prompt: str | None = None,
        instructions: str | None = None,
        tools: Sequence[LlmTool] = (),
        max_turns: int | None = None,
        settings: CallSettings | None = None,
        budget: SpendingBudget | None = None,
        input: Any = None,
        **options: Unpack[NodeOptions],
    ) -> NodeHandle[LlmAnswer]: ...
    @overload
    def llm(
        self,
        id: str,
        *,
        model: str,
        output: JsonSchema,
        prompt: str | None = None,
        instructions: str | None = None,
        tools: Sequence[LlmTool] = (),
        max_turns: int | None = None,
        settings: CallSettings | None = None,
        budget: SpendingBudget | None = None,
        input: Any = None,
        **options: Unpack[NodeOptions],
    ) -> NodeHandle[Any]: ...
    def llm(
        self,
        id: str,
        *,
        model: str,
        output: Any = None,
        prompt: str | None = None,
        instructions: str | None = None,
        tools: Sequence[LlmTool] = (),
        max_turns: int | None = None,
        settings: CallSettings | None = None,
        budget: SpendingBudget | None = None,
        input: Any = None,
        **options: Unpack[NodeOptions],
    ) -> NodeHandle[Any]:
        """Add a node in which a model answers, which may call tools before it does.

        `prompt`: a text with places over the node's input (`{{ topic }}`), or a `template("…{}…", value)`. `output`:
        the type of a structured answer. `tools`: agents and tools of this process, stored graphs, names, `{"mcp": …}`.
        """
        own = GivenInput()
        self._follow(own, options)
        whole = None if input is None else own.give(input)
        schema, answer = schema_of(output)
        params = {
            "model": model,
            "settings": as_document(settings),
            "instructions": instructions,
            "prompt": own.template(prompt) if isinstance(prompt, TemplateText) else prompt,
            "tools": [self._tool(each) for each in tools] or None,
            "output": schema,
            "max_turns": max_turns,
            "budget": as_document(budget),
        }
        told = {key: value for key, value in params.items() if value is not None}
        return self._node({"id": id, "type": LLM_NAME}, own, told, whole, options, answer or LlmAnswer)

    def _tool(self, tool: LlmTool) -> Any:
        """Return a tool as the graph names it."""
        if isinstance(tool, Tool):
            self.tools[tool.name] = tool
            return tool.name
        if isinstance(tool, Agent):
            return {"agent": self._agent_name(tool)}
        return {"graph": tool.name} if isinstance(tool, ChildGraph) else as_document(tool)
