"""RubyGems' order (`Gem::Version`): segments of digits or letters, zeros without end, letters below numbers.

Key: each segment that is not zero, with the count of zeros before it: letters 01 + count + text + 00, end 02, number
03 + complement of the count + number. (Fewer zeros before letters is less, before a number is more.)
"""

import re

from assay.dependencies.versions.scheme import Scheme, by_key, guarded, num

_FORM = re.compile(r"[0-9][0-9a-zA-Z]*(?:\.[0-9a-zA-Z]+)*(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?")
_SEGMENTS = re.compile(r"[0-9]+|[A-Za-z]+")
_COMPLEMENT = bytes(range(255, -1, -1))


def _segments(version: str) -> list[str]:
    """Zeros at the end of the release part (before the first letters) do not count."""
    segments = _SEGMENTS.findall(version.replace("-", ".pre."))
    first = next((place for place, segment in enumerate(segments) if segment[0] > "9"), len(segments))
    release = segments[:first]
    while release and not release[-1].strip("0"):
        release.pop()
    return release + segments[first:]


def _encode(version: str) -> bytes | None:
    if not _FORM.fullmatch(version):
        return None
    pieces = []
    zeros = 0
    for segment in _segments(version):
        if segment[0] > "9":
            pieces.append(b"\x01" + num(str(zeros)) + segment.encode("ascii") + b"\x00")
            zeros = 0
        elif segment.strip("0"):
            pieces.append(b"\x03" + num(str(zeros)).translate(_COMPLEMENT) + num(segment))
            zeros = 0
        else:
            zeros += 1
    return b"".join(pieces) + b"\x02"


_key = guarded(_encode)
GEM = Scheme("gem", 1, _key, by_key(_key))
