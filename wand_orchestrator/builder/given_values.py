"""Values that hold values of a run: the fields of a model, a text with places, and what is taken as it stands."""

import string
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar, cast

from wand_orchestrator.builder.expression_tree import Tree
from wand_orchestrator.builder.member_types import input_key
from wand_orchestrator.builder.value import BuilderError, tree_of

Fields = ParamSpec("Fields")
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class GivenFields:
    """The fields of a model, by their keys in JSON."""

    fields: dict[str, Any]


@dataclass(frozen=True, eq=False)
class TemplateText:
    """A text with places: texts and expressions, in their order."""

    parts: tuple[str | Tree, ...]


def given(model: Callable[Fields, T], *args: Fields.args, **fields: Fields.kwargs) -> T:
    """Return a model whose fields may be values of a run: `given(FetchParams, url=search.out.url)`.

    A type checker holds the fields against the model; the graph's check holds what is known of them against its schema.
    """
    if args:
        raise BuilderError("fields are given by name: given(Model, field=value)")
    return cast(T, GivenFields({input_key(model, name): value for name, value in fields.items()}))


def template(text: str, *values: Any, **named: Any) -> str:
    """Return a text with values of a run in its places: `template("Dear {}, …", customer.out.name)`, `{name}` for those
    that are named, `{{` for a brace. A text is put in as it is, null as nothing, any other value as JSON.
    """
    parts: list[str | Tree] = []
    count = 0
    try:
        for before, place, form, conversion in string.Formatter().parse(text):
            if before:
                parts.append(before)
            if place is None:
                continue
            if form or conversion:
                raise BuilderError(f"{{{place}!{conversion}:{form}}} has a form: write f.to_fixed(…) and the like")
            key: int | str = count if place == "" else int(place) if place.isdigit() else place
            count += place == ""
            parts.append(tree_of(values[key] if isinstance(key, int) else named[key]))
    except (LookupError, ValueError) as error:
        raise BuilderError(f"the places of the template do not fit what is given: {error!r}") from error
    return cast(str, TemplateText(tuple(parts)))


def literal(value: T) -> T:
    """Return a value that is taken as it stands, also where an object in it looks like a reference."""
    return cast(T, {"$literal": value})
