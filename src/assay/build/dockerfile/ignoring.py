"""`.dockerignore` as patterns of a spec's `exclude` (Dockerfile reference, ".dockerignore file").

The two languages differ: a pattern without a slash at its beginning is one of the root here and one of any folder
there, and a spec has no exceptions. What cannot be said is left out, so that more comes in, never less, and is named.
"""

import re

import msgspec

_ANY = re.compile(r"\A(?:\*\*/)+")


class Ignored(msgspec.Struct, frozen=True, kw_only=True):
    """What a `.dockerignore` says, as far as a spec can say it."""

    exclude: tuple[str, ...] = ()
    left_out: tuple[tuple[int, str, str], ...] = ()
    """Line, pattern, and why it is not taken over."""


def read(text: str) -> Ignored:
    """Translate every line.

    >>> read("*.pyc\\n/docs\\n**/node_modules\\n").exclude
    ('/*.pyc', '/docs', 'node_modules')
    """
    lines = [(number, line.strip()) for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1)]
    patterns = [(number, line) for number, line in lines if line and not line.startswith("#")]
    exceptions = [(number, _tidy(line[1:])) for number, line in patterns if line.startswith("!")]
    found: list[str] = []
    left: list[tuple[int, str, str]] = []
    for number, line in patterns:
        if line.startswith("!"):
            continue
        pattern = _tidy(line)
        again = [name for at, name in exceptions if at > number and _may_meet(pattern, name)]
        if again:
            left.append((number, line, f"a later line takes {again[0]} in again"))
        elif pattern in ("", "."):
            left.append((number, line, "it names nothing"))
        else:
            found.append(_said(pattern))
    return Ignored(exclude=tuple(dict.fromkeys(found)), left_out=tuple(left))


def _tidy(pattern: str) -> str:
    return "/".join(part for part in pattern.strip().split("/") if part not in ("", "."))


def _said(pattern: str) -> str:
    """In a spec, a pattern that begins with a slash is one of the root; any other is also one of every name."""
    anywhere = _ANY.match(pattern + "/") if pattern == "**" else _ANY.match(pattern)
    rest = pattern[anywhere.end() :] if anywhere else pattern
    if anywhere and "/" not in rest:
        return rest or "*"
    return ("*/" if anywhere else "/") + rest


def _may_meet(pattern: str, exception: str) -> bool:
    """Whether an exception may lie in or be what a pattern leaves out: by the first parts without a wildcard."""
    for one, other in zip(pattern.split("/"), exception.split("/"), strict=False):
        if any(sign in one + other for sign in "*?["):
            return True
        if one != other:
            return False
    return True
