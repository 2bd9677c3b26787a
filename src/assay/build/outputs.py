"""Outputs of a step: which of the files it left belong to which output, and where they come to lie."""

import re
from collections.abc import Iterable, Mapping

import msgspec

from assay.model.errors import UnsupportedError, UsageError
from assay.model.tree import OwnedEntry, Owner

_PART = r"(?:[^/]+/)*[^/]+"
_GLOB = frozenset("*?[")


class Output(msgspec.Struct, frozen=True, kw_only=True):
    """One output of a step."""

    name: str
    entries: tuple[OwnedEntry, ...]
    """Paths are relative to the fixed part of its pattern."""
    digest: str = ""
    """SHA-256 of its canonical tar, `sha256:…`."""


def sort_out(found: Iterable[OwnedEntry], patterns: Mapping[str, str], *, step: str) -> tuple[Output, ...]:
    """Assign what a step left to its outputs.

    Args:
        found: everything in `$OUT`, by path.
        patterns: output → pattern of paths in `$OUT`; a folder that matches comes with all that is in it.
        step: its name.

    Raises:
        UsageError: a pattern that nothing matches. UnsupportedError: a link out of the output.
    """
    known = list(found)
    outputs = []
    for name, pattern in sorted(patterns.items()):
        owner = Owner("step", f"{step}.{name}")
        base = _fixed(pattern)
        matches = _compiled(pattern, f"{step}.{name}")
        taken = []
        for item in known:
            path = item.entry.path.decode("utf-8", "surrogateescape")
            if not any(matches.fullmatch(part) for part in _prefixes(path)):
                continue
            relative = path[len(base) :].encode("utf-8", "surrogateescape")
            link = item.entry.link
            if item.entry.kind == "hardlink":
                link = link[len(base) :]
            elif item.entry.kind == "symlink" and _escapes(item.entry.path, link):
                raise UnsupportedError(
                    "an output links to the outside", where=f"{step} {path}", why=link.decode("utf-8", "replace"),
                    remedy="copy what it means",
                )  # fmt: skip
            taken.append(OwnedEntry(msgspec.structs.replace(item.entry, path=relative, link=link), owner, item.span))
        if not any(item.entry.kind != "directory" for item in taken):
            left = ", ".join(item.entry.path.decode("utf-8", "replace") for item in known[:8]) or "nothing"
            why = f"{pattern!r} matches nothing; there is {left}"
            raise UsageError(
                "a step left no such output", where=f"{step}.{name}", why=why,
                remedy="let the step write it to $OUT, or mend the pattern",
            )  # fmt: skip
        outputs.append(Output(name=name, entries=tuple(taken)))
    return tuple(outputs)


def _compiled(pattern: str, where: str) -> re.Pattern[str]:
    try:
        return re.compile(_translated(pattern))
    except re.error as error:
        raise UsageError(
            "not a pattern of paths", where=where, why=f"{pattern[:100]!r}: {error}", remedy="write it as a shell does"
        ) from error


def _fixed(pattern: str) -> str:
    """The folders of a pattern before its first wildcard, with a slash."""
    parts = pattern.split("/")
    fixed = []
    for part in parts[:-1]:
        if _GLOB & set(part):
            break
        fixed.append(part)
    return "/".join(fixed) + "/" if fixed else ""


def _translated(pattern: str) -> str:
    """A pattern where `*` and `?` stay within a folder, and `**` does not."""
    return "/".join(_PART if part == "**" else _part(part) for part in pattern.split("/"))


def _part(part: str) -> str:
    pieces = []
    for piece in re.findall(r"\*+|\?|\[[!^]?[^\[\]/]+\]|.", part):
        if piece.startswith("*"):
            pieces.append("[^/]*")
        elif piece == "?":
            pieces.append("[^/]")
        elif len(piece) > 1:
            inside = piece[1:-1]
            negated = inside[0] in "!^" and len(inside) > 1
            ranges = re.escape(inside[negated:]).replace("\\-", "-").replace("--", "-\\-")  # `--` may come to mean more
            pieces.append(f"[{'^/' if negated else ''}{ranges}]")
        else:
            pieces.append(re.escape(piece))
    return "".join(pieces)


def _prefixes(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]


def _escapes(path: bytes, link: bytes) -> bool:
    """Whether a relative link climbs out of the output; an absolute one means a place in the image."""
    if link.startswith(b"/"):
        return False
    depth = path.count(b"/")
    for part in link.split(b"/"):
        depth += -1 if part == b".." else 0 if part in (b"", b".") else 1
        if depth < 0:
            return True
    return False
