"""Tells which models this process could call, for the check of a graph and for the worker that calls them."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Self

from dotenv import dotenv_values

from wand_orchestrator.models.model_aliases import ModelAlias, load_aliases
from wand_orchestrator.models.model_providers import KEY_VARIABLES, PROVIDERS
from wand_orchestrator.settings import Settings

UNKNOWN_MODEL_ALIAS = "unknown_model_alias"
UNKNOWN_PROVIDER = "unknown_provider"
MODEL_KEY_MISSING = "model_key_missing"


@dataclass(frozen=True)
class ModelFault:
    """Why a model cannot be called.

    `of_environment`: another process, whose environment holds the key, could call it.
    """

    code: str
    message: str
    of_environment: bool = False


@dataclass(frozen=True)
class NamedModel:
    """A model that a graph names. `model`: `provider:name`; `alias`: what `WAND_MODELS` says of it, if it is one."""

    model: str
    alias: ModelAlias | None = None

    @property
    def provider(self) -> str:
        return self.model.partition(":")[0]

    @property
    def name(self) -> str:
        return self.model.partition(":")[2]


@dataclass(frozen=True)
class ModelCatalog:
    """The aliases, and the environment in which agents of this process run."""

    aliases: Mapping[str, ModelAlias]
    environment: Mapping[str, str]

    @classmethod
    def load(cls, settings: Settings) -> Self:
        """Read `WAND_MODELS`, and the variables of `WAND_AGENT_ENV_FILE` behind those of this process. Raises
        ConfigurationError.
        """
        file = {} if settings.agent_env_file is None else dotenv_values(settings.agent_env_file)
        held = {name: value for name, value in file.items() if value is not None}
        return cls(load_aliases(settings), {**held, **os.environ})

    def find(self, model: str) -> NamedModel | None:
        """Return the model of `provider:name` or of an alias; None if neither is known."""
        if (alias := self.aliases.get(model)) is not None:
            return NamedModel(alias.model, alias)
        provider, found, name = model.partition(":")
        return NamedModel(model) if found and name and provider in PROVIDERS else None

    def fault(self, model: str) -> ModelFault | None:
        """Return why the model cannot be called from here, as far as that is known without asking its provider."""
        named = self.find(model)
        if named is None:
            return self._unknown(model)
        missing = self._missing(named)
        if missing is None:
            return None
        return ModelFault(MODEL_KEY_MISSING, f"the model {model!r} needs {missing} to be set", of_environment=True)

    def secrets(self) -> set[str]:
        """Return the values of all variables that hold keys of models."""
        named = {alias.api_key_env for alias in self.aliases.values() if alias.api_key_env is not None}
        return {value for name in KEY_VARIABLES | named if (value := self.environment.get(name))}

    def _missing(self, named: NamedModel) -> str | None:
        alias = named.alias
        if alias is not None and alias.api_key_env is not None:
            return None if self.environment.get(alias.api_key_env) else alias.api_key_env
        if alias is not None and alias.base_url is not None:
            return None
        return PROVIDERS[named.provider].missing(self.environment)

    def _unknown(self, model: str) -> ModelFault:
        provider, found, name = model.partition(":")
        shown = repr(model[:100])
        if not found:
            known = self.aliases
            message = f"{shown} is no alias of WAND_MODELS, and no provider:name{_near(model, known)}"
            return ModelFault(UNKNOWN_MODEL_ALIAS, message)
        if not name:
            return ModelFault(UNKNOWN_PROVIDER, f"{shown} names no model: write provider:name")
        there = f"there are {', '.join(PROVIDERS)}; any other server that speaks OpenAI's protocol can be an alias"
        return ModelFault(UNKNOWN_PROVIDER, f"{shown} names an unknown provider{_near(provider, PROVIDERS)}; {there}")


def _near(name: str, known: Mapping[str, object]) -> str:
    near = get_close_matches(name, known)
    return f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
