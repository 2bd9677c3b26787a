"""The content store: one contract for the fake and the folder; whole or not there; rot is found with its digest."""

import errno
import hashlib
import os
import signal
import subprocess
import sys

import pytest

from assay.adapters import contentstore
from assay.adapters.contentstore import FolderContentStore
from assay.build.content import Sealed, check, whole
from assay.model.digest import Digest
from assay.model.errors import UnavailableError, UnsupportedError, UntrustedError, UsageError
from fakes.contentstore import MemoryContentStore

DATA = bytes(range(256)) * 2000
DIGEST = Digest.of(DATA)


@pytest.fixture(params=["memory", "folder"])
def store(request, tmp_path):
    return MemoryContentStore() if request.param == "memory" else FolderContentStore(tmp_path / "store")


def pieces(data, size=777):
    return (data[start : start + size] for start in range(0, len(data), size))


def test_what_is_put_is_read_back(store):
    blob = store.put(pieces(DATA), limit=len(DATA))
    assert (blob.digest, blob.size) == (DIGEST, len(DATA))
    with store.open(DIGEST) as found:
        assert b"".join(found) == DATA
    assert store.size(DIGEST) == len(DATA)
    assert list(store.blobs()) == [blob]
    assert whole(store, DIGEST, limit=len(DATA)) == DATA


def test_putting_twice_is_putting_once(store):
    assert store.put([b"x"], limit=9) == store.put(iter([b"", b"x"]), limit=9)
    assert len(list(store.blobs())) == 1


def test_nothing_is_kept_of_what_is_not_as_expected(store):
    with pytest.raises(UntrustedError) as caught:
        store.put([DATA, b"!"], limit=1 << 20, expected=DIGEST)
    assert str(DIGEST) in caught.value.line()
    assert caught.value.code == "DIGEST_MISMATCH"
    assert list(store.blobs()) == []


def test_other_algorithms_are_checked_and_kept_under_sha256(store):
    wanted = Digest("sha512", hashlib.sha512(DATA).hexdigest())
    assert store.put([DATA], limit=len(DATA), expected=wanted).digest == DIGEST
    with pytest.raises(UntrustedError):
        store.put([b"x"], limit=len(DATA), expected=wanted)
    with pytest.raises(UnavailableError), store.open(wanted) as found:
        list(found)
    assert store.size(wanted) is None


def test_more_than_the_limit_is_refused(store):
    with pytest.raises(UnsupportedError, match="5"):
        store.put([b"abc", b"def"], limit=5)
    assert list(store.blobs()) == []


def test_a_failing_origin_leaves_nothing(store):
    def broken():
        yield b"half"
        raise UnavailableError("the line went dead")

    with pytest.raises(UnavailableError, match="dead"):
        store.put(broken(), limit=100)
    assert list(store.blobs()) == []


def test_a_missing_blob_is_named(store):
    with pytest.raises(UnavailableError, match=str(DIGEST)), store.open(DIGEST) as found:
        list(found)
    assert store.size(DIGEST) is None
    store.delete(DIGEST)


def test_delete(store):
    store.put([b"x"], limit=1)
    store.delete(Digest.of(b"x"))
    assert list(store.blobs()) == []


def test_blobs_come_sorted(store):
    for text in (b"a", b"b", b"c", b"d"):
        store.put([text], limit=1)
    found = [blob.digest for blob in store.blobs()]
    assert found == sorted(found)


def test_a_sealed_store_is_read_only(store):
    store.put([b"x"], limit=1)
    sealed = Sealed(store)
    assert whole(sealed, Digest.of(b"x"), limit=1) == b"x"
    assert (sealed.size(Digest.of(b"x")), list(sealed.blobs())) == (1, list(store.blobs()))
    with pytest.raises(UsageError, match="sealed"):
        sealed.put([b"y"], limit=1)
    with pytest.raises(UsageError, match="sealed"):
        sealed.delete(Digest.of(b"x"))


def test_whole_is_bounded(store):
    store.put([DATA], limit=len(DATA))
    with pytest.raises(UnsupportedError, match="limit 10"):
        whole(store, DIGEST, limit=10)


@pytest.mark.parametrize("change", [lambda d: d[:-1], lambda d: d + b"x", lambda d: b"X" + d[1:], lambda d: b""])
def test_a_rotten_blob_is_refused_with_its_digest(tmp_path, change):
    folder = FolderContentStore(tmp_path)
    folder.put([DATA], limit=len(DATA))
    path = tmp_path / "blobs" / "sha256" / DIGEST.hex
    path.chmod(0o644)
    path.write_bytes(change(DATA))
    for use in (lambda: whole(folder, DIGEST, limit=1 << 20), lambda: check(folder, [DIGEST])):
        with pytest.raises(UntrustedError, match=str(DIGEST)) as caught:
            use()
        assert caught.value.exit_code == 3
    folder.put([DATA], limit=len(DATA))  # fetched again: well again
    assert whole(folder, DIGEST, limit=1 << 20) == DATA


def test_a_link_or_a_pipe_in_a_blobs_place_is_not_followed(tmp_path):
    folder = FolderContentStore(tmp_path)
    folder.put([b"x"], limit=1)
    path = tmp_path / "blobs" / "sha256" / Digest.of(b"x").hex
    path.unlink()
    (tmp_path / "elsewhere").write_bytes(b"x")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UnavailableError):
        whole(folder, Digest.of(b"x"), limit=1000)


def test_a_full_disk_is_one_clear_error_and_leaves_nothing(tmp_path, monkeypatch):
    folder = FolderContentStore(tmp_path)

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(contentstore.os, "fsync", full)
    with pytest.raises(UnavailableError, match="No space left") as caught:
        folder.put([b"x"], limit=1)
    assert caught.value.exit_code == 75
    assert os.listdir(tmp_path / "blobs" / "sha256") == []


KILLED = """
import os, signal, sys
from pathlib import Path
from assay.adapters.contentstore import FolderContentStore
def chunks():
    yield b"half" * 1_000_000
    os.kill(os.getpid(), signal.SIGKILL)
FolderContentStore(Path(sys.argv[1])).put(chunks(), limit=1 << 30)
"""


def test_a_killed_writer_leaves_nothing_that_has_a_name(tmp_path):
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert done.returncode == -signal.SIGKILL
    folder = FolderContentStore(tmp_path)
    assert list(folder.blobs()) == []
    assert folder.sweep() == 1
    assert os.listdir(tmp_path / "blobs" / "sha256") == []


def test_sweeping_spares_who_still_writes(tmp_path):
    folder = FolderContentStore(tmp_path)

    def chunks():
        yield b"a"
        assert folder.sweep() == 0
        yield b"b"

    assert folder.put(chunks(), limit=2).digest == Digest.of(b"ab")


def test_who_cleans_is_alone(tmp_path):
    one, other = FolderContentStore(tmp_path), FolderContentStore(tmp_path)
    with one.hold(), other.hold(), pytest.raises(UnavailableError, match="a build uses it"), other.hold(alone=True):
        pass
    with one.hold(alone=True), pytest.raises(UnavailableError, match="being cleaned"), other.hold():
        pass
