"""Which schedules a list shows: asked of Temporal as far as its query language can say it, and sifted here.

Temporal's visibility takes a text in quotes apart and puts it together again escaped, so that a name with a quote, a
backslash or a control character in it equals nothing. What stands before the first of those can be asked for.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from temporalio.client import ScheduleListDescription
from temporalio.common import SearchAttributeKey

from wand_orchestrator.contract import WAND_GRAPH, WAND_GRAPH_ID

_PLAIN = re.compile(r"[^\"'\\\x00-\x1f\x7f]*")


@dataclass(frozen=True)
class ScheduleFilter:
    """A schedule has to have all that is given; without anything, each that carries Wand's search attributes fits."""

    graph_id: str | None = None
    graph_name: str | None = None

    @property
    def query(self) -> str:
        """In Temporal's words. It finds all that fit, and maybe others."""
        return " AND ".join(_condition(key.name, text) for key, text in self._wanted.items()) or (
            f"{WAND_GRAPH.name} IS NOT NULL"
        )

    def fits(self, entry: ScheduleListDescription) -> bool:
        return all(entry.typed_search_attributes.get(key) == text for key, text in self._wanted.items())

    @property
    def _wanted(self) -> Mapping[SearchAttributeKey[str], str]:
        wanted = ((WAND_GRAPH, self.graph_name), (WAND_GRAPH_ID, self.graph_id))
        return {key: text for key, text in wanted if text is not None}


def _condition(name: str, text: str) -> str:
    match = _PLAIN.match(text)
    plain = "" if match is None else match[0]
    if plain == text:
        return f"{name} = '{text}'"
    return f"{name} STARTS_WITH '{plain}'" if plain else f"{name} IS NOT NULL"
