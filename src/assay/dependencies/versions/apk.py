"""Alpine's order (apk-package(5), "pkgver"), as apk 3 decides hashes and leading zeros.

Key: first number, then tokens: further number 0Fh (00 + text + 00 if it begins with 0, else 01 + number), letter 0Eh,
cvs svn git hg p 09-0D, suffix number 08, commit hash 07, revision 06, end 05, alpha beta pre rc 01-04. Other suffixes
and shapes are not versions: no key.
"""

import re

from assay.dependencies.versions.scheme import Scheme, by_key, guarded, num

_FORM = re.compile(
    r"([0-9]+)((?:\.[0-9]+)*)"  # numbers
    r"(?:([a-z])([0-9]*))?"  # a letter; apk 2 let a number follow it (6.6.2p1)
    r"((?:_(?:alpha|beta|pre|rc|cvs|svn|git|hg|p)[0-9]*)*)"
    r"(?:~([0-9a-f]+))?"
    r"(?:-r([0-9]*))?"
)
_SUFFIX = re.compile(r"_([a-z]+)([0-9]*)")
_SUFFIXES = {
    name: bytes((code,))
    for code, name in enumerate(("alpha", "beta", "pre", "rc", "", "", "", "", "cvs", "svn", "git", "hg", "p"), 1)
}


def _number(digits: str) -> bytes:
    if digits[0] == "0":
        return b"\x0f\x00" + digits.encode("ascii") + b"\x00"
    return b"\x0f\x01" + num(digits)


def _encode(version: str) -> bytes | None:
    match = _FORM.fullmatch(version)
    if not match:
        return None
    first, numbers, letter, after, suffixes, commit, revision = match.groups()
    pieces = [num(first)]
    pieces += [_number(digits) for digits in numbers.split(".")[1:]]
    if letter:
        pieces.append(b"\x0e" + letter.encode("ascii"))
        if after:
            pieces.append(b"\x0f\x01" + num(after))
    for name, digits in _SUFFIX.findall(suffixes):
        pieces.append(_SUFFIXES[name] + (b"\x08" + num(digits) if digits else b""))
    if commit:
        pieces.append(b"\x07" + commit.encode("ascii") + b"\x00")
    if revision is not None:
        pieces.append(b"\x06" + num(revision))
    pieces.append(b"\x05")
    return b"".join(pieces)


_key = guarded(_encode)
APK = Scheme("apk", 1, _key, by_key(_key))
