"""Gentoo's order (Package Manager Specification, "Version comparison").

Key: first number; tokens: further number 0Fh (00 + digits without trailing zeros + 00 if it begins with 0, else 01 +
number), letter 0Eh, suffix p 08 + number, end 05, suffixes alpha beta pre rc 01-04 + number; then the revision.
"""

import re

from assay.dependencies.versions.scheme import Scheme, by_key, guarded, num

_FORM = re.compile(r"([0-9]+)((?:\.[0-9]+)*)([a-z]?)((?:_(?:alpha|beta|pre|rc|p)[0-9]*)*)(?:-r([0-9]+))?")
_SUFFIX = re.compile(r"_([a-z]+)([0-9]*)")
_SUFFIXES = {"alpha": b"\x01", "beta": b"\x02", "pre": b"\x03", "rc": b"\x04", "p": b"\x08"}


def _number(digits: str) -> bytes:
    if digits[0] == "0":
        return b"\x0f\x00" + digits.rstrip("0").encode("ascii") + b"\x00"
    return b"\x0f\x01" + num(digits)


def _encode(version: str) -> bytes | None:
    match = _FORM.fullmatch(version)
    if not match:
        return None
    first, numbers, letter, suffixes, revision = match.groups()
    pieces = [num(first), *(_number(digits) for digits in numbers.split(".")[1:])]
    if letter:
        pieces.append(b"\x0e" + letter.encode("ascii"))
    pieces += [_SUFFIXES[name] + num(digits) for name, digits in _SUFFIX.findall(suffixes)]
    return b"".join(pieces) + b"\x05" + num(revision or "0")


_key = guarded(_encode)
GENTOO = Scheme("gentoo", 1, _key, by_key(_key))
