"""The table of control nodes, and the classes that carry them out."""

import pytest

from wand_orchestrator._signature import check_name
from wand_orchestrator.errors import PluginError
from wand_orchestrator.graphs.control_node import ControlNode
from wand_orchestrator.graphs.control_nodes import CONTROL_NODES
from wand_orchestrator.validation.json_schema import Schema
from wand_orchestrator.workflows.control.base import Control
from wand_orchestrator.workflows.control.registry import CONTROLS


def test_every_control_node_of_the_table_is_carried_out_by_a_class_of_its_own_and_no_other_is() -> None:
    assert CONTROLS.keys() == CONTROL_NODES.keys()
    assert len(set(CONTROLS.values())) == len(CONTROLS)
    assert all(issubclass(control, Control) for control in CONTROLS.values())


def test_the_name_of_a_control_node_can_be_that_of_no_agent() -> None:
    for name, control in CONTROL_NODES.items():
        assert name == control.name
        with pytest.raises(PluginError):
            check_name("agent", name)


@pytest.mark.parametrize("control", CONTROL_NODES.values(), ids=CONTROL_NODES)
def test_a_row_of_the_table_agrees_with_its_params(control: ControlNode) -> None:
    for schema in filter(None, (control.input, control.output_of({}))):
        Schema(dict(schema))
    assert set(control.expressions) <= control.params.model_fields.keys()
    assert control.input is not None or control.names_agent
