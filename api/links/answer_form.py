"""Builds the form in which a person answers a link: its fields come from the answer's schema, and the answer from its
fields.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from wand_orchestrator.errors import BadRequest
from wand_orchestrator.graphs.strict_json import check_text, parse_json

WHOLE = "answer"
"""Name of the field in which the whole answer is written, where there are no others."""

_PLAIN = ("string", "integer", "number", "boolean")
_INPUTS = {"integer": 'type="number" step="1"', "number": 'type="number" step="any"'}


@dataclass(frozen=True)
class AnswerField:
    """A field of the form; `key` is that of the answer, None if the answer is the field's value alone."""

    name: str
    key: str | None
    schema: Mapping[str, Any]
    required: bool

    @property
    def html(self) -> str:
        title = self.schema.get("title") or self.key or "Answer"
        told = self.schema.get("description")
        note = f"<small>{escape(told)}</small>" if isinstance(told, str) else ""
        return f"<label>{escape(str(title))}{' *' if self.required else ''}{note}{self._control}</label>"

    @property
    def _control(self) -> str:
        must, name, default = " required" if self.required else "", escape(self.name), self.schema.get("default")
        if (choices := _choices(self.schema)) is not None:
            options = "".join(_option(text, value, default) for text, value in choices)
            return f'<select name="{name}"{must}><option value=""></option>{options}</select>'
        given = "" if default is None else escape(default if isinstance(default, str) else json.dumps(default))
        kind = _kind(self.schema)
        if kind in _INPUTS:
            return f'<input name="{name}" {_INPUTS[kind]} value="{given}"{must}>'
        # An empty text is an answer, too; nobody has to write one.
        return f'<textarea name="{name}" rows="{2 if kind == "string" else 6}">{given}</textarea>'

    def value(self, text: str) -> Any:
        """Return the value that is written in the field. Raises BadRequest."""
        if _kind(self.schema) == "string" and _choices(self.schema) is None:
            return text.replace("\r\n", "\n")
        try:
            return parse_json(text.encode())
        except BadRequest:
            if "type" not in self.schema:
                return text.replace("\r\n", "\n")
            raise BadRequest(f"{self.schema.get('title') or self.key or 'the answer'} cannot be read") from None


def fields_of(schema: Mapping[str, Any]) -> list[AnswerField]:
    """Return a field for each property where all of them are plain, and else one for the whole answer, as JSON."""
    properties = schema.get("properties")
    if schema.get("type") == "object" and isinstance(properties, dict) and properties:
        required = schema.get("required")
        needed = required if isinstance(required, list) else []
        if all(map(_is_plain, properties.values())) and set(needed) <= properties.keys():
            return [AnswerField(f"{WHOLE}.{key}", key, each, key in needed) for key, each in properties.items()]
    return [AnswerField(WHOLE, None, schema, _is_plain(schema))]


def answer_of(schema: Mapping[str, Any], form: Mapping[str, str]) -> Any:
    """Return the answer that is written in the form; what is left empty and need not be there is left out.

    Raises BadRequest.
    """
    fields = fields_of(schema)
    if fields[0].key is None:
        value = fields[0].value(form.get(WHOLE, ""))
        check_text([value])
        return value
    answer = {
        field.key: field.value(form.get(field.name, ""))
        for field in fields
        if form.get(field.name) or (field.required and _kind(field.schema) == "string")
    }
    check_text(answer)
    return answer


def _kind(schema: Mapping[str, Any]) -> str | None:
    kind = schema.get("type")
    return kind if isinstance(kind, str) else None


def _is_plain(schema: Any) -> bool:
    return isinstance(schema, dict) and (_kind(schema) in _PLAIN or _choices(schema) is not None)


def _choices(schema: Mapping[str, Any]) -> list[tuple[str, Any]] | None:
    """Return the choices that the schema allows, each with its text; None if it allows any value."""
    if isinstance(values := schema.get("enum"), list) and values:
        return [(value if isinstance(value, str) else json.dumps(value), value) for value in values]
    return [("yes", True), ("no", False)] if schema.get("type") == "boolean" else None


def _option(text: str, value: Any, default: Any) -> str:
    chosen = " selected" if default is not None and json.dumps(value) == json.dumps(default) else ""
    return f'<option value="{escape(json.dumps(value))}"{chosen}>{escape(text)}</option>'
