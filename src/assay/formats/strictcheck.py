"""Whether a document is acceptable JSON (`strictjson`), without its values: a large SBOM's take many times its size.

The scanner still makes them, but lets go of each object as soon as its names were looked at.
"""

import json
import re
from typing import Any, NoReturn

from assay.formats import strictjson
from assay.model.errors import MalformedError
from assay.model.limits import DEFAULT_LIMITS

_ESCAPED_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
_INFINITE = frozenset({float("inf"), float("-inf")})


def check(data: bytes, *, where: str, limit: int, depth: int = DEFAULT_LIMITS.json_depth_count) -> None:
    """Refuse what `strictjson.loads` refuses, in its words.

    Raises:
        MalformedError: as `strictjson.loads`.
    """
    if len(data) > limit or not _is_plain(data, depth):
        strictjson.loads(data, where=where, limit=limit, depth=depth)


def _is_plain(data: bytes, depth: int) -> bool:
    """Whether it is surely acceptable; what is in doubt is read once more, with its values."""
    if _ESCAPED_HALF.search(data):
        return False
    try:
        strictjson.check_depth(data, where="", depth=depth)
        json.loads(data.decode("utf-8"), object_pairs_hook=_names, parse_constant=_constant, parse_float=_number)
    except (ValueError, RecursionError, MalformedError):
        return False
    return True


def _names(items: list[tuple[str, Any]]) -> None:
    if len(dict(items)) != len(items):
        raise ValueError


def _constant(_: str) -> NoReturn:
    raise ValueError


def _number(text: str) -> None:
    if float(text) in _INFINITE:
        raise ValueError
