"""The connection to Temporal."""

from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.client import Client

from wand_orchestrator.contract.search_attributes import (
    SEARCH_ATTRIBUTES,
)
from wand_orchestrator.temporal.connection import connect, ensure_search_attributes


async def test_search_attributes_are_there_and_ensuring_them_again_is_harmless(temporal_client: Client) -> None:
    client = await connect(target=temporal_client.service_client.config.target_host)
    await ensure_search_attributes(client)
    listed = await client.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace="default"))
    assert {key.name for key in SEARCH_ATTRIBUTES} <= set(listed.custom_attributes)
