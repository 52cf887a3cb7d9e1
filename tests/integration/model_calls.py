"""Runs internal agents as a worker does, without Temporal, against scripted models."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wand_orchestrator.activities.models.model_services import ModelServices
from wand_orchestrator.activities.runner.calls import Calls
from wand_orchestrator.activities.runner.context import Attempt
from wand_orchestrator.activities.runner.invocation import perform
from wand_orchestrator.activities.runner.reports import Reporter
from wand_orchestrator.contract.model_call import ModelReply, ModelTurn
from wand_orchestrator.contract.names import AGENT_MODEL_TURN
from wand_orchestrator.contract.node import AgentCall, Report
from wand_orchestrator.files.artifacts import ArtifactStore
from wand_orchestrator.plugins import Registry
from wand_orchestrator.scripted_models import ModelServer
from wand_orchestrator.settings import Settings
from wand_orchestrator.temporal.emission_feed import Emission

KEY = "sk-scripted-0123456789abcdef"
PROTOCOLS = {"chat": "openai-chat:scripted", "responses": "openai:scripted", "anthropic": "anthropic:scripted"}


def aliases_of(server: ModelServer, **more: Any) -> dict[str, Any]:
    """Return an alias of the server for each protocol, by the protocol's name."""
    urls = {"anthropic": server.anthropic_url}
    price = {"input": server.price.input, "output": server.price.output, "cached": server.price.cached}
    return {
        name: {
            "model": model,
            "base_url": urls.get(name, server.openai_url),
            "api_key_env": "SCRIPTED_KEY",
            "usd_per_million": price,
            **more,
        }
        for name, model in PROTOCOLS.items()
    }


def settings_of(folder: Path, aliases: dict[str, Any], **more: Any) -> Settings:
    file = folder / "models.json"
    file.write_text(json.dumps(aliases))
    return Settings(_env_file=None, data_dir=folder, models=file, **more)


@dataclass
class Worker:
    """A worker's part in calls of internal agents. A new one is a worker that was started again."""

    settings: Settings
    registry: Registry

    def __post_init__(self) -> None:
        self.models = ModelServices.load(self.settings, self.registry)
        self.artifacts = ArtifactStore.open(self.settings.effective_artifacts_url)

    async def run(
        self,
        agent: str,
        params: dict[str, Any],
        input: dict[str, Any] | None = None,
        *,
        run_id: str = "r_1",
        reads: Sequence[str] = (),
    ) -> Any:
        async def send(reports: Sequence[Report]) -> None:
            """Nothing is reported."""

        reporter = Reporter("n", 1, send, Emission(run_id, "n", 1), interval_sec=None)
        attempt = Attempt(
            agent=self.registry.runnable[agent],
            reads=tuple(reads),
            run_id=run_id,
            node_id="n",
            number=1,
            idempotency_key=f"{run_id}/n",
            calls=Calls(None),
            reporter=reporter,
            artifacts=self.artifacts,
            tools=self.registry.tools,
            settings=self.settings,
            models=self.models,
        )
        try:
            return await perform(attempt, AgentCall(params=params, input=input or {}))
        finally:
            await self.models.clients.close()

    async def turn(self, turn: ModelTurn, **more: Any) -> ModelReply:
        output = await self.run(AGENT_MODEL_TURN, turn.model_dump(mode="json"), **more)
        return ModelReply.model_validate(output)
