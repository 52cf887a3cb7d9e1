"""Graph validation: all that is wrong with a graph, in one answer, before anything starts.

`docs/faults.md` explains every code. Each module holds one part of the check; `check` puts them together.
"""

from wand_orchestrator.validation.check import Checked, check_graph, require_graph
from wand_orchestrator.validation.code import Code
from wand_orchestrator.validation.fault import Fault
from wand_orchestrator.validation.llm_check import Known

__all__ = ["Checked", "Code", "Fault", "Known", "check_graph", "require_graph"]
