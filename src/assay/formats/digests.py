"""Digests inside documents: the model's pair (algorithm, hex) is written as one text, `sha256:…`."""

from typing import Any

import msgspec

from assay.model.digest import Digest
from assay.model.errors import MalformedError
from assay.model.image import Layer, Subject

SUBJECT_FIELDS = ("digest", "index")
LAYER_FIELDS = ("diff_id", "digest")
_FIELDS: dict[type[msgspec.Struct], tuple[str, ...]] = {Subject: SUBJECT_FIELDS, Layer: LAYER_FIELDS}


def plain(value: Subject | Layer) -> dict[str, Any]:
    """The struct as a dictionary whose digests are texts."""
    return flatten(msgspec.to_builtins(value), _FIELDS[type(value)])


def flatten(value: dict[str, Any], fields: tuple[str, ...]) -> dict[str, Any]:
    """Digests of these fields as texts, in place."""
    for field in fields:
        digest = value.get(field)
        if digest is not None:
            value[field] = f"{digest['algorithm']}:{digest['hex']}"
    return value


def parted(value: Any, fields: tuple[str, ...], *, where: str) -> Any:
    """The inverse of `flatten`, for a dictionary that came from outside; anything else is left to the schema.

    Raises:
        MalformedError: a text that is no digest.
    """
    if not isinstance(value, dict):
        return value
    value = dict(value)
    for field in fields:
        text = value.get(field)
        if text is None:
            continue
        if not isinstance(text, str):
            raise MalformedError("not a digest", where=f"{where}.{field}", remedy="expected sha256:<64 hex>")
        digest = Digest.parse(text, where=f"{where}.{field}")
        value[field] = {"algorithm": digest.algorithm, "hex": digest.hex}
    return value
