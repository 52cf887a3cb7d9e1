"""Maps node types to the classes that carry out control nodes."""

from collections.abc import Mapping
from types import MappingProxyType

from wand_orchestrator.graphs.control_nodes import APPROVAL, EVENT, FAIL, GRAPH, LLM, MAP, REPEAT, WAIT
from wand_orchestrator.workflows.control.approval import Approval
from wand_orchestrator.workflows.control.await_event import AwaitEvent
from wand_orchestrator.workflows.control.base import Control
from wand_orchestrator.workflows.control.fail import Fail
from wand_orchestrator.workflows.control.llm.llm import Llm
from wand_orchestrator.workflows.control.map import Map
from wand_orchestrator.workflows.control.repeat import Repeat
from wand_orchestrator.workflows.control.subgraph import Subgraph
from wand_orchestrator.workflows.control.wait import Wait

CONTROLS: Mapping[str, type[Control]] = MappingProxyType(
    {
        APPROVAL.name: Approval,
        EVENT.name: AwaitEvent,
        FAIL.name: Fail,
        GRAPH.name: Subgraph,
        LLM.name: Llm,
        MAP.name: Map,
        REPEAT.name: Repeat,
        WAIT.name: Wait,
    }
)
