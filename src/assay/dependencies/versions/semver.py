"""Semantic Versioning 2.0.0 §11, leniently read: npm, Go, crates.io, Bitnami; and Dart's variant, which orders builds.

Key: three numbers; then FFh for a release, else identifiers (numeric 01 + number, text 02 + text + 00) and end 00.
A leading `v` or `=` and missing numbers are forgiven; further numbers (`1.2.3.4`) sort right after `1.2.3`, zeros
dropped. Build metadata does not count (§10), except in Dart.
"""

from assay.dependencies.versions.scheme import Scheme, by_key, guarded, num
from assay.model.patterns import lazy

_FORM = lazy(
    r"[vV=]*([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?((?:\.[0-9]+)*)"
    r"(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?"
    r"(?:\+([0-9A-Za-z.\-_]*))?"
)


def identifiers(text: str) -> bytes:
    """Dot-separated identifiers in the order of §11.4: numeric below text, fewer below more."""
    pieces = []
    for identifier in text.split("."):
        if identifier.isdigit():
            pieces.append(b"\x01" + num(identifier))
        else:
            pieces.append(b"\x02" + identifier.encode("ascii") + b"\x00")
    return b"".join(pieces) + b"\x00"


def _split(version: str) -> tuple[bytes, str] | None:
    match = _FORM.fullmatch(version)
    if not match:
        return None
    major, minor, patch, more, pre, build = match.groups()
    pieces = [num(major), num(minor or "0"), num(patch or "0")]
    if more:
        rest = more.split(".")[1:]
        while rest and not rest[-1].strip("0"):
            rest.pop()
        pieces += [b"\xff\x01" + num(part) for part in rest]
    pieces.append(identifiers(pre) if pre else b"\xff")
    return b"".join(pieces), build or ""


def _encode(version: str) -> bytes | None:
    split = _split(version)
    return split[0] if split else None


def _encode_pub(version: str) -> bytes | None:
    split = _split(version)
    if not split:
        return None
    body, build = split
    return body + (identifiers(build) if build else b"")


_key = guarded(_encode)
_key_pub = guarded(_encode_pub)
SEMVER = Scheme("semver", 1, _key, by_key(_key))
PUB = Scheme("pub", 1, _key_pub, by_key(_key_pub))
