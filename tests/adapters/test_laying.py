"""Trees laid into folders: contents, modes and times as told, and nothing ever outside or behind a link."""

import hashlib
import os
import stat

import pytest

from assay.adapters.spool import FileSpool
from assay.adapters.workshop import FolderWorkshop
from assay.model.errors import AssayError, MalformedError
from assay.model.limits import DEFAULT_LIMITS
from assay.model.tree import OwnedEntry, Owner, TreeEntry

EPOCH = 1_700_000_000
OWNER = Owner("source", "app")


@pytest.fixture
def spool():
    made = FileSpool()
    yield made
    made.close()


@pytest.fixture
def laid(spool, tmp_path):
    def lay(*items):
        entries = []
        for path, content, more in items:
            size = len(content) if content is not None else 0
            span = spool.add([content]) if content is not None else None
            entries.append(OwnedEntry(TreeEntry(path=path, size=size, **more), OWNER, span))
        return FolderWorkshop(DEFAULT_LIMITS, str(tmp_path)).lay(entries, spool.read, epoch=EPOCH)

    return lay


def folder(path, mode=0o755):
    return path, None, {"kind": "directory", "mode": mode}


def file(path, content=b"x", mode=0o644):
    return path, content, {"mode": mode}


def link(path, target, kind="symlink"):
    return path, None, {"kind": kind, "link": target}


@pytest.mark.parametrize("umask", [0, 0o077])
def test_contents_modes_and_times_are_those_told(laid, umask):
    large = os.urandom(400_000)
    before = os.umask(umask)
    try:
        with laid(
            folder(b"a", 0o700), folder(b"a/b"), file(b"a/b/c", large, 0o4755), file(b"a/b/d", b"", 0o600),
            link(b"a/e", b"b/c"), link(b"a/f", b"a/b/c", "hardlink"),
        ) as place:  # fmt: skip
            facts = {name: os.lstat(f"{place}/a/{name}") for name in ("b", "b/c", "b/d", "e", "f")}
            modes = {name: stat.S_IMODE(one.st_mode) for name, one in facts.items() if name != "e"}
            assert modes == {"b": 0o755, "b/c": 0o755, "b/d": 0o644, "f": 0o755}
            assert stat.S_IMODE(os.lstat(f"{place}/a").st_mode) == 0o755
            assert {int(one.st_mtime) for one in facts.values()} == {EPOCH}
            assert facts["b/c"].st_ino == facts["f"].st_ino
            with open(f"{place}/a/e", "rb") as handle:
                assert hashlib.sha256(handle.read()).digest() == hashlib.sha256(large).digest()
    finally:
        os.umask(before)
    assert not os.path.exists(place)


@pytest.mark.parametrize(
    "items",
    [
        [file(b"../x")],
        [folder(b"a"), file(b"a/../../x")],
        [file(b"/x")],
        [link(b"a", b".."), file(b"a/x")],
        [link(b"a", b"/"), folder(b"a/x")],
        [link(b"a", b"b"), folder(b"a")],
        [folder(b"a"), file(b"a/y"), link(b"a/b", b"../.."), file(b"a/b/x")],
        [folder(b"a"), folder(b"a/b"), file(b"a/b/y"), link(b"a/b", b"/tmp"), file(b"a/b/x")],
        [link(b"a", b"/etc/passwd", "hardlink")],
        [link(b"a", b"/etc/passwd"), file(b"a")],
        [file(b"a"), file(b"a")],
    ],
)
def test_nothing_is_laid_outside_or_over_something(laid, tmp_path, items):
    with pytest.raises(AssayError), laid(*items):
        pass
    assert sorted(os.listdir(tmp_path)) == []


def test_a_file_behind_a_link_is_malformed_though_its_neighbour_was_laid(laid):
    with pytest.raises(MalformedError, match="behind a link"), laid(link(b"z", b"."), file(b"z/x")):
        pass
