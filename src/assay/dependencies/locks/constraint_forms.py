"""Constraints of NuGet, pub and Mix as bounds; `constraints` weighs a version against them.

NuGet documentation, "Package versioning"; Dart documentation, "Package dependencies", and `pub_semver`; Elixir,
`Version`, "Requirements". A text that is none of theirs is None: nobody can tell.
"""

import re

from assay.model.patterns import lazy

Bound = tuple[str, str]
"""As in `constraints`."""

_NUMBERS = r"[0-9]{1,15}(?:\.[0-9]{1,15}){0,3}"
_PRE = r"(?:-[0-9A-Za-z-]{1,200}(?:\.[0-9A-Za-z-]{1,200}){0,20})?"
_NUGET = lazy(_NUMBERS + _PRE)
_NUGET_FLOAT = lazy(r"((?:[0-9]{1,15}\.){0,3})\*")
_INTERVAL = lazy(r"([\[(])([^,\[\]()]{0,300})(?:(,)([^,\[\]()]{0,300}))?([\])])")
_SEMVER = lazy(r"([0-9]{1,15})\.([0-9]{1,15})\.([0-9]{1,15})(" + _PRE + ")")
_PUB = lazy(r"(\^|>=|<=|>|<)?[ \t]*([0-9][^\s<>=^]{0,300})[ \t]*")
_HEX = lazy(r"(~>|==|!=|>=|<=|>|<|=)?[ \t]*([0-9][^\s<>=~!]{0,300})[ \t]*")
_HEX_SHORT = lazy(r"([0-9]{1,15})\.([0-9]{1,15})()(" + _PRE + ")")
_PARTS_COUNT = 50


def nuget(wanted: str) -> list[Bound] | None:
    """`1.0` is a minimum; intervals; `1.*` the newest release of its kind."""
    if match := _NUGET_FLOAT.fullmatch(wanted):
        return _floating(match[1])
    if _NUGET.fullmatch(wanted):
        return [(">=", wanted)]
    match = _INTERVAL.fullmatch(wanted)
    if match is None:
        return None
    opened, low, comma, high, closed = match[1], match[2].strip(), match[3], (match[4] or "").strip(), match[5]
    if not comma:
        return [("=", low)] if (opened, closed) == ("[", "]") and _NUGET.fullmatch(low) else None
    if not low and not high:
        return None  # NuGet refuses it
    bounds: list[Bound] = []
    if floating := _NUGET_FLOAT.fullmatch(low):
        bounds += (_floating(floating[1]) or [])[:1]
    elif low:
        bounds.append((">=" if opened == "[" else ">", low))
    if high:
        bounds.append(("<=" if closed == "]" else "<", high))
    return bounds if all(_NUGET.fullmatch(version) for _, version in bounds) else None


def _floating(stem: str) -> list[Bound]:
    numbers = [int(part) for part in stem.split(".") if part]
    if not numbers:
        return []
    low, high = [*numbers, 0, 0][:3], [*numbers[:-1], numbers[-1] + 1, 0, 0][:3]
    return [(">=", ".".join(map(str, low))), ("<", ".".join(map(str, high)))]


def pub(wanted: str) -> list[Bound] | None:
    """`any`, one version, bounds beside each other, `^`: below 1.0.0 the second number is the one that breaks."""
    if wanted in ("", "any"):
        return []
    bounds: list[Bound] = []
    at = 0
    while at < len(wanted):
        match = _PUB.match(wanted, at)
        version = _SEMVER.fullmatch(match[2]) if match else None
        if match is None or version is None or len(bounds) > _PARTS_COUNT:
            return None
        at = match.end()
        if match[1] == "^":
            major, minor = int(version[1]), int(version[2])
            bounds += [(">=", match[2]), ("<", f"{major + 1}.0.0-0" if major else f"0.{minor + 1}.0-0")]
        else:
            bounds.append((match[1] or "=", match[2]))
    return bounds


def hex_(wanted: str) -> list[list[Bound]] | None:
    """Alternatives of `and`ed bounds; `~>` keeps all numbers but the last that is given."""
    alternatives = re.split(r"[ \t]+or[ \t]+", wanted)
    found = [_hex_all(part) for part in alternatives[:_PARTS_COUNT]]
    if len(alternatives) > _PARTS_COUNT or None in found:
        return None
    return [one for one in found if one is not None]


def _hex_all(part: str) -> list[Bound] | None:
    bounds: list[Bound] = []
    for text in re.split(r"[ \t]+and[ \t]+", part)[:_PARTS_COUNT]:
        match = _HEX.fullmatch(text.strip())
        full = _SEMVER.fullmatch(match[2]) if match else None
        if match is None:
            return None
        if match[1] != "~>":
            if full is None:
                return None
            bounds.append(({None: "=", "==": "="}.get(match[1], match[1]), match[2]))
            continue
        short = full or _HEX_SHORT.fullmatch(match[2])
        if short is None:
            return None
        major, minor = int(short[1]), int(short[2])
        low = match[2] if full else f"{major}.{minor}.0{short[4]}"
        bounds += [(">=", low), ("<", f"{major}.{minor + 1}.0-0" if full else f"{major + 1}.0.0-0")]
    return bounds
