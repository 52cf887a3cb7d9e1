"""Words why the type of a node, such as `mcp.github.search`, names no tool of an MCP server that is known here."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from wand_orchestrator.contract.mcp import McpName
from wand_orchestrator.validation.phrases import listed, quoted


@dataclass(frozen=True)
class McpServersKnown:
    """What is known of the MCP servers of the workers. `away`: by server, why its tools are not known now.

    `unknown`: why nothing is known of any server; empty if `names` are all that there are.
    """

    names: frozenset[str] = frozenset()
    away: Mapping[str, str] = field(default_factory=dict)
    unknown: str = "which tools MCP servers have is not known here"

    def why_unchecked(self, name: McpName) -> str:
        """Return why nothing can be said of this tool; empty if it can."""
        return self.unknown or self.away.get(name.server, "")

    def missing(self, name: McpName) -> str:
        """Return the sentence for a tool, or a server, that there is not."""
        if name.server in self.names:
            return f"the MCP server {quoted(name.server)} has no tool {quoted(name.tool)}"
        there_are = f"there are {listed(sorted(self.names))}" if self.names else "there are none"
        return f"no worker has an MCP server {quoted(name.server)}: {there_are}"


NOTHING_KNOWN = McpServersKnown()
