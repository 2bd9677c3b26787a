"""A `Comparison` as our own JSON: names sorted, every field present, digests as texts."""

from typing import Any

import msgspec

from assay.formats import wire
from assay.formats.digests import SUBJECT_FIELDS, flatten
from assay.model.comparison import Comparison

NAME = "urn:assay:schema:comparison:1"


def document(comparison: Comparison) -> dict[str, Any]:
    """The comparison as plain values."""
    found: dict[str, Any] = msgspec.to_builtins(comparison, order="sorted")
    for side in ("before", "after"):
        flatten(found[side], SUBJECT_FIELDS)
    return found


def write(comparison: Comparison) -> bytes:
    """The comparison as indented JSON."""
    return wire.encode({"schema": NAME} | document(comparison))
