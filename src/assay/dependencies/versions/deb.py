"""Debian's order (deb-version(7), "Sorting algorithm"); also Ubuntu and their derivatives.

Key: epoch, then upstream version and revision, each as runs of non-digits (`~` 01, end of run 02, letters from 10h,
others from 50h) followed by the number after them; each part ends with 02. No revision equals revision 0.
"""

import re

from assay.dependencies.versions.scheme import Scheme, by_key, guarded, num

_RUNS = re.compile(r"([^0-9]*)([0-9]*)")


def _weights() -> bytes:
    table = bytearray(256)
    for code in range(0x21, 0x7F):
        table[code] = 0x50 + code - 0x21
    letters = [*range(ord("A"), ord("Z") + 1), *range(ord("a"), ord("z") + 1)]
    for place, code in enumerate(letters):
        table[code] = 0x10 + place
    table[ord("~")] = 1
    return bytes(table)


_WEIGHTS = _weights()


def _part(text: str) -> bytes:
    pieces = []
    for run, digits in _RUNS.findall(text or "0")[:-1]:
        pieces.append(run.encode("ascii").translate(_WEIGHTS) + b"\x02" + num(digits))
    return b"".join(pieces) + b"\x02"


def _encode(version: str) -> bytes | None:
    epoch, colon, rest = version.partition(":")
    if not colon:
        epoch, rest = "0", version
    if not epoch.isdigit() or not rest:
        return None
    upstream, hyphen, revision = rest.rpartition("-")
    if not hyphen:
        upstream, revision = rest, "0"
    if not upstream or not revision or not rest.isprintable() or " " in rest:
        return None
    return num(epoch) + _part(upstream) + _part(revision)


_key = guarded(_encode)
DEB = Scheme("deb", 1, _key, by_key(_key))
