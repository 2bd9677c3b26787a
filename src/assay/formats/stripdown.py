"""A `Stripdown` as our own JSON: figures in their order, each with its files, digests as texts."""

from typing import Any

import msgspec

from assay.formats import wire
from assay.formats.digests import SUBJECT_FIELDS, flatten
from assay.model.stripdown import Stripdown

NAME = "urn:assay:schema:stripdown:1"


def write(report: Stripdown) -> bytes:
    """The report as indented JSON."""
    found: dict[str, Any] = msgspec.to_builtins(report, order="sorted")
    for side in ("before", "after"):
        flatten(found[side], SUBJECT_FIELDS)
    return wire.encode({"schema": NAME} | found)
