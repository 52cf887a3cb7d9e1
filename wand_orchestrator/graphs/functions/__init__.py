"""Defines the functions of expressions: JMESPath's own, and those that Wand adds, with signatures and examples."""

from wand_orchestrator.graphs.functions.arithmetic import NUMBERS
from wand_orchestrator.graphs.functions.choices import CHOICES
from wand_orchestrator.graphs.functions.encodings import ENCODINGS
from wand_orchestrator.graphs.functions.function import Function
from wand_orchestrator.graphs.functions.instants import TIMES
from wand_orchestrator.graphs.functions.lists import LISTS
from wand_orchestrator.graphs.functions.matching import MATCHING
from wand_orchestrator.graphs.functions.objects import OBJECTS
from wand_orchestrator.graphs.functions.texts import TEXTS

GROUPS = (CHOICES, NUMBERS, TEXTS, MATCHING, LISTS, OBJECTS, TIMES, ENCODINGS)

FUNCTIONS: dict[str, Function] = {function.name: function for group in GROUPS for function in group.functions}
