"""The connection to Temporal, whose address comes from Temporal's own environment configuration."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import temporalio.api.enums.v1 as enums
import temporalio.api.operatorservice.v1 as operator
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.client import Client, Interceptor
from temporalio.common import RawValue, SearchAttributeIndexedValueType, SearchAttributeKey
from temporalio.contrib.pydantic import PydanticPayloadConverter, pydantic_data_converter
from temporalio.converter import DataConverter, DefaultFailureConverter, PayloadConverter
from temporalio.envconfig import ClientConfig
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from wand_orchestrator.contract.search_attributes import (
    SEARCH_ATTRIBUTES,
)
from wand_orchestrator.errors import Unavailable
from wand_orchestrator.files.payloads import with_payload_store
from wand_orchestrator.settings import Settings


class _OneConverter(PydanticPayloadConverter):
    """A converter shared by the process: the SDK creates one for every payload, and each builds pydantic's validators
    anew.
    """

    _made: "_OneConverter | None" = None

    def __new__(cls) -> "_OneConverter":
        cls._made = cls._made or super().__new__(cls)
        return cls._made

    def __init__(self) -> None:
        if not hasattr(self, "converters"):
            super().__init__()

    def from_payloads(self, payloads: Sequence[Payload], type_hints: list[type] | None = None) -> list[Any]:
        """Decode payloads. Without a type, as for the details of an error, what cannot be decoded stays raw: anybody
        may have written it, and the reader decides what it means.
        """
        if type_hints:
            return super().from_payloads(payloads, type_hints)
        return [self._untyped(payload) for payload in payloads]

    def _untyped(self, payload: Payload) -> Any:
        try:
            return super().from_payloads([payload])[0]
        except Exception:  # of any converter, over bytes that anybody may have sent
            return RawValue(payload)


class _Failures(DefaultFailureConverter):
    """Decodes every failure: one that the SDK cannot decode would fail its workflow task for ever."""

    def from_failure(self, failure: Failure, payload_converter: PayloadConverter) -> BaseException:
        try:
            return super().from_failure(failure, payload_converter)
        except Exception as error:  # an unknown enum, causes without end: whatever a peer may have sent
            return ApplicationError(
                f"{failure.message} (the rest of the failure cannot be read: {type(error).__name__})",
                type="unreadable_failure",
            )


DATA_CONVERTER: DataConverter = replace(
    pydantic_data_converter, payload_converter_class=_OneConverter, failure_converter_class=_Failures
)
"""JSON by pydantic: what stands in a history can be read in the Web UI and written from the `temporal` CLI."""


async def connect(
    *,
    target: str | None = None,
    namespace: str | None = None,
    lazy: bool = False,
    interceptors: Sequence[Interceptor] = (),
) -> Client:
    """Return a client for the Temporal that `TEMPORAL_ADDRESS`, `TEMPORAL_PROFILE` … name; arguments win over them.

    `lazy`: connect at the first call, so that a process can start while Temporal is away.
    Raises Unavailable when Temporal does not answer and `lazy` is not set.
    """
    config: dict[str, Any] = dict(ClientConfig.load_client_connect_config())
    config.setdefault("target_host", "127.0.0.1:7233")
    if target is not None:
        config["target_host"] = target
    if namespace is not None:
        config["namespace"] = namespace
    try:
        return await Client.connect(**config, data_converter=DATA_CONVERTER, lazy=lazy, interceptors=interceptors)
    except RuntimeError as error:
        raise Unavailable("temporal", f"Temporal does not answer at {config['target_host']}: {error}") from error


def keeping_payloads(client: Client, settings: Settings, queue: str | None = None) -> Client:
    """Return the same connection with the payload store of the settings (`wand_orchestrator.files.payloads`).

    The API, every worker and whoever reads the results need the same place. `queue`: of the worker that it is for.
    Raises ConfigurationError.
    """
    if client.data_converter.external_storage is not None and queue is None:
        return client
    config = client.config()
    config["data_converter"] = with_payload_store(client.data_converter, settings, queue)
    return Client(**config)


async def ensure_search_attributes(client: Client) -> None:
    """Register Wand's search attributes in the client's namespace where they are missing.

    Temporal Cloud manages them outside of this call (`tcld namespace search-attributes add`) and refuses it.
    """
    known = await client.operator_service.list_search_attributes(
        operator.ListSearchAttributesRequest(namespace=client.namespace)
    )
    missing = {key.name: key.indexed_value_type for key in SEARCH_ATTRIBUTES if key.name not in known.custom_attributes}
    if not missing:
        return
    try:
        await client.operator_service.add_search_attributes(
            operator.AddSearchAttributesRequest(
                namespace=client.namespace,
                search_attributes={name: _indexed_value_type(kind) for name, kind in missing.items()},
            )
        )
    except RPCError as error:
        if error.status is not RPCStatusCode.ALREADY_EXISTS:
            raise


def type_name(key: SearchAttributeKey[Any]) -> str:
    """Return the type of a search attribute by its name in Temporal's command line: `Keyword`, `KeywordList`."""
    return key.indexed_value_type.name.title().replace("_", "")


def _indexed_value_type(kind: SearchAttributeIndexedValueType) -> enums.IndexedValueType.ValueType:
    return enums.IndexedValueType.ValueType(int(kind))
