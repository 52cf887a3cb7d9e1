"""Filters schedules for a list: in Temporal as far as its query language can express it, the rest here."""

from collections.abc import Mapping
from dataclasses import dataclass

from temporalio.client import ScheduleListDescription
from temporalio.common import SearchAttributeKey

from wand_orchestrator.api.temporal.visibility_query import equals
from wand_orchestrator.contract.search_attributes import (
    WAND_GRAPH,
    WAND_GRAPH_ID,
)


@dataclass(frozen=True)
class ScheduleFilter:
    """Selects schedules that meet all given criteria; without any, all that carry Wand's search attributes."""

    graph_id: str | None = None
    graph_name: str | None = None

    @property
    def query(self) -> str:
        """Return the query for Temporal, which finds all that match, and maybe others."""
        return " AND ".join(equals(key.name, text) for key, text in self._wanted.items()) or (
            f"{WAND_GRAPH.name} IS NOT NULL"
        )

    def fits(self, entry: ScheduleListDescription) -> bool:
        return all(entry.typed_search_attributes.get(key) == text for key, text in self._wanted.items())

    @property
    def _wanted(self) -> Mapping[SearchAttributeKey[str], str]:
        wanted = ((WAND_GRAPH, self.graph_name), (WAND_GRAPH_ID, self.graph_id))
        return {key: text for key, text in wanted if text is not None}
