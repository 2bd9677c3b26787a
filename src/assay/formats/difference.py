"""A `Difference` as our own JSON: names sorted, every field present, digests as texts."""

import msgspec

from assay.formats import wire
from assay.formats.digests import SUBJECT_FIELDS, flatten
from assay.model.difference import Difference

NAME = "urn:assay:schema:diff:1"


def write(difference: Difference) -> bytes:
    """The difference as indented JSON; `empty` says whether nothing differs."""
    document = msgspec.to_builtins(difference, order="sorted")
    for side in ("old", "new"):
        flatten(document[side], SUBJECT_FIELDS)
    return wire.encode({"schema": NAME, "empty": difference.empty} | document)
