"""Predicates to typed values and back, by the parsing rules of the in-toto attestation framework.

Unknown names are ignored; an optional field may be `null`, which is the same as absent; duplicate names were refused
when the bytes were read (`formats.strictjson`). A value written and read again is equal. The wire's names are those of
the fields in lowerCamelCase, except where `_NAMES` says otherwise: values know nothing of them.
"""

from functools import lru_cache
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from assay.model.errors import MalformedError

T = TypeVar("T", bound=msgspec.Struct)
_NAMES = {"host_id": "hostID"}


class _Field(msgspec.Struct, frozen=True):
    name: str
    wire: str
    inner: type[msgspec.Struct] | None
    """The struct inside, directly, in a tuple, or beside None."""
    is_required: bool
    default: Any


def read(value: object, kind: type[T], *, where: str, what: str) -> T:
    """A typed value out of parsed JSON.

    Args:
        value: an object, as `strictjson` gives it.
        kind: what it is to become.
        where: named in errors.
        what: what it claims to be, for errors ("a test result").

    Raises:
        MalformedError: a required field is missing, or one has another type.
    """
    try:
        return msgspec.convert(_shaped(value, kind), kind)
    except msgspec.ValidationError as error:
        remedy = "ask its author for a valid one"
        raise MalformedError(f"not {what}", where=where, why=str(error), remedy=remedy) from error


def write(value: msgspec.Struct) -> dict[str, object]:
    """The wire's object of a typed value; fields that say nothing beyond their default are left out."""
    written: dict[str, object] = {}
    for field in _fields(type(value)):
        content = getattr(value, field.name)
        if field.is_required or content != field.default:
            written[field.wire] = _plain(content)
    return written


def _shaped(value: object, kind: type[msgspec.Struct]) -> object:
    """The object with the fields' own names, without what is unknown, and without optional nulls."""
    if not isinstance(value, dict):
        return value
    shaped: dict[str, object] = {}
    for field in _fields(kind):
        if field.wire not in value or (value[field.wire] is None and not field.is_required):
            continue
        content = value[field.wire]
        if field.inner is None:
            shaped[field.name] = content
        elif isinstance(content, list):
            inner = field.inner
            shaped[field.name] = [_shaped(item, inner) for item in content]
        else:
            shaped[field.name] = _shaped(content, field.inner)
    return shaped


def _plain(value: object) -> object:
    if isinstance(value, msgspec.Struct):
        return write(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


@lru_cache(maxsize=128)
def _fields(kind: type[msgspec.Struct]) -> tuple[_Field, ...]:
    hints = get_type_hints(kind)
    return tuple(
        _Field(
            name=field.name,
            wire=_wire(field.name),
            inner=_struct_in(hints[field.name]),
            is_required=field.required,
            default=None if field.required else _default(field),
        )
        for field in msgspec.structs.fields(kind)
    )


def _default(field: msgspec.structs.FieldInfo) -> Any:
    return field.default_factory() if callable(field.default_factory) else field.default


def _wire(name: str) -> str:
    """lowerCamelCase of a field's name.

    >>> _wire("resolved_dependencies"), _wire("host_id")
    ('resolvedDependencies', 'hostID')
    """
    first, *rest = name.split("_")
    return _NAMES.get(name, first + "".join(word.capitalize() for word in rest))


def _struct_in(hint: Any) -> type[msgspec.Struct] | None:
    """The struct a type holds, if it holds one: itself, in `tuple[X, ...]`, or in `X | None`."""
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return hint
    if get_origin(hint) in {tuple, Union, UnionType}:
        return next(filter(None, (_struct_in(inner) for inner in get_args(hint))), None)
    return None
