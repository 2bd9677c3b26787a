"""Python's order (PEP 440, "Summary of permitted suffixes and relative ordering", normalisation included).

Key: epoch; 02 + number a release part, trailing zeros dropped, 01; phase (dev only 01, a 02, b 03, rc 04, none 05) and
its number; post (none 01, else 02 + number); dev (01 + number, none 02); local (none 00, text 02, number 03, end 01).
"""

import re

from assay.dependencies.versions.scheme import Scheme, by_key, guarded, num

_FORM = re.compile(
    r"v?(?:([0-9]+)!)?([0-9]+(?:\.[0-9]+)*)"  # epoch, release
    r"(?:[._-]?(alpha|beta|preview|pre|a|b|c|rc)[._-]?([0-9]+)?)?"
    r"(?:-([0-9]+)|[._-]?(post|rev|r)[._-]?([0-9]+)?)?"
    r"(?:[._-]?(dev)[._-]?([0-9]+)?)?"
    r"(?:\+([a-z0-9]+(?:[._-][a-z0-9]+)*))?"
)
_PHASES = {"a": 2, "alpha": 2, "b": 3, "beta": 3, "c": 4, "rc": 4, "pre": 4, "preview": 4}
_SEPARATORS = re.compile(r"[._-]")


def _local(text: str) -> bytes:
    pieces = []
    for segment in _SEPARATORS.split(text):
        if segment.isdigit():
            pieces.append(b"\x03" + num(segment))
        else:
            pieces.append(b"\x02" + segment.encode("ascii") + b"\x00")
    return b"".join(pieces) + b"\x01"


def _encode(version: str) -> bytes | None:
    match = _FORM.fullmatch(version.lower())
    if not match:
        return None
    epoch, release, phase, phase_n, post_short, post, post_n, dev, dev_n, local = match.groups()
    parts = release.split(".")
    while parts and not parts[-1].strip("0"):
        parts.pop()
    has_post = post is not None or post_short is not None
    pieces = [num(epoch or "0")]
    pieces += [b"\x02" + num(part) for part in parts]
    if phase:
        pieces.append(b"\x01" + bytes((_PHASES[phase],)) + num(phase_n or "0"))
    else:
        pieces.append(b"\x01\x01" if dev and not has_post else b"\x01\x05")
    pieces.append(b"\x02" + num(post_short or post_n or "0") if has_post else b"\x01")
    pieces.append(b"\x01" + num(dev_n or "0") if dev else b"\x02")
    pieces.append(_local(local) if local else b"\x00")
    return b"".join(pieces)


_key = guarded(_encode)
PEP440 = Scheme("pep440", 1, _key, by_key(_key))
