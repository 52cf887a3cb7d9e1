"""Holds what calls of models share in one process: the catalog of models, their clients, and the conversations."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Self

from wand_orchestrator._agent import Agent
from wand_orchestrator._tool import Tool
from wand_orchestrator.activities.models.open_models import OpenModels
from wand_orchestrator.contract.masking import Mask
from wand_orchestrator.errors import AgentError
from wand_orchestrator.files.conversations import ConversationStore
from wand_orchestrator.models.model_catalog import MODEL_KEY_MISSING, ModelCatalog, NamedModel
from wand_orchestrator.plugins import Registry
from wand_orchestrator.settings import Settings

if TYPE_CHECKING:
    from pydantic_ai.models import Model


@dataclass
class ModelServices:
    """What calls of models share. `tools`, `agents`: those of the worker, which models can be told of."""

    settings: Settings
    catalog: ModelCatalog
    tools: Mapping[str, Tool]
    agents: Mapping[str, Agent]
    clients: OpenModels = field(default_factory=OpenModels)
    _built: dict[str, "Model"] = field(default_factory=dict)
    _building: asyncio.Lock = field(default_factory=asyncio.Lock)

    @classmethod
    def load(cls, settings: Settings, registry: Registry) -> Self:
        """Read `WAND_MODELS`. Raises ConfigurationError."""
        return cls(settings, ModelCatalog.load(settings), registry.tools, registry.agents)

    @cached_property
    def conversations(self) -> ConversationStore:
        return ConversationStore.open(self.settings)

    @cached_property
    def mask(self) -> Mask:
        """Return the mask of all keys of models that this process knows."""
        return Mask(self.catalog.secrets())

    def named(self, model: str) -> NamedModel:
        """Return the model of this name. Raises AgentError `unknown_model`, `model_key_missing`."""
        fault = self.catalog.fault(model)
        named = self.catalog.find(model)
        if fault is None and named is not None:
            return named
        code = MODEL_KEY_MISSING if fault is not None and fault.code == MODEL_KEY_MISSING else "unknown_model"
        message = fault.message if fault is not None else f"{model[:100]!r} is no model"
        raise AgentError(f"{message} on this worker", code=code, retryable=False)

    async def model(self, name: str) -> "Model":
        """Return the model of a name that `named` takes; it is built once. Raises AgentError as `named`.

        Building imports a provider's library, which takes up to seconds, so it is done beside the loop.
        """
        async with self._building:
            if name not in self._built:
                from wand_orchestrator.activities.models.model_building import build_model

                self._built[name] = await asyncio.to_thread(build_model, self.named(name), self.catalog, self.settings)
            return self._built[name]
