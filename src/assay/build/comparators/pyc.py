"""Python's byte-code (PEP 552): the source's time and size in the header; the code itself is compared as bytes.

Nothing is unmarshalled: code objects of another version or of an attacker are not ours to load.
"""

from collections.abc import Iterator

from assay.build import causes
from assay.build.comparators.base import Comparator, Looking, Pair, cause
from assay.model.comparison import Cause

_HEAD = 16
_FIELDS = (("magic", 0, 4), ("flags", 4, 8), ("time or hash", 8, 12), ("size or hash", 12, 16))


def _compare(pair: Pair, at: Looking) -> Iterator[Cause]:
    for name, start, end in _FIELDS:
        old, new = pair.before[start:end], pair.after[start:end]
        if old != new:
            yield cause(
                pair, "pyc-header", int.from_bytes(old, "little"), int.from_bytes(new, "little"), member=name, by="pyc"
            )
    if pair.before[_HEAD:] != pair.after[_HEAD:]:
        for one in causes.binary(pair.before[_HEAD:], pair.after[_HEAD:], at.before, at.after):
            yield cause(pair, one.kind, one.before, one.after, shown=one.shown, member="code", by="pyc")


def _fits(name: str, data: bytes) -> bool:
    return name.endswith((".pyc", ".pyo")) and len(data) > _HEAD and data[2:4] == b"\r\n"


ROW = Comparator(name="pyc", fits=_fits, compare=_compare)
