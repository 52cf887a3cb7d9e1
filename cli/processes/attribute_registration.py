"""Registers Wand's search attributes in Temporal, if this process may change the namespace."""

import asyncio
import logging

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from wand_orchestrator.contract.search_attributes import (
    SEARCH_ATTRIBUTES,
)
from wand_orchestrator.temporal.connection import ensure_search_attributes, type_name

REGISTRATION_RETRY_SEC = 5.0

_AWAY = frozenset(
    {RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED, RPCStatusCode.UNKNOWN}
)

log = logging.getLogger("wand")


async def register_search_attributes(client: Client) -> None:
    """Register the search attributes, and retry until Temporal answers. A refusal is logged with a remedy, and is no
    error: runs start once somebody has added them.
    """
    while True:
        try:
            await ensure_search_attributes(client)
        except RPCError as error:
            if error.status not in _AWAY:
                log.warning("%s", _refusal(client.namespace, error))
                return
        except RuntimeError as error:  # a lazy client that cannot connect yet
            log.debug("Temporal does not answer: %s", error)
        else:
            return
        await asyncio.sleep(REGISTRATION_RETRY_SEC)


def _refusal(namespace: str, error: RPCError) -> str:
    names = " ".join(f"--name {key.name} --type {type_name(key)}" for key in SEARCH_ATTRIBUTES)
    return (
        f"Temporal does not let this process add search attributes to the namespace {namespace} ({error.message}). "
        f"If they are not there yet, add them: temporal operator search-attribute create --namespace {namespace} "
        f"{names}, or on Temporal Cloud: tcld namespace search-attributes add"
    )
