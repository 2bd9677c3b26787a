"""Growing a log by batches gives the tree of RFC 6962, whatever the batches; what a key may sign."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.formats import tiles
from assay.formats.note import Checkpoint
from assay.formats.tiles import Tile
from assay.model.errors import MalformedError, UntrustedError
from assay.trust import append, merkle
from assay.trust.append import Edge
from assay.trust.tiles import TileTree, served

BODIES = [b"entry %d" % i for i in range(70_000)]
TREE = merkle.nodes([merkle.leaf_hash(body) for body in BODIES])
ROOTS: dict[int, bytes] = {}


def root(size: int) -> bytes:
    if size not in ROOTS:
        ROOTS[size] = merkle.root(size, TREE)
    return ROOTS[size]


def grown(*sizes: int) -> tuple[Edge, dict[str, bytes]]:
    edge, files = Edge(), {}
    for size in sizes:
        batch = append.grow(edge, BODIES[edge.size : size])
        assert batch.first == edge.size
        edge = batch.edge
        files |= batch.files
    return edge, files


def reader(files):
    return lambda tile: files[tile.path]


@pytest.mark.parametrize("size", [0, 1, 2, 3, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537, 70_000])
def test_one_batch(size):
    edge, files = grown(size)
    assert edge.head == append.Head(size, root(size))
    assert TileTree(size, reader(files)).root() == root(size)
    assert append.edge_at(size, reader(files)) == edge


def test_the_pages_tree_of_70_000():
    _, files = grown(70_000)
    names = [tiles.tile_of(name) for name in files]
    assert sum(t.level == 0 and t.width == 256 for t in names) == 273
    assert sorted(t for t in names if t.width < 256) == [
        Tile(tiles.ENTRIES, 273, 112), Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1),
    ]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 700), min_size=1, max_size=12), st.data())
def test_batches_do_not_matter_and_proofs_hold(steps, data):
    sizes = [sum(steps[: i + 1]) for i in range(len(steps))]
    edge, files = grown(*sizes)
    whole, _ = grown(sizes[-1])
    assert edge == whole
    tree = TileTree(sizes[-1], reader(files))
    for size in sizes:
        assert tree.root(size) == root(size)
        old = data.draw(st.integers(1, size))
        assert merkle.verify_consistency(old, root(old), size, root(size), tree.consistency(old, size))
        index = data.draw(st.integers(0, size - 1))
        leaf = tree.leaf(index)
        assert leaf == merkle.leaf_hash(BODIES[index])
        assert merkle.verify_inclusion(index, size, leaf, tree.inclusion(index, size), root(size))


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 1500), st.integers(1, 700))
def test_a_batch_never_replaces_what_the_tree_before_needs(size, more):
    _, before = grown(size)
    edge = append.edge_at(size, reader(before))
    batch = append.grow(edge, BODIES[size : size + more])
    needed = {Tile(level, n, tiles.width_at(size, level, n)).path for level in (-1, 0, 1, 2) for n in range(7)}
    assert not needed & set(batch.files)


def test_what_is_served_follows_the_published_size():
    _, files = grown(300, 600)
    files["tile/0/002.p/200"] = b"left over from a batch that was dropped"
    read = reader(files)
    assert served("tile/0/000", 600, read) == files["tile/0/000"]
    assert served("tile/0/002.p/88", 600, read) == files["tile/0/002.p/88"]
    assert served("tile/0/002.p/7", 600, read) == files["tile/0/002.p/88"][: 7 * 32]
    assert served("tile/0/001.p/44", 600, read) == files["tile/0/001.p/44"]
    assert served("tile/entries/001.p/44", 600, read) == files["tile/entries/001.p/44"]
    assert served("tile/entries/002.p/2", 600, read) == tiles.bundle(BODIES[512:514])
    assert served("tile/1/000.p/2", 600, read) is not None
    for path in ("tile/0/002.p/89", "tile/0/002.p/200", "tile/0/002", "tile/0/003.p/1", "tile/1/000.p/3",
                 "tile/2/000.p/1", "tile/entries/002.p/89", "tile/9/000.p/1", "checkpoint", "../key"):  # fmt: skip
        assert served(path, 600, read) is None
    assert served("tile/0/000.p/1", 0, read) is None


def test_an_entry_too_long_leaves_everything_as_it_was():
    with pytest.raises(MalformedError, match="too long"):
        append.grow(Edge(), [b"a", b"x" * 65_536])


def test_damaged_tiles_are_malformed():
    _, files = grown(300)
    with pytest.raises(MalformedError):
        append.edge_at(300, reader({**files, "tile/0/001.p/44": b"short"}))
    with pytest.raises(MalformedError):
        append.edge_at(300, reader({**files, "tile/entries/001.p/44": b"\0\1"}))


def test_the_genesis_leaf_names_its_log():
    assert append.genesis("log.example/a") == (
        b'{"apiVersion":"0.0.1","kind":"genesis","spec":{"origin":"log.example/a"}}'
    )


def checkpoint(size: int, top: bytes | None = None, origin: str = "o") -> Checkpoint:
    return Checkpoint(origin, size, top or root(size))


def test_a_key_signs_what_continues_its_last_tree():
    append.permit(None, checkpoint(5), root)
    append.permit(checkpoint(5), checkpoint(5), root)
    append.permit(checkpoint(5), checkpoint(9), root)


@pytest.mark.parametrize(
    ("wanted", "tree", "code"),
    [
        (checkpoint(4), root, "LOG_ROLLBACK"),
        (checkpoint(5, root(6)), root, "LOG_FORK"),
        (checkpoint(9, root(8)), lambda size: root(size + 1), "LOG_FORK"),
        (checkpoint(9, origin="p"), root, "LOG_FORK"),
    ],
)
def test_a_key_refuses_everything_else(wanted, tree, code):
    with pytest.raises(UntrustedError) as caught:
        append.permit(checkpoint(5), wanted, tree)
    assert (caught.value.code, caught.value.step) == (code, "sign")
