"""From the text of a spec to a `Spec` whose parts fit each other, with a place for each; and its digest."""

from collections.abc import Iterator
from typing import Any

import msgspec

from assay.build import typed
from assay.build.spec import Spec
from assay.build.spec_rules import RULES
from assay.formats import strictjson, strictyaml
from assay.model.digest import Digest
from assay.model.errors import MalformedError


class PlacedSpec(msgspec.Struct, frozen=True):
    """A spec and where each part of it stands."""

    spec: Spec
    places: typed.Places


def read_spec(data: bytes, *, where: str) -> PlacedSpec:
    """Read a spec.

    Args:
        data: the file's bytes.
        where: its name, for errors.

    Raises:
        MalformedError: not strict YAML, not of the schema, or its parts do not fit each other; the place is
            `file:line:column path`.
    """
    node = strictyaml.load(data, where=where)
    spec, places = typed.convert(node, Spec, file=where)
    for rule in RULES:
        for fault in rule(spec):
            raise MalformedError(
                "the spec contradicts itself", where=places.where(fault.path), why=fault.why, remedy=fault.remedy
            )
    return PlacedSpec(spec, places)


def canonical(spec: Spec) -> bytes:
    """The spec as canonical JSON without what equals its default: layout, comments and later optional keys leave it."""
    return strictjson.canonical(_plain(spec))


def spec_digest(spec: Spec) -> Digest:
    """The digest by which a lock names its spec."""
    return Digest.of(canonical(spec))


def _plain(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        return dict(_fields(value))
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _fields(value: msgspec.Struct) -> Iterator[tuple[str, Any]]:
    config = value.__struct_config__
    if config.tag_field is not None:
        yield config.tag_field, config.tag
    for field in msgspec.structs.fields(value):
        item = getattr(value, field.name)
        default = field.default_factory() if field.default_factory is not msgspec.NODEFAULT else field.default
        if field.required or item != default:
            yield field.encode_name, _plain(item)
