"""Orders that are plain lists of numbers: Hackage (Haskell PVP) and CRAN (R's `numeric_version`).

Key: 02 + number each, end 01: a longer list follows its own beginning (`1.0` < `1.0.0`).
"""

import re

from assay.dependencies.versions.scheme import Key, Scheme, by_key, guarded, num

_HACKAGE = re.compile(r"[0-9]+(?:\.[0-9]+)*")
_CRAN = re.compile(r"[0-9]+(?:[.-][0-9]+)*")
_DIGITS = re.compile(r"[0-9]+")


def _lists(form: re.Pattern[str]) -> Key:
    def encode(version: str) -> bytes | None:
        if not form.fullmatch(version):
            return None
        return b"".join(b"\x02" + num(digits) for digits in _DIGITS.findall(version)) + b"\x01"

    return guarded(encode)


_hackage, _cran = _lists(_HACKAGE), _lists(_CRAN)
HACKAGE = Scheme("hackage", 1, _hackage, by_key(_hackage))
CRAN = Scheme("cran", 1, _cran, by_key(_cran))
