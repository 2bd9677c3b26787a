"""Variables of a Dockerfile: `$NAME`, `${NAME}`, `${NAME:-word}`, `${NAME:+word}` (Dockerfile reference)."""

import re
from collections.abc import Mapping

from assay.formats import dockerwords

_VARIABLE = re.compile(
    r"\\(.)|\$(?:\{([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-+?])([^{}$]*))?\}|([A-Za-z_][A-Za-z0-9_]*))", re.ASCII | re.DOTALL
)
_LENGTH_CHARACTERS = 65_536


def expand(text: str, known: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """The text with the values of what is known, and the names of what is not.

    An unknown name stays as written: nothing is made up for it.

    >>> expand("${A:-x}/$B/$C", {"B": "b"})
    ('x/b/$C', ('C',))
    """
    missing: list[str] = []

    def value(match: re.Match[str]) -> str:
        if match[1] is not None:
            return match[0] if match[1] != "$" else "$"
        name, sign, word = match[2] or match[5], match[3] or "", match[4] or ""
        present = name in known and (known[name] != "" or not sign.startswith(":"))
        if sign.endswith("+"):
            return word if present else ""
        if present:
            return known[name]
        if sign.endswith("-"):
            return word
        missing.append(name)
        return match[0]

    return _VARIABLE.sub(value, text)[:_LENGTH_CHARACTERS], tuple(missing)


def unquoted(text: str) -> str:
    """A value without its quotes and escapes, as the builder stores it."""
    return dockerwords.unquoted(text, "\\")
