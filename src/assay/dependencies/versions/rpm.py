"""rpm's order (rpm-version(7); `rpmvercmp`): epoch, version, release.

Key: segments with separators dropped: `~` 01, end 02, `^` 03, letters 04 + text + 00, digits 05 + number. A missing
release sorts before every release, even the empty one.
"""

import re

from assay.dependencies.versions.scheme import VERSION_CHARACTERS, Scheme, by_key, num

_EPOCH = re.compile(r"([0-9]*):")
_SEGMENTS = re.compile(r"[0-9]+|[A-Za-z]+|[~^]")
_MARKS = {"~": b"\x01", "^": b"\x03"}


def _segments(text: str) -> bytes:
    pieces = []
    for segment in _SEGMENTS.findall(text):
        if segment in _MARKS:
            pieces.append(_MARKS[segment])
        elif segment[0] <= "9":
            pieces.append(b"\x05" + num(segment))
        else:
            pieces.append(b"\x04" + segment.encode("ascii") + b"\x00")
    return b"".join(pieces) + b"\x02"


def _key(version: str) -> bytes | None:
    """Characters outside ASCII are separators, as in rpm itself, so they are no reason to refuse."""
    if not version or len(version) > VERSION_CHARACTERS:
        return None
    epoch = _EPOCH.match(version)
    rest = version[epoch.end() :] if epoch else version
    main, hyphen, release = rest.rpartition("-")
    if not hyphen:
        main = rest
    try:
        tail = b"\x01" + _segments(release) if hyphen else b"\x00"
        return num(epoch[1] if epoch else "0") + _segments(main) + tail
    except OverflowError:
        return None


RPM = Scheme("rpm", 1, _key, by_key(_key))
