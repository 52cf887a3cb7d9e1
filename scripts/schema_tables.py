"""JSON Schemas as tables of Markdown, for people."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]


def keys_of(title: str, schema: Schema, *, output: bool = False) -> str:
    """A table of an object's keys; a sentence for anything else."""
    known = _resolved(schema, schema)
    properties = known.get("properties") or {}
    if not properties:
        kind = _open(known)
        return f"{title}: {kind}.\n"
    required = set(known.get("required", ()))
    head = "| key | type | about |\n|---|---|---|" if output else "| key | type | default | about |\n|---|---|---|---|"
    rows = [row for name, part in properties.items() for row in _rows(name, part, schema, name in required, output)]
    more = (
        "\nAny other key is taken, too.\n"
        if not output and known.get("additionalProperties", False) is not False
        else ""
    )
    return f"{title}:\n\n{head}\n" + "\n".join(rows) + f"\n{more}"


def _rows(name: str, part: Schema, whole: Schema, required: bool, output: bool) -> Iterator[str]:
    """The key, and those of the objects that it may be, as `spec.kind`."""
    yield _row(name, part, whole, required, output)
    resolved = _resolved(part, whole)
    for choice in (resolved, *resolved.get("oneOf", ()), *resolved.get("anyOf", ())):
        inner = _resolved(choice, whole)
        for key, value in (inner.get("properties") or {}).items():
            yield _row(f"{name}.{key}", value, whole, key in inner.get("required", ()), output)


def _row(name: str, part: Schema, whole: Schema, required: bool, output: bool) -> str:
    about = " ".join(str(part.get("description") or _resolved(part, whole).get("description") or "").split())
    cells = [_cell(_type(part, whole)), _cell(about)]
    if output:
        return f"| `{name}` | {cells[0]} | {cells[1]} |"
    default = "" if required else _json(part.get("default")) if "default" in part else ""
    shown = f"**`{name}`**" if required else f"`{name}`"
    return f"| {shown} | {cells[0]} | {_cell(default)} | {cells[1]} |"


def _open(schema: Schema) -> str:
    if not schema:
        return "any JSON value"
    if schema.get("type") == "object":
        return "none" if schema.get("additionalProperties") is False else "any keys"
    return _type(schema, schema)


def _type(part: Schema, whole: Schema) -> str:
    """In words: `number (1 to 10)`, `text or null`, `list of …`."""
    part = _resolved(part, whole)
    choices = part.get("anyOf") or part.get("oneOf")
    if choices and "properties" not in part and part.get("type") != "object":
        return " or ".join(dict.fromkeys(_type(choice, whole) for choice in choices))
    if "enum" in part or "const" in part:
        return ", ".join(_json(value) for value in part.get("enum", [part.get("const")]))
    kind = str(part.get("type", "any JSON value"))
    if kind == "array":
        return f"list of {_type(part['items'], whole)}" if part.get("items") else "list"
    named = {"string": "text", "integer": "whole number", "object": "object"}.get(kind, kind)
    if part.get("properties"):
        named += f" with {', '.join(f'`{key}`' for key in part['properties'])}"
    return named + _limits(part)


def _limits(part: Schema) -> str:
    low, high = part.get("minimum", part.get("minLength")), part.get("maximum", part.get("maxLength"))
    above = part.get("exclusiveMinimum")
    told = [f"over {above:,}"] if above is not None else []
    if low is not None and high is not None:
        told.append(f"{low:,} to {high:,}")
    elif low is not None or high is not None:
        told.append(f"at least {low:,}" if low is not None else f"at most {high:,}")
    characters = " characters" if "maxLength" in part else ""
    return f" ({', '.join(told)}{characters})" if told else ""


def _resolved(part: Schema, whole: Schema) -> Schema:
    name = str(part.get("$ref", "")).rpartition("/")[2]
    found: Schema = whole.get("$defs", {}).get(name, part)
    return found


def _json(value: Any) -> str:
    return f"`{json.dumps(value, ensure_ascii=False)}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
