"""Composer's order (Packagist): normalised as Composer does, then PHP's `version_compare`.

Composer pads releases to four numbers, so zeros at their end do not count. After the release: dev 02, alpha 03,
beta 04, RC 05, end 06, number 07, patch 08. Branches (`dev-main`) and unknown words have no place in the order.
"""

import re

from assay.dependencies.versions.scheme import Scheme, by_key, guarded, num

_FORM = re.compile(r"[vV]?([0-9][0-9A-Za-z]*(?:[._-][0-9A-Za-z]+)*)(?:\+[0-9A-Za-z.\-]*)?")
_TOKENS = re.compile(r"[0-9]+|[a-z]+")
_WORDS = {
    "dev": b"\x02", "alpha": b"\x03", "a": b"\x03", "beta": b"\x04", "b": b"\x04", "rc": b"\x05",
    "patch": b"\x08", "pl": b"\x08", "p": b"\x08", "stable": b"",
}  # fmt: skip


def _encode(version: str) -> bytes | None:
    match = _FORM.fullmatch(version)
    if not match:
        return None
    tokens = _TOKENS.findall(match[1].lower())
    first = next((place for place, token in enumerate(tokens) if token[0] > "9"), len(tokens))
    release, tail = tokens[:first], tokens[first:]
    while release and not release[-1].strip("0"):
        release.pop()
    pieces = [b"\x02" + num(part) for part in release]
    pieces.append(b"\x01")
    for token in tail:
        if token[0] <= "9":
            pieces.append(b"\x07" + num(token))
        elif token in _WORDS:
            pieces.append(_WORDS[token])
        else:
            return None
    return b"".join(pieces) + b"\x06"


_key = guarded(_encode)
COMPOSER = Scheme("composer", 1, _key, by_key(_key))
