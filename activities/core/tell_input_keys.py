"""Tells a run which input keys agents take, if nothing that knows the agents has started it."""

from collections.abc import Awaitable, Callable, Mapping

from temporalio import activity

from wand_orchestrator._agent import Agent
from wand_orchestrator.contract.names import ACTIVITY_INPUT_KEYS
from wand_orchestrator.graphs.input_keys import KeysByAgent
from wand_orchestrator.graphs.prepared import input_keys


def input_keys_activity(agents: Mapping[str, Agent]) -> Callable[[list[str]], Awaitable[KeysByAgent]]:
    """Return the activity `wand.input_keys`, whose result are the input keys by agent, without the agents that are not
    known or take any key.
    """

    @activity.defn(name=ACTIVITY_INPUT_KEYS)
    async def input_keys_of(names: list[str]) -> KeysByAgent:
        return input_keys(names, agents)

    return input_keys_of
