"""`flow.graph`: runs a stored graph as a child run, or starts it as a run that nobody waits for."""

from typing import Any

from wand_orchestrator.graphs.control_nodes import SubgraphParams
from wand_orchestrator.workflows.control.base import Control, Given, Host
from wand_orchestrator.workflows.control.target import require_listed


class Subgraph(Control):
    def __init__(self, given: Given, host: Host) -> None:
        super().__init__(given, host)
        params = self._params = SubgraphParams.model_validate(given.params)
        require_listed(params)
        self._graph = host.subgraph(params.graph)

    async def run(self) -> Any:
        if not self._params.wait:
            return {"run_id": await self.host.start_graph(self.node, self._graph, self.input)}
        return await self.host.run_graph(self.node, self._graph, self.input)

    @property
    def busy(self) -> bool:
        return True

    @property
    def crosses(self) -> bool:
        """Whether a new history can await the child run; an independent run is started within this history."""
        return self._params.wait
