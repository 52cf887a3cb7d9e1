"""Decodes what arrived raw, and words what does not fit."""

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from wand_orchestrator.contract.bounds import TEXT_BYTES, bounded_text

_JSON = b"json/plain"
_NAMED_FIELDS = 3

Model = TypeVar("Model", bound=BaseModel)


def raw_json(given: Any) -> bytes | None:
    """Return the JSON text of a raw argument; None if it is not JSON, or was decoded already."""
    if isinstance(given, RawValue) and given.payload.metadata.get("encoding") == _JSON:
        return given.payload.data
    return None


def plain(given: Any) -> Any:
    """Return the JSON value of an argument, raw or decoded. Raises ValueError."""
    if not isinstance(given, RawValue):
        return given
    [value] = workflow.payload_converter().from_payloads([given.payload])
    if isinstance(value, RawValue | bytes):
        raise ValueError("it is not JSON that can be read")
    return value


def read(kind: type[Model], given: Any, code: str, expected: str) -> Model:
    try:
        text = raw_json(given)
        return kind.model_validate(plain(given)) if text is None else kind.model_validate_json(text)
    except ValidationError as error:
        raise misfit(code, f"expected {expected}: {faults_of(error)}") from error
    except ValueError as error:
        raise misfit(code, f"expected {expected}: {error}") from error


def value_of(given: Any, code: str, expected: str) -> Any:
    try:
        return plain(given)
    except ValueError as error:
        raise misfit(code, f"expected {expected}: {error}") from error


def faults_of(error: ValidationError) -> str:
    """Return the fields at fault, without their values, which may be secret."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    named = [f"{'.'.join(map(str, fault['loc'])) or 'it'}: {fault['msg']}" for fault in found[:_NAMED_FIELDS]]
    return bounded_text("; ".join(named), TEXT_BYTES // 4)


def named(value: Any) -> str:
    names = {bool: "a boolean", int: "a number", float: "a number", str: "text", list: "a list", dict: "an object"}
    return "nothing" if value is None else names.get(type(value), type(value).__name__)


def misfit(code: str, message: str) -> ApplicationError:
    return ApplicationError(message, type=code, non_retryable=True)
