"""NuGet's order (docs "Package versioning"): SemVer 2 with up to four numbers; letters in either case are the same.

Key: four numbers, then FFh for a release, else the identifiers of SemVer in lower case.
"""

import re

from assay.dependencies.versions.scheme import Scheme, by_key, guarded, num
from assay.dependencies.versions.semver import identifiers

_FORM = re.compile(
    r"([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?(?:\.([0-9]+))?"
    r"(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z.-]*)?"
)


def _encode(version: str) -> bytes | None:
    match = _FORM.fullmatch(version)
    if not match:
        return None
    *numbers, pre = match.groups()
    return b"".join(num(part or "0") for part in numbers) + (identifiers(pre.lower()) if pre else b"\xff")


_key = guarded(_encode)
NUGET = Scheme("nuget", 1, _key, by_key(_key))
