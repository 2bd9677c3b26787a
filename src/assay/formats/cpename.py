"""CPE names: formatted strings (`cpe:2.3:a:vendor:product:…`, NISTIR 7695, 6.2) and URIs (`cpe:/a:…`, 6.1)."""

from urllib.parse import unquote

from assay.model.cpe import CpeName

_CHARACTERS = 1_000
_PARTS = 11
_TARGET = 8
_KINDS = frozenset("aoh")


def parse(text: str) -> CpeName | None:
    """The name's parts, or None where it is none.

    >>> parse("cpe:2.3:a:vendor:lib\\\\:x:1.0:*:*:*:*:node.js:*:*").product
    'lib:x'
    """
    if len(text) > _CHARACTERS:
        return None
    if text.startswith("cpe:2.3:"):
        parts = _split(text.removeprefix("cpe:2.3:"))
        if len(parts) != _PARTS:
            return None
        target = parts[_TARGET]
    elif text.startswith("cpe:/"):
        parts = [unquote(part) or "*" for part in text.removeprefix("cpe:/").split(":")]
        parts += ["*"] * (_PARTS - len(parts))
        target = "*"
    else:
        return None
    kind, vendor, product, version, update = (part.lower() for part in parts[:5])
    if kind not in _KINDS or not vendor or not product:
        return None
    return CpeName(kind, vendor, product, version or "*", update or "*", target.lower() or "*")


def _split(text: str) -> list[str]:
    """At colons that no backslash stands before; the backslashes are taken away."""
    parts, current, escaped = [], [], False
    for letter in text:
        if escaped:
            current.append(letter)
            escaped = False
        elif letter == "\\":
            escaped = True
        elif letter == ":":
            parts.append("".join(current))
            current = []
        else:
            current.append(letter)
    parts.append("".join(current))
    return parts
