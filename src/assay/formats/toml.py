"""TOML documents (TOML 1.0 by the standard library), with their size bounded and one error for whatever is wrong."""

import re
from typing import Any

from assay.model.errors import MalformedError

_LONG_KEY = re.compile(r"""(?:\.[ \t]*+(?:"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+'|[A-Za-z0-9_-]++)[ \t]*+){64}""")
"""A dotted key of so many parts takes the library quadratic time; no lock file has one."""


def loads(data: bytes, *, where: str, limit: int) -> dict[str, Any]:
    """Parse one document; an empty one is an empty table.

    Args:
        data: the bytes as received.
        where: named in errors.
        limit: greatest number of bytes.

    Raises:
        MalformedError: too long, not UTF-8, not TOML, nested too deep.
    """
    if len(data) > limit:
        raise _bad(where, f"{len(data)} bytes, limit {limit}")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _bad(where, f"not UTF-8 at byte {error.start}") from error
    if _LONG_KEY.search(text):
        raise _bad(where, "a dotted key of more than 64 parts")
    import tomllib  # takes a while, and is loaded with much that reads no TOML

    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise _bad(where, f"not TOML: {str(error)[:200]}") from error


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not acceptable TOML", where=where, why=why, remedy="let its tool write the file anew")
