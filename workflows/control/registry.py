"""Which type of node is which control node."""

from collections.abc import Mapping
from types import MappingProxyType

from wand_orchestrator.graphs.control_nodes import FLOW_APPROVAL, FLOW_GRAPH, FLOW_MAP, FLOW_REPEAT, FLOW_WAIT
from wand_orchestrator.workflows.control.approval import Approval
from wand_orchestrator.workflows.control.base import Control
from wand_orchestrator.workflows.control.map import Map
from wand_orchestrator.workflows.control.repeat import Repeat
from wand_orchestrator.workflows.control.subgraph import Subgraph
from wand_orchestrator.workflows.control.wait import Wait

CONTROLS: Mapping[str, type[Control]] = MappingProxyType(
    {FLOW_APPROVAL: Approval, FLOW_GRAPH: Subgraph, FLOW_MAP: Map, FLOW_REPEAT: Repeat, FLOW_WAIT: Wait}
)
