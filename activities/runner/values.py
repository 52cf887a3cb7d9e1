"""Checks an agent's arguments and output against its types.

What comes in is JSON, so the rules are pydantic's for JSON: a strict model takes a date as text. What does not fit is a
fault that no retry mends. Its message names the fields and never repeats their values, which may be secret.
"""

from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError, from_json, to_json

from wand_orchestrator._agent import INPUT, PARAMS, Agent
from wand_orchestrator.contract.bounds import MAX_DEPTH, is_too_deep
from wand_orchestrator.contract.emitted_text import PLACE_LENGTH
from wand_orchestrator.contract.misfits import fields_at_fault, misfits
from wand_orchestrator.contract.node import (
    AgentCall,
)
from wand_orchestrator.errors import AgentError


def read_arguments(agent: Agent, call: AgentCall) -> dict[str, Any]:
    """Return `params` and `input` as the agent's types. Raises AgentError `invalid_params` or `invalid_input`."""
    arguments = {}
    for part, adapter, given in ((PARAMS, agent.params_type, call.params), (INPUT, agent.input_type, call.input)):
        if adapter is not None:
            arguments[part] = _read(part, adapter, given)
        elif given:
            raise _invalid(part, f"{part}.{next(iter(given))}: {agent.name} takes no {part}")
    return arguments


def write_output(agent: Agent, value: Any, max_bytes: int) -> Any:
    """Return the agent's result as JSON. Raises AgentError `invalid_output` or `output_too_large`."""
    try:
        checked = agent.output_type.validate_python(value)
        encoded = agent.output_type.dump_json(checked, by_alias=True, warnings="error")
    except ValidationError as error:
        raise _misfit("output", error) from None
    except (PydanticSerializationError, UnicodeEncodeError) as error:
        raise _invalid("output", f"output: {str(error).partition(chr(10))[0]}") from None
    if len(encoded) > max_bytes:
        raise AgentError(
            f"the output is {len(encoded)} bytes as JSON, and at most {max_bytes} are allowed: "
            "save it with ctx.save_artifact and return its URL",
            code="output_too_large",
            retryable=False,
            details={"bytes": len(encoded), "max_bytes": max_bytes},
        )
    return _readable(encoded)


def place_of(text: str | None, output: Any) -> str | None:
    """Return the JSON Pointer to the text in the output, where it is the output or stands under a key of it."""
    if text is None:
        return None
    if output == text:
        return ""
    keys = [key for key, value in output.items() if value == text] if isinstance(output, dict) else []
    place = "/" + keys[0].replace("~", "~0").replace("/", "~1") if keys else None
    return place if place is not None and len(place) <= PLACE_LENGTH else None


def _readable(encoded: bytes) -> Any:
    """Return the output as other processes will read it. Raises AgentError for one that they could not read
    unchanged.
    """
    try:
        output = from_json(encoded)
    except ValueError:
        output = None
    if output is None or is_too_deep(output):
        if encoded != b"null":
            raise _invalid("output", f"output: lists and objects are nested more than {MAX_DEPTH} deep")
    elif len(to_json(output)) != len(encoded):  # the same writer wrote both, so something was lost on the way
        raise _invalid("output", "output: two keys of one object are the same as JSON, such as 1 and '1'")
    return output


def _read(part: str, adapter: TypeAdapter[Any], given: dict[str, Any]) -> Any:
    try:
        return adapter.validate_json(to_json(given))
    except ValidationError as error:
        raise _misfit(part, error) from None


def _misfit(part: str, error: ValidationError) -> AgentError:
    fields = [{"field": field, "message": message} for field, message in misfits(error, part)]
    return _invalid(part, fields_at_fault(error, part), details={"fields": fields})


def _invalid(part: str, message: str, details: Any = None) -> AgentError:
    return AgentError(message, code=f"invalid_{part}", retryable=False, details=details)
