"""Unix archives (`.a`, `.deb`): times, owners and modes in member headers, order, contents.

Long names of GNU (`//` and `/N`) and of BSD (`#1/N`) are understood; the symbol table `/` is a member like others.
"""

from collections import Counter
from collections.abc import Iterator

import msgspec

from assay.build import entry_causes
from assay.build.comparators.base import Comparator, Looking, Pair, bad, cause
from assay.model.comparison import Cause

MAGIC = b"!<arch>\n"
_HEAD = 60


class Member(msgspec.Struct, frozen=True):
    """One member, header fields as they are written."""

    name: bytes
    time: bytes
    uid: bytes
    gid: bytes
    mode: bytes
    content: bytes


def members(data: bytes, count: int) -> list[Member]:
    """Read them.

    Raises:
        MalformedError: it is no such archive, or has more than `count` members.
    """
    found: list[Member] = []
    names, at = b"", len(MAGIC)
    while at + _HEAD <= len(data):
        head = data[at : at + _HEAD]
        size = head[48:58].strip()
        if head[58:] != b"`\n" or not size.isdigit() or at + _HEAD + int(size) > len(data) or len(found) >= count:
            raise bad("ar", "a member's header does not fit")
        content = data[at + _HEAD : at + _HEAD + int(size)]
        at += _HEAD + int(size) + int(size) % 2
        name = head[:16].rstrip(b" ")
        if name == b"//":
            names = content
            continue
        if name.startswith(b"#1/") and name[3:].isdigit():
            length = int(name[3:])
            name, content = content[:length].rstrip(b"\0"), content[length:]
        elif name[:1] == b"/" and name[1:].isdigit():
            name = names[int(name[1:]) :].partition(b"\n")[0].rstrip(b"/")
        elif name not in (b"/", b"/SYM64/"):
            name = name.removesuffix(b"/")
        time, uid, gid, mode = (head[a:b].strip() for a, b in ((16, 28), (28, 34), (34, 40), (40, 48)))
        found.append(Member(name, time, uid, gid, mode, content))
    return found


def _compare(pair: Pair, at: Looking) -> Iterator[Cause]:
    count = at.limits.archive_entries_count
    old, new = (_numbered(members(data, count)) for data in (pair.before, pair.after))
    removed, added = entry_causes.only(old, new)
    yield from (cause(pair, "removed", name, "", member=_text(name), by="ar") for name in removed)
    yield from (cause(pair, "added", "", name, member=_text(name), by="ar") for name in added)
    if moved := entry_causes.order(list(old), list(new)):
        yield cause(pair, "archive-order", *moved, by="ar")
    for name in sorted(old.keys() & new.keys()):
        a, b = old[name], new[name]
        for field in ("time", "uid", "gid", "mode"):
            if getattr(a, field) != getattr(b, field):
                member = f"{_text(name)} {field}"
                yield cause(pair, "ar-header", getattr(a, field), getattr(b, field), member=member, by="ar")
        if not (moved and name in (b"/", b"/SYM64/")):  # a symbol table lists offsets, which follow the order
            yield from at.into(pair, _text(name), a.content, b.content)


def _numbered(found: list[Member]) -> dict[bytes, Member]:
    """By name; further members of one name get a number."""
    seen: Counter[bytes] = Counter()
    named: dict[bytes, Member] = {}
    for member in found:
        seen[member.name] += 1
        number = seen[member.name]
        named[member.name if number == 1 else b"%s#%d" % (member.name, number)] = member
    return named


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


ROW = Comparator(name="ar", fits=lambda name, data: data.startswith(MAGIC), compare=_compare)
