"""Requirements of Swift packages (Swift Package Manager, `Package.Dependency`, `Version`, "contains")."""

import re

from assay.dependencies.versions import SCHEMES
from assay.model.patterns import lazy

_SEMVER = lazy(r"([0-9]{1,15})\.([0-9]{1,15})\.([0-9]{1,15})(-[0-9A-Za-z.-]{1,200})?(?:\+[0-9A-Za-z.-]{1,200})?")
_PLACES = ("branch ", "revision ")
_COMMIT = lazy(r"[0-9a-f]{40}")


def allows(wanted: str, version: str) -> bool | None:
    """Whether a pin is one that a requirement allows, as `locks.swift` writes requirements and pins.

    >>> allows("^1.2.3", "1.9.0"), allows("~1.2.3", "1.3.0"), allows("1.0.0..<2.0.0", "2.0.0-beta")
    (True, False, False)
    >>> allows("^1.0.0", "branch main"), allows("branch main", "branch main"), allows("^1.0", "1.0.0")
    (False, True, None)
    """
    if wanted.startswith(_PLACES):
        if "?" in wanted or (wanted.startswith("revision ") and not _COMMIT.fullmatch(wanted[9:])):
            return None
        return wanted == version
    bounds = _bounds(wanted)
    if bounds is None:
        return None
    if version.startswith(_PLACES):
        return False
    low, high, exact = bounds
    found = _SEMVER.fullmatch(version)
    if found is None:
        return None
    if exact:
        return _compare(version, low) == 0
    if found[4] and not _takes(found, low, high):
        return False
    return _compare(version, low) >= 0 and _compare(version, high) < 0


def _bounds(wanted: str) -> tuple[str, str, bool] | None:
    """Lower bound, upper bound, and whether both are the one version that will do; else the upper one is out."""
    for sign, closed in (("..<", False), ("...", True)):
        low, found, high = wanted.partition(sign)
        upper = _SEMVER.fullmatch(high) if found else None
        if found and (upper is None or not _SEMVER.fullmatch(low)):
            return None
        if upper is not None:
            return low, _past(upper) if closed else high, False
    match = _SEMVER.fullmatch(wanted[1:])
    if match is None or wanted[0] not in "^~=":
        return None
    if wanted[0] == "=":
        return wanted[1:], wanted[1:], True
    major, minor = int(match[1]), int(match[2])
    return wanted[1:], f"{major + 1}.0.0" if wanted[0] == "^" else f"{major}.{minor + 1}.0", False


def _past(upper: re.Match[str]) -> str:
    """A closed range ends below the next patch; a pre-release of its bound becomes one of that next patch."""
    return f"{upper[1]}.{upper[2]}.{int(upper[3]) + 1}{upper[4] or ''}"


def _takes(found: re.Match[str], low: str, high: str) -> bool:
    """Pre-releases only where a bound is one, and none of a release that is the upper bound."""
    if "-" not in low and "-" not in high:
        return False
    release = ".".join(found.groups()[:3])
    return "-" in high or release != high.partition("+")[0]


def _compare(left: str, right: str) -> int:
    order = SCHEMES["semver"].compare(left, right)
    return 0 if order is None else order
