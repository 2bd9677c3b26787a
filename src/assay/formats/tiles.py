"""Tiles of transparency logs: how they are named, and what is in them (c2sp.org/tlog-tiles).

A tile holds up to 256 hashes of one level; a bundle holds the entries under one tile of level 0.
"""

import re

import msgspec

from assay.formats import note
from assay.model.errors import MalformedError

WIDTH = 256
"""Hashes of a full tile."""
HASH_BYTES = note.HASH_BYTES
ENTRY_BYTES = (1 << 16) - 1
"""Longest entry: its length travels as u16."""
ENTRIES = -1
"""Stands for the level where a bundle of entries is meant."""
_PATH = re.compile(r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII)


class Tile(msgspec.Struct, frozen=True, order=True):
    """One tile (or bundle, `level` -1): which, and how many hashes (or entries) of it."""

    level: int
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """`tile/<L>/<N>[.p/<W>]`, N in groups of three digits, all but the last with an `x` before them."""
        groups = [f"{self.index % 1000:03d}"]
        rest = self.index // 1000
        while rest:
            groups.append(f"x{rest % 1000:03d}")
            rest //= 1000
        partial = f".p/{self.width}" if self.width < WIDTH else ""
        level = "entries" if self.level == ENTRIES else self.level
        return f"tile/{level}/{'/'.join(reversed(groups))}{partial}"


def tile_of(path: str) -> Tile | None:
    """The tile a path names; None where it names none, or not in the one canonical spelling."""
    match = _PATH.fullmatch(path)
    if match is None:
        return None
    level, groups, width = match.groups()
    tile = Tile(
        ENTRIES if level == "entries" else int(level),
        int(groups.replace("/", "").replace("x", "")),
        int(width) if width else WIDTH,
    )
    return tile if tile.path == path and tile.level <= 63 else None


def width_at(size: int, level: int, index: int) -> int:
    """How many hashes (or entries) a tile has in a tree of `size` leaves; 0 where it has no such tile."""
    whole = size >> 8 * max(level, 0)
    return max(0, min(WIDTH, whole - index * WIDTH))


def hashes(data: bytes, width: int, *, where: str) -> bytes:
    """A tile's bytes, `width` hashes of 32 bytes.

    Raises:
        MalformedError: another length.
    """
    if len(data) != width * HASH_BYTES:
        raise _bad(where, f"{len(data)} bytes, expected {width} hashes of {HASH_BYTES}")
    return data


def bundle(bodies: list[bytes]) -> bytes:
    """Entries one after another, each after its length (u16, big-endian).

    Raises:
        MalformedError: an entry too long for its length.
    """
    for body in bodies:
        if len(body) > ENTRY_BYTES:
            raise MalformedError(
                "the entry is too long for the log",
                why=f"{len(body)} bytes, limit {ENTRY_BYTES}",
                remedy="log a hash of what is long",
            )
    return b"".join(part for body in bodies for part in (len(body).to_bytes(2, "big"), body))


def entries(data: bytes, width: int, *, where: str) -> list[bytes]:
    """The entries of a bundle; exactly `width`, and nothing after them.

    Raises:
        MalformedError: too few, too many, cut off.
    """
    found: list[bytes] = []
    place = 0
    while place < len(data) and len(found) < width:
        start = place + 2
        place = start + int.from_bytes(data[place:start], "big")
        if start > len(data) or place > len(data):
            raise _bad(where, f"cut off in entry {len(found)}")
        found.append(data[start:place])
    if len(found) != width or place != len(data):
        raise _bad(where, f"{len(found)} entries and {len(data) - place} bytes more, expected {width} entries")
    return found


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not a tile of a log", where=where, why=why, remedy="ask the log's operator")
