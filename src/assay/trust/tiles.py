"""A Merkle tree read from its tiles: nodes, roots and proofs; and which bytes a published size allows to be served."""

import hashlib
from collections.abc import Callable

from assay.formats import tiles
from assay.formats.tiles import Tile
from assay.trust import merkle

Read = Callable[[Tile], bytes]
"""Bytes of a tile or bundle, of exactly the width asked for."""

_KEPT_TILES_COUNT = 512


class TileTree:
    """The tree of the first `size` leaves. What it says is as good as the tiles: compare `root()` with a checkpoint."""

    def __init__(self, size: int, read: Read) -> None:
        self.size, self._read = size, read
        self._kept: dict[tuple[int, int], list[bytes]] = {}

    def node(self, level: int, index: int) -> bytes:
        """Hash of the complete subtree of 2^level leaves at this index: a `merkle.Node`."""
        high, low = divmod(level, 8)
        place = index << low
        rows = self._rows(high, place >> 8)
        start = ((place & 255) >> low) * tiles.HASH_BYTES
        return rows[low][start : start + tiles.HASH_BYTES]

    def root(self, size: int | None = None) -> bytes:
        """Root at a size, by default the whole tree's."""
        return merkle.root(self.size if size is None else size, self.node)

    def inclusion(self, index: int, size: int | None = None) -> tuple[bytes, ...]:
        """Inclusion proof of a leaf in the tree of that size."""
        return merkle.inclusion(index, self.size if size is None else size, self.node)

    def consistency(self, old: int, size: int | None = None) -> tuple[bytes, ...]:
        """Consistency proof from the first `old` leaves to the tree of that size."""
        return merkle.consistency(old, self.size if size is None else size, self.node)

    def tile(self, tile: Tile) -> bytes:
        """A tile's bytes, as they are served."""
        return tiles.hashes(self._read(tile), tile.width, where=tile.path)

    def leaf(self, index: int) -> bytes:
        """Hash of one leaf."""
        return self.node(0, index)

    def _rows(self, level: int, index: int) -> list[bytes]:
        """A tile and the rows of nodes above it, up to the last that fits eight levels."""
        rows = self._kept.get((level, index))
        if rows is None:
            width = tiles.width_at(self.size, level, index)
            rows = [tiles.hashes(self._read(Tile(level, index, width)), width, where=f"tile {level}/{index}")]
            for _ in range(7):
                rows.append(above(rows[-1]))
            if len(self._kept) >= _KEPT_TILES_COUNT:
                self._kept.clear()
            self._kept[level, index] = rows
        return rows


def above(row: bytes) -> bytes:
    """The nodes over a row of concatenated hashes; an odd last one has none yet."""
    sha256 = hashlib.sha256
    return b"".join([sha256(b"\x01" + row[i : i + 64]).digest() for i in range(0, len(row) - 63, 64)])


def subtree(row: bytes) -> bytes:
    """The one node over a row of 2^n concatenated hashes."""
    while len(row) > tiles.HASH_BYTES:
        row = above(row)
    return row


def reader(read: Callable[[str], bytes | None], missing: Callable[[str], Exception]) -> Read:
    """Tiles by path; where a partial one is gone, it is cut from the full one that took its place (tlog-tiles).

    `missing` makes the error to raise for a path that is not there.
    """

    def tile_bytes(tile: Tile) -> bytes:
        data = read(tile.path)
        if data is None and tile.width < tiles.WIDTH:
            full = read(Tile(tile.level, tile.index).path)
            data = None if full is None else _cut(full, tiles.WIDTH, tile)
        if data is None:
            raise missing(tile.path)
        return data

    return tile_bytes


def served(path: str, size: int, read: Read) -> bytes | None:
    """What a log of a published size answers for a path; None (404) for all that the size does not imply.

    A partial tile is cut from the widest one of the published tree: a file left over from a batch that was dropped is
    never served, and older partial tiles need not be kept.
    """
    tile = tiles.tile_of(path)
    if tile is None:
        return None
    now = tiles.width_at(size, tile.level, tile.index)
    if tile.width > now:
        return None
    data = read(Tile(tile.level, tile.index, now))
    return data if tile.width == now else _cut(data, now, tile)


def _cut(data: bytes, width: int, tile: Tile) -> bytes:
    """A narrower form of a tile or bundle of that width."""
    if tile.level == tiles.ENTRIES:
        return tiles.bundle(tiles.entries(data, width, where=tile.path)[: tile.width])
    return tiles.hashes(data, width, where=tile.path)[: tile.width * tiles.HASH_BYTES]
