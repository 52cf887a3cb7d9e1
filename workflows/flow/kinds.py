"""Which type of node is which control node."""

from collections.abc import Mapping
from types import MappingProxyType

from wand_orchestrator.flow import FLOW_APPROVAL, FLOW_GRAPH, FLOW_MAP, FLOW_REPEAT, FLOW_WAIT
from workflows.flow.approval import Approval
from workflows.flow.control import Control
from workflows.flow.map import Map
from workflows.flow.repeat import Repeat
from workflows.flow.subgraph import Subgraph
from workflows.flow.wait import Wait

CONTROLS: Mapping[str, type[Control]] = MappingProxyType(
    {FLOW_APPROVAL: Approval, FLOW_GRAPH: Subgraph, FLOW_MAP: Map, FLOW_REPEAT: Repeat, FLOW_WAIT: Wait}
)
