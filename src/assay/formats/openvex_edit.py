"""An OpenVEX document that is written further: its head, and the same document with a statement more or another."""

from collections.abc import Sequence
from typing import Any

import msgspec

from assay.formats import openvex_read, wire
from assay.formats.openvex_write import write_statements
from assay.model.errors import MalformedError
from assay.model.limits import DEFAULT_LIMITS
from assay.model.vex import VexStatement


class Head(msgspec.Struct, frozen=True):
    """What the document says of itself."""

    id: str
    author: str
    timestamp: str
    version: int = 1


def head(data: bytes, name: str) -> Head:
    """Read a document's head.

    Raises:
        MalformedError: not OpenVEX, or a version that is no positive integer.
    """
    value: Any = wire.decode(data, where=name, limit=DEFAULT_LIMITS.vex_bytes)
    if not isinstance(value, dict) or not str(value.get("@context")).startswith(openvex_read.CONTEXT[:24]):
        raise MalformedError("not an OpenVEX document", where=name, remedy="only OpenVEX can be written further")
    version = value.get("version", 1)
    number = int(version) if str(version).isascii() and str(version).isdigit() and len(str(version)) < 10 else 0
    if number < 1:
        raise MalformedError("not a valid OpenVEX document", where=f"{name} $.version", remedy="give it a number")
    return Head(str(value.get("@id", "")), str(value.get("author", "")), str(value.get("timestamp", "")), number)


def with_statement(said: Sequence[VexStatement], new: VexStatement) -> tuple[VexStatement, ...]:
    """The statements with `new`: in place of the one about the same vulnerability and products, else added."""
    kept = [one for one in said if (one.vulnerability, one.products) != (new.vulnerability, new.products)]
    return tuple(sorted((*kept, new), key=lambda one: (one.vulnerability, one.timestamp, repr(one))))


def write_next(before: Head, said: Sequence[VexStatement], *, timestamp: str, tooling: str) -> bytes:
    """The document's next version: its id, author and first time stay, `last_updated` is `timestamp`.

    Raises:
        MalformedError: a time is none.
    """
    return write_statements(
        said,
        author=before.author,
        timestamp=before.timestamp,
        tooling=tooling,
        identifier=before.id,
        version=before.version + 1,
        last_updated=timestamp,
    )
