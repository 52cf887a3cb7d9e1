"""Tells what types know of their members: the key of a field in JSON, which may be an alias, and its type."""

import types
from collections.abc import Sequence
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel


def member_of(type: Any, name: str) -> tuple[str, Any]:
    """Return the key and the type of a field; of a type that does not tell, the name and None."""
    type = _plain(type)
    if isinstance(type, _TYPE) and issubclass(type, BaseModel):
        if (field := type.model_fields.get(name)) is not None:
            return field.serialization_alias or field.alias or name, field.annotation
        if (computed := type.model_computed_fields.get(name)) is not None:
            return computed.alias or name, computed.return_type
        return name, None
    if get_origin(type) is dict:
        return name, get_args(type)[1]
    origin = get_origin(type) or type
    hints = get_type_hints(origin) if hasattr(origin, "__annotations__") else {}
    return name, _of_generic(type, hints.get(name))


def _of_generic(type: Any, member: Any) -> Any:
    """Return the type of a member of a generic class, with the argument of the class in it."""
    arguments = get_args(type)
    if isinstance(member, TypeVar):
        return arguments[0] if arguments else None
    return member[arguments[0]] if arguments and getattr(member, "__parameters__", ()) else member


def element_type(type: Any) -> Any:
    type = _plain(type)
    origin = get_origin(type)
    listed = isinstance(origin, _TYPE) and issubclass(origin, Sequence)
    return get_args(type)[0] if listed else None


_TYPE = type


def _plain(type: Any) -> Any:
    """Return the type without what is written about it, and without None."""
    origin = get_origin(type)
    if origin is Annotated:
        return _plain(get_args(type)[0])
    if origin in (Union, types.UnionType):
        others = [each for each in get_args(type) if each is not types.NoneType]
        return _plain(others[0]) if len(others) == 1 else None
    return type


def input_key(model: Any, name: str) -> str:
    """Return the key by which a model is given a field."""
    field = model.model_fields.get(name) if isinstance(model, type) and issubclass(model, BaseModel) else None
    alias = field and (field.validation_alias or field.alias)
    return alias if isinstance(alias, str) else name
