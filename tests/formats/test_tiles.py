"""Names and contents of tiles: c2sp.org/tlog-tiles, its own examples first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.formats import tiles
from assay.formats.tiles import Tile
from assay.model.errors import MalformedError


def test_names_of_the_page():
    assert Tile(0, 1_234_067).path == "tile/0/x001/x234/067"
    assert Tile(tiles.ENTRIES, 0, 5).path == "tile/entries/000.p/5"
    assert Tile(2, 0, 1).path == "tile/2/000.p/1"


def test_tiles_of_the_pages_tree_of_70_000():
    """273 full and one of 112 at level 0; one full and one of 17 at level 1; one of 1 at level 2."""
    assert [tiles.width_at(70_000, 0, n) for n in (0, 272, 273, 274)] == [256, 256, 112, 0]
    assert [tiles.width_at(70_000, 1, n) for n in (0, 1, 2)] == [256, 17, 0]
    assert [tiles.width_at(70_000, 2, n) for n in (0, 1)] == [1, 0]
    assert [tiles.width_at(256, level, 0) for level in (tiles.ENTRIES, 0, 1, 2)] == [256, 256, 1, 0]


@given(st.integers(-1, 63), st.integers(0, 10**20), st.integers(1, 256))
def test_names_are_read_as_written(level, index, width):
    tile = Tile(level, index, width)
    assert tiles.tile_of(tile.path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "", "tile/0/0", "tile/0/00", "tile/0/0000", "tile/00/000", "tile/64/000", "tile/-1/000", "tile/0/x000/001",
        "tile/0/001/002", "tile/0/x001/x002", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/05", "tile/0/000.p/",
        "tile/0/000.p/999", "tile/0/../0/000", "/tile/0/000", "tile/0/000/", "tile/entries/x001", "tile/0/٠٠٠",
        "tile/0/000\n", "tile/data/000", "tile/0/" + "x001/" * 7 + "001",
    ],
)  # fmt: skip
def test_no_other_names(path):
    assert tiles.tile_of(path) is None


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_bundles_are_read_as_written(bodies):
    data = tiles.bundle(bodies)
    assert tiles.entries(data, len(bodies), where="x") == bodies
    for wrong in (len(bodies) + 1, len(bodies) - 1):
        with pytest.raises(MalformedError):
            tiles.entries(data, wrong, where="x")
    with pytest.raises(MalformedError):
        tiles.entries(data + b"\0", len(bodies), where="x")
    if data:
        with pytest.raises(MalformedError):
            tiles.entries(data[:-1], len(bodies), where="x")


def test_the_longest_entry():
    assert tiles.entries(tiles.bundle([b"x" * 65535]), 1, where="x") == [b"x" * 65535]
    with pytest.raises(MalformedError, match="65536 bytes"):
        tiles.bundle([b"x" * 65536])


def test_a_tile_has_the_length_of_its_width():
    assert tiles.hashes(bytes(64), 2, where="x") == bytes(64)
    for data in (bytes(63), bytes(96), b""):
        with pytest.raises(MalformedError):
            tiles.hashes(data, 2, where="x")
