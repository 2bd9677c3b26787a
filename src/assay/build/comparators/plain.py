"""Plain text and plain bytes: what no other comparator knows."""

from collections.abc import Iterator

from assay.build import causes
from assay.build.comparators.base import Comparator, Looking, Pair, cause
from assay.model.comparison import Cause

_HEAD_BYTES = 8192


def _is_text(name: str, data: bytes) -> bool:
    return b"\0" not in data[:_HEAD_BYTES] and _decodes(data)


def _decodes(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _text(pair: Pair, at: Looking) -> Iterator[Cause]:
    for one in causes.text(pair.before, pair.after, at.before, at.after):
        yield cause(pair, one.kind, one.before, one.after, shown=one.shown, by="text")


def _binary(pair: Pair, at: Looking) -> Iterator[Cause]:
    for one in causes.binary(pair.before, pair.after, at.before, at.after):
        yield cause(pair, one.kind, one.before, one.after, shown=one.shown, by="bytes")


TEXT = Comparator(name="text", fits=_is_text, compare=_text)
BINARY = Comparator(name="bytes", fits=lambda name, data: True, compare=_binary)
