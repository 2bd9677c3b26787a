"""Directory trees: sorted, complete, and never out of the root."""

import os
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.adapters.filesystem import DirectoryTree
from assay.model.errors import UnavailableError, UnsupportedError, UsageError
from assay.model.limits import Limits
from assay.ports.content import TreeEntry

AS_ROOT = os.geteuid() == 0


def make(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(path)


def listed(root: Path) -> list[str]:
    return [entry.path for entry in DirectoryTree(root).walk()]


def test_files_come_sorted_by_path(tmp_path: Path) -> None:
    paths = ["a/b", "a.txt", "a-b", "a/b.c/d", "B", "z", "a0", "ä/x", "a/B"]
    make(tmp_path, *paths)
    assert listed(tmp_path) == sorted(paths)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    paths=st.sets(
        st.lists(st.sampled_from(["a", "b", "a.b", "a-", "é", "A", "0"]), min_size=1, max_size=4).map(tuple),
        max_size=12,
    )
)
def test_any_tree_comes_sorted_and_whole(paths: set[tuple[str, ...]], tmp_path_factory: pytest.TempPathFactory) -> None:
    files = {path for path in paths if not any(other != path and other[: len(path)] == path for other in paths)}
    root = tmp_path_factory.mktemp("tree")
    make(root, *("/".join(path) for path in files))
    assert listed(root) == sorted("/".join(path) for path in files)


def test_entries_carry_size_and_mode_and_can_be_read(tmp_path: Path) -> None:
    make(tmp_path, "d/run")
    (tmp_path / "d/run").chmod(0o755)
    tree = DirectoryTree(tmp_path)
    assert list(tree.walk()) == [TreeEntry("d/run", 5, 0o755)]
    assert b"".join(tree.read(TreeEntry("d/run", 5, 0o755), 5)) == b"d/run"
    assert tree.name == tmp_path.name
    assert tree.unreadable() == ()


def test_links_pipes_and_sockets_are_not_listed(tmp_path: Path) -> None:
    make(tmp_path, "root/real", "outside/secret")
    root = tmp_path / "root"
    (root / "to-file").symlink_to("real")
    (root / "out").symlink_to("../outside")
    (root / "absolute").symlink_to(tmp_path / "outside" / "secret")
    (root / "loop").symlink_to("loop")
    (root / "self").symlink_to(".")
    os.mkfifo(root / "pipe")
    assert listed(root) == ["real"]


@pytest.mark.parametrize("path", ["out/secret", "absolute", "../outside/secret", "to-file"])
def test_reading_follows_no_link(path: str, tmp_path: Path) -> None:
    make(tmp_path, "root/real", "outside/secret")
    root = tmp_path / "root"
    (root / "out").symlink_to("../outside")
    (root / "absolute").symlink_to(tmp_path / "outside" / "secret")
    (root / "to-file").symlink_to("real")
    with pytest.raises(UnavailableError):
        list(DirectoryTree(root).read(TreeEntry(path, 1, 0), 100))


def test_a_directory_swapped_for_a_link_after_the_walk_leads_nowhere(tmp_path: Path) -> None:
    make(tmp_path, "root/d/f", "outside/f")
    tree = DirectoryTree(tmp_path / "root")
    (entry,) = tree.walk()
    (tmp_path / "root/d/f").unlink()
    (tmp_path / "root/d").rmdir()
    (tmp_path / "root/d").symlink_to(tmp_path / "outside")
    with pytest.raises(UnavailableError, match="cannot read"):
        list(tree.read(entry, 100))


def test_a_file_swapped_for_a_pipe_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "f")
    with pytest.raises(UnavailableError, match="the file changed"):
        list(DirectoryTree(tmp_path).read(TreeEntry("f", 1, 0), 100))


def test_reading_is_bounded(tmp_path: Path) -> None:
    make(tmp_path, "f")
    (tmp_path / "f").write_bytes(bytes(300_000))
    tree = DirectoryTree(tmp_path)
    (entry,) = tree.walk()
    assert sum(map(len, tree.read(entry, 300_000))) == 300_000
    with pytest.raises(UnsupportedError, match="too large"):
        list(tree.read(entry, 299_999))


def test_names_outside_utf8(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/caf\xe9"
    with open(name, "wb") as file:
        file.write(b"x")
    tree = DirectoryTree(tmp_path)
    (entry,) = tree.walk()
    assert entry.path == "caf\udce9"
    assert b"".join(tree.read(entry, 1)) == b"x"


@pytest.mark.skipif(AS_ROOT, reason="root reads everything")
def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    make(tmp_path, "d/f", "e")
    (tmp_path / "d").chmod(0)
    tree = DirectoryTree(tmp_path)
    try:
        assert [entry.path for entry in tree.walk()] == ["e"]
        assert tree.unreadable() == (("d", "Permission denied"),)
    finally:
        (tmp_path / "d").chmod(stat.S_IRWXU)


def test_deep_trees_are_cut_and_said(tmp_path: Path) -> None:
    path = tmp_path
    for _ in range(300):
        path = path / "d"
    os.makedirs(path)
    make(tmp_path, "a")
    tree = DirectoryTree(tmp_path)
    assert [entry.path for entry in tree.walk()] == ["a"]
    assert [reason for _, reason in tree.unreadable()] == ["directories nested too deep"]


def test_entries_are_bounded(tmp_path: Path) -> None:
    make(tmp_path, "a", "b", "c")
    tree = DirectoryTree(tmp_path, Limits(layer_entries_count=2))
    assert len(list(tree.walk())) == 2
    assert "layer_entries_count" in tree.unreadable()[0][1]


def test_an_unfinished_walk_leaves_nothing_open(tmp_path: Path) -> None:
    make(tmp_path, "a/b/c", "a/b/d")
    before = len(os.listdir("/proc/self/fd"))
    walk = DirectoryTree(tmp_path).walk()
    next(walk)
    walk.close()  # type: ignore[attr-defined]
    assert len(os.listdir("/proc/self/fd")) == before


def test_what_is_no_directory(tmp_path: Path) -> None:
    make(tmp_path, "f")
    for path in (tmp_path / "f", tmp_path / "none"):
        with pytest.raises(UsageError, match="not a directory"):
            DirectoryTree(path)
