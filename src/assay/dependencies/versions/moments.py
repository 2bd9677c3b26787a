"""Versions that are no numbers: instants (RFC 3339) and plain text in the order of its bytes (vers-spec, `datetime` and
`lexicographic`).
"""

import re
from datetime import date

from assay.dependencies.versions.scheme import VERSION_CHARACTERS, Scheme, by_key, guarded

_FORM = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?"
    r"(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))"
)
_DAY_SECONDS = 86_400


def _instant(version: str) -> bytes | None:
    """Key: eight bytes of seconds, then the digits of the fraction, trailing zeros dropped, 00."""
    match = _FORM.fullmatch(version)
    if not match:
        return None
    year, month, day, hour, minute, second = map(int, match.groups()[:6])
    fraction, sign, *offset = match.groups()[6:]
    ahead_hours, ahead_minutes = (int(part or 0) for part in offset)
    if hour > 23 or minute > 59 or second > 60 or ahead_hours > 23 or ahead_minutes > 59:
        return None
    try:
        days = date(year, month, day).toordinal()
    except ValueError:
        return None
    ahead = (ahead_hours * 60 + ahead_minutes) * 60 * (-1 if sign == "-" else 1)
    seconds = (days + 1) * _DAY_SECONDS + (hour * 60 + minute) * 60 + second - ahead
    return seconds.to_bytes(8, "big") + (fraction or "").rstrip("0").encode("ascii") + b"\x00"


def _text(version: str) -> bytes | None:
    """Key: its UTF-8, nothing normalised; a text with NUL has none, for NUL marks inclusive bounds."""
    if not version or len(version) > VERSION_CHARACTERS or "\0" in version:
        return None
    try:
        return version.encode("utf-8")
    except UnicodeEncodeError:
        return None


_key = guarded(_instant)
DATETIME = Scheme("datetime", 1, _key, by_key(_key))
LEXICOGRAPHIC = Scheme("lexicographic", 1, _text, by_key(_text))
