"""Internal agents of `agent.llm` that follow a script in place of a model, for tests of the loop alone.

A model is named `script:<folder>`; `script.json` in it is a list of replies, one a turn, each a ModelReply without its
conversation, or `{"fails": {code, message, retryable}}`; with `waits_for` it comes when that file is there. What a turn
was asked is kept in the folder, too.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import sample_agents

from tests.waiting import until
from wand_orchestrator import Agent, AgentContext, AgentError, agent
from wand_orchestrator.activities.agents.transform import transform
from wand_orchestrator.contract.model_call import (
    DescribedTool,
    DescribeModel,
    ModelDescription,
    ModelInfo,
    ModelReply,
    ModelTurn,
    ToolDefinition,
)
from wand_orchestrator.contract.names import AGENT_MODEL_DESCRIBE, AGENT_MODEL_TOOL, AGENT_MODEL_TURN
from wand_orchestrator.plugins import Registry

Json = dict[str, Any]


class Script:
    """A folder with a script, and what was asked by it."""

    def __init__(self, folder: Path, *replies: Json) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True, parents=True)
        (folder / "script.json").write_text(json.dumps(replies))

    def known(self, **info: Any) -> "Script":
        """Let workers know this of the model: fields of a ModelInfo."""
        (self.folder / "info.json").write_text(json.dumps(info))
        return self

    @property
    def model(self) -> str:
        return f"script:{self.folder}"

    @property
    def asked(self) -> list[ModelTurn]:
        """What each call was asked, in order."""
        return [ModelTurn.model_validate_json(path.read_text()) for path in sorted(self.folder.glob("asked-*"))]


def calls(*asked: tuple[str, Any], **rest: Any) -> Json:
    """A reply that calls these tools."""
    return {
        "calls": [{"id": f"c{i}", "name": name, "arguments": given} for i, (name, given) in enumerate(asked)]
    } | rest


@agent("scripted.describe")
async def describe(params: DescribeModel) -> ModelDescription:
    """Describes a scripted model and what is in the registry."""
    registry = scripted_registry()
    tools = []
    for index, source in enumerate(params.tools):
        if source.kind == "tool":
            tool = registry.tools[source.name]
            definition = ToolDefinition(name=tool.name, description=tool.description, parameters=tool.params_schema)
            described = DescribedTool(
                source=index, definition=definition, agent=AGENT_MODEL_TOOL, params={"tool": tool.name}
            )
        else:
            found = registry.agents[source.name]
            definition = ToolDefinition(name=found.name, parameters=found.params_schema)
            described = DescribedTool(
                source=index, definition=definition, agent=found.name, params=source.params, arguments_as="params"
            )
        tools.append(described)
    info = Path(params.model.removeprefix("script:")) / "info.json"
    known = json.loads(info.read_text()) if info.exists() else {}
    return ModelDescription(model=ModelInfo(model=params.model, **known), tools=tuple(tools))


@agent("scripted.turn")
async def turn(params: ModelTurn, ctx: AgentContext) -> ModelReply:
    """Replies as the script says at this place of the conversation."""
    folder = Path(params.model.removeprefix("script:"))
    number = int(params.before or 0)
    count = len(list(folder.glob("asked-*")))
    (folder / f"asked-{count:04d}").write_text(params.model_dump_json())
    script = json.loads((folder / "script.json").read_text())
    reply = script[min(number, len(script) - 1)]
    if "waits_for" in reply:
        await until(lambda: _is_there(reply["waits_for"]), bool)
    if "fails" in reply:
        raise AgentError(**reply["fails"])
    return ModelReply(**reply, conversation=str(number + 1))


async def _is_there(path: str) -> bool:
    return Path(path).exists()


@agent("scripted.tool")
async def tool(params: Json, input: Json) -> Any:
    """Runs a tool of the registry."""
    found = scripted_registry().tools[params["tool"]]
    return await found(**found.arguments(input))


def scripted_registry() -> Registry:
    internal: list[Agent] = [
        replace(describe, name=AGENT_MODEL_DESCRIBE),
        replace(turn, name=AGENT_MODEL_TURN),
        replace(tool, name=AGENT_MODEL_TOOL),
    ]
    return Registry.of(sample_agents, transform, *internal)
