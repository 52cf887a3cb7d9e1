"""Asks a person whether a model may call a tool, and with which arguments."""

from typing import Any, NamedTuple

from wand_orchestrator.contract.steering import Answer
from wand_orchestrator.graph import Node
from wand_orchestrator.graphs.control_node import TEXT
from wand_orchestrator.graphs.control_nodes import APPROVAL
from wand_orchestrator.workflows.control.approval import Approval
from wand_orchestrator.workflows.control.base import Given, Host, Part
from wand_orchestrator.workflows.control.llm.moved_schema import moved
from wand_orchestrator.workflows.control.llm.toolbox import LlmTool
from wand_orchestrator.workflows.journal import event_texts

ARGUMENTS = "arguments"


class Approved(NamedTuple):
    """Contains a person's answer. `arguments`: None if the call was refused, for `reason`."""

    arguments: dict[str, Any] | None
    reason: str = ""


class ToolApproval(Approval):
    """Waits for `{"approved": true, "arguments": …}`, where the arguments may be left out, or `{"approved": false,
    "reason": …}`.
    """

    def __init__(self, part: Node, tool: LlmTool, arguments: dict[str, Any], host: Host, asked: bool) -> None:
        node = Part.model_construct(**{**dict(part), "type": APPROVAL.name})
        schema = _answer_schema(tool, arguments)
        params = {"prompt": f"May the model call {tool.target}?", "schema": schema}
        super().__init__(Given(node, params, {}, {"deadline": None} if asked else None), host)
        self._tool = tool
        self._arguments = arguments

    def question(self) -> dict[str, Any]:
        return super().question() | {"tool": self._tool.target, ARGUMENTS: self._arguments}

    def respond(self, answer: Answer) -> None:
        super().respond(answer)
        if not answer.answer["approved"]:
            self.host.tell(event_texts.call_refused(self.node, answer.by, answer.answer.get("reason")))

    def verdict(self, answer: dict[str, Any]) -> Approved:
        if answer["approved"]:
            return Approved(answer.get(ARGUMENTS, self._arguments))
        reason = answer.get("reason")
        return Approved(None, f"a person refused the call: {reason}" if reason else "a person refused the call")


def _answer_schema(tool: LlmTool, arguments: dict[str, Any]) -> dict[str, Any]:
    taken = moved(tool.definition.parameters, f"#/properties/{ARGUMENTS}")
    return {
        "type": "object",
        "properties": {
            "approved": {"type": "boolean"},
            ARGUMENTS: {**taken, "default": arguments},
            "reason": {**TEXT, "description": "Of a refusal; the model is told."},
        },
        "required": ["approved"],
        "additionalProperties": False,
        "default": {"approved": True, ARGUMENTS: arguments},
    }
