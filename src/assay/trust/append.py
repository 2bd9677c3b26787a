"""Growing a log: which files a batch adds, which root it has, and what a log's key may sign. Pure.

The order in which the results become durable is `flows.log`'s.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence

import msgspec

from assay.formats import note, strictjson, tiles
from assay.formats.note import Checkpoint
from assay.formats.tiles import Tile
from assay.model.errors import UntrustedError
from assay.trust import merkle
from assay.trust.tiles import Read, subtree

_BYTES = tiles.HASH_BYTES
_STEP = tiles.WIDTH * _BYTES


class Head(msgspec.Struct, frozen=True):
    """A tree as checkpoints name it."""

    size: int
    root: bytes


class Edge(msgspec.Struct, frozen=True):
    """The right edge of a tree: all that is needed to append and to compute roots."""

    size: int = 0
    rows: tuple[bytes, ...] = ()
    """The partial tile of each level, level 0 first (concatenated hashes; empty where the last tile is full)."""
    entries: bytes = b""
    """The partial bundle of entries."""

    @property
    def head(self) -> Head:
        """Size and root."""
        value = b""
        for row in self.rows:
            end = len(row)
            width = _BYTES
            while end:
                if (end // width) & 1:
                    node = subtree(row[end - width : end])
                    value = merkle.node_hash(node, value) if value else node
                    end -= width
                width *= 2
        return Head(self.size, value or merkle.EMPTY_ROOT)


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """What a batch makes of a log."""

    first: int
    """Index of its first entry; the others follow."""
    edge: Edge
    head: Head
    files: Mapping[str, bytes]
    """Path to bytes: bundles first, then tiles. None replaces a file the tree before needs."""
    full: tuple[Tile, ...]
    """Tiles and bundles that became full: their partial forms are needed no more."""


def genesis(origin: str) -> bytes:
    """The leaf of index 0: clients of Sigstore read an index of zero as none, so no claim may stand there."""
    value = {"apiVersion": "0.0.1", "kind": "genesis", "spec": {"origin": origin}}
    return strictjson.canonical(value)


def edge_at(size: int, read: Read) -> Edge:
    """The edge of a stored tree.

    Raises:
        MalformedError: a tile of another length.
    """
    rows: list[bytes] = []
    level = 0
    while size >> 8 * level:
        index, width = divmod(size >> 8 * level, tiles.WIDTH)
        tile = Tile(level, index, width)
        rows.append(tiles.hashes(read(tile), width, where=tile.path) if width else b"")
        level += 1
    index, width = divmod(size, tiles.WIDTH)
    entries = read(Tile(tiles.ENTRIES, index, width)) if width else b""
    tiles.entries(entries, width, where="last bundle of entries")
    return Edge(size, tuple(rows), entries)


def grow(edge: Edge, bodies: Sequence[bytes]) -> Batch:
    """Append entries.

    Raises:
        MalformedError: an entry longer than the log takes.
    """
    files: dict[str, bytes] = {}
    full: list[Tile] = []
    entries = _bundles(edge, bodies, files, full)
    sha256 = hashlib.sha256
    fresh = b"".join([sha256(b"\x00" + body).digest() for body in bodies])
    rows = list(edge.rows)
    level = 0
    while fresh:
        if level == len(rows):
            rows.append(b"")
        index = (edge.size >> 8 * level) // tiles.WIDTH
        row = rows[level] + fresh
        parents: list[bytes] = []
        for start in range(0, len(row) - _STEP + 1, _STEP):
            chunk = row[start : start + _STEP]
            tile = Tile(level, index)
            files[tile.path] = chunk
            full.append(tile)
            parents.append(subtree(chunk))
            index += 1
        rest = row[len(row) // _STEP * _STEP :]
        if rest:
            files[Tile(level, index, len(rest) // _BYTES).path] = rest
        rows[level] = rest
        fresh = b"".join(parents)
        level += 1
    grown = Edge(edge.size + len(bodies), tuple(rows), entries)
    return Batch(first=edge.size, edge=grown, head=grown.head, files=files, full=tuple(full))


def permit(record: Checkpoint | None, wanted: Checkpoint, root_at: Callable[[int], bytes]) -> None:
    """Whether a log's key may sign `wanted`: never a smaller tree, another root, or another history than last time.

    Args:
        record: what the key's own memory says was signed last; None before the first signature.
        wanted: what is to be signed.
        root_at: root of the first so many leaves of the tree that is to be signed.

    Raises:
        UntrustedError: `LOG_ROLLBACK` for a smaller tree, `LOG_FORK` for another one.
    """
    if record is None:
        return
    if record.origin != wanted.origin:
        raise _refused(wanted, f"the key's memory is of {record.origin[:100]!r}", "LOG_FORK")
    if wanted.size < record.size:
        why = f"the key has signed size {record.size}, this tree has {wanted.size}: an older copy of the log"
        raise _refused(wanted, why, "LOG_ROLLBACK")
    known = wanted.root if wanted.size == record.size else root_at(record.size)
    if known != record.root:
        raise _refused(wanted, f"the key has signed another tree of size {record.size}", "LOG_FORK")


def text_of(origin: str, head: Head) -> str:
    """The checkpoint a log signs for a head."""
    return note.checkpoint_text(Checkpoint(origin, head.size, head.root))


def _bundles(edge: Edge, bodies: Sequence[bytes], files: dict[str, bytes], full: list[Tile]) -> bytes:
    """Add the bundles to `files`; what is left is the partial one."""
    index, held = divmod(edge.size, tiles.WIDTH)
    data, place = edge.entries, 0
    while place < len(bodies):
        count = min(tiles.WIDTH - held, len(bodies) - place)
        data += tiles.bundle(list(bodies[place : place + count]))
        place, held = place + count, held + count
        tile = Tile(tiles.ENTRIES, index, held)
        files[tile.path] = data
        if held == tiles.WIDTH:
            full.append(tile)
            index, held, data = index + 1, 0, b""
    return data


def _refused(wanted: Checkpoint, why: str, code: str) -> UntrustedError:
    return UntrustedError(
        "the log's key must not sign this tree",
        where=wanted.origin,
        why=why,
        remedy="bring back the newest copy of the log; if it is lost, freeze this log and begin one of a new name",
        code=code,
        step="sign",
    )
