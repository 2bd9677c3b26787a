"""What a lock pins comes to another machine by digest alone; what does not come is listed, and the rest goes on."""

from contextlib import contextmanager

import pytest

from assay.build import lock as locks
from assay.flows.fetch import fetch
from assay.model.digest import Digest
from assay.model.errors import UnavailableError, UsageError
from assay.model.limits import DEFAULT_LIMITS
from fakes.contentstore import MemoryContentStore


def sha(data):
    return str(Digest.of(data))


class Known:
    """Files by address or path."""

    def __init__(self, **known):
        self.known, self.asked = known, []

    @contextmanager
    def fetch(self, url, limit):
        self.asked.append(url)
        if url not in self.known:
            raise UnavailableError("an input did not come", where=url, why="status 404")
        yield iter([self.known[url]])

    @contextmanager
    def file(self, path):
        if path not in self.known:
            raise UsageError("no such file", where=path)
        yield iter([self.known[path]])


INDEX = locks.DebianIndex(
    name="d/s", url="https://m/debian", suite="s", codename="s", date="2026-01-01T00:00:00Z", in_release=sha(b"in"),
    fingerprints=(), files=(locks.IndexFile(path="main/binary-amd64/Packages.xz", size=1, sha256=sha(b"index")),),
)  # fmt: skip
LOCK = locks.Lock(
    spec=sha(b""), epoch=0, indexes=(INDEX,), keys={"k.gpg": sha(b"key")},
    sources={
        "a": locks.ArchiveLock(url="https://h/a.tar", sha256=sha(b"archive")),
        "b": locks.FileLock(path="b.txt", name="b.txt", sha256=sha(b"file")),
        "c": locks.DirectoryLock(path="c", content=sha(b"tar")),
    },
    packages=(locks.DebianPackage(
        name="p", version="1", architecture="amd64", source="p", source_version="1", path="pool/p.deb", size=3,
        sha256=sha(b"deb"), index="d/s", roles=("image",)),),
    python=(locks.PythonFile(name="f", version="1", file="f.whl", url="https://p/f.whl", sha256=sha(b"whl"), dependencies="py"),),
    npm=(locks.NpmTarball(name="n", version="1", path="node_modules/n", integrity="sha512:" + "0" * 128, sha256=sha(b"tgz"), dependencies="w"),),
)  # fmt: skip
THERE = {
    "https://h/a.tar": b"archive", "https://m/debian/pool/p.deb": b"deb", "https://p/f.whl": b"whl",
    "https://m/debian/dists/s/InRelease": b"a newer one",
    f"https://m/debian/dists/s/main/binary-amd64/by-hash/SHA256/{Digest.of(b'index').hex}": b"index",
}  # fmt: skip
BESIDE = {"b.txt": b"file", "k.gpg": b"key"}


@pytest.fixture
def store():
    return MemoryContentStore()


def run(store, there=THERE):
    return fetch(LOCK, store, Known(**there), Known(**BESIDE), DEFAULT_LIMITS)


def test_everything_that_can_be_had_comes(store):
    done = run(store)
    assert (done.brought_count, done.present_count) == (6, 0)
    assert set(store.held.values()) == {b"archive", b"file", b"key", b"deb", b"whl", b"index"}
    assert done.brought_bytes == sum(map(len, store.held.values()))
    assert {str(one.digest): one.why.partition(": ")[2] or one.why for one in done.missing} == {
        sha(b"tar"): "the lock names no place for it",
        sha(b"tgz"): "the lock names no place for it",
        sha(b"in"): "an input is not what it should be",
    }


def test_what_is_there_is_not_asked_for(store):
    run(store)
    again = run(store, {})
    assert (again.brought_count, again.present_count, len(again.missing)) == (0, 6, 3)


def test_what_is_rotten_comes_again(store):
    run(store)
    held = next(digest for digest, data in store.held.items() if data == b"deb")
    store.held[held] = b"rot"
    mended = run(store)
    assert (mended.brought_count, mended.present_count, store.held[held]) == (1, 5, b"deb")
    store.held[held] = b"rot"
    told = {one.digest for one in run(store, {}).missing}
    assert held in told


def test_what_cannot_be_read_comes_again_and_stops_nothing(store, monkeypatch):
    run(store)
    shut = next(digest for digest, data in store.held.items() if data == b"deb")
    real = MemoryContentStore.open

    def opened(self, digest):
        if digest == shut:
            raise UnavailableError("cannot read the content store", why="Input/output error")
        return real(self, digest)

    monkeypatch.setattr(MemoryContentStore, "open", opened)
    assert (run(store).brought_count, run(store).present_count) == (1, 5)
    told = {one.digest: one.why for one in run(store, {}).missing}
    assert "status 404" in told[shut]


def test_a_second_place_is_tried(store):
    done = run(store, {"https://m/debian/dists/s/main/binary-amd64/Packages.xz": b"index"})
    assert b"index" in store.held.values()
    assert any("404" in one.why for one in done.missing)


def test_other_content_is_never_kept(store):
    run(store, dict.fromkeys(THERE, b"evil"))
    assert b"evil" not in store.held.values()
