"""The store as a whole: cleaned by what locks need, moved as an OCI artifact, looked through for rot."""

import pytest

from assay.adapters.layout import LayoutSource
from assay.adapters.layout_sink import layout_sink
from assay.artifact.reference import parse_target
from assay.flows import store as flow
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UnavailableError, UntrustedError, UsageError
from assay.model.limits import DEFAULT_LIMITS
from fakes.contentstore import MemoryContentStore

A, B, C = (Digest.of(text) for text in (b"a", b"b", b"c"))


def source(path):
    return LayoutSource(parse_target(f"oci-dir:{path}", lambda _: True))


def exported(tmp_path, store, *digests):
    with layout_sink(tmp_path / "out", DEFAULT_LIMITS) as sink:
        return flow.export(store, digests, sink, DEFAULT_LIMITS)


def test_clean_keeps_what_is_needed_and_names_what_is_missing():
    store = MemoryContentStore(b"a", b"b")
    dry = flow.clean(store, [A, C], dry_run=True)
    assert set(store.held) == {A, B}
    done = flow.clean(store, [A, C])
    assert done == dry
    assert [blob.digest for blob in done.removed] == [B]
    assert (done.kept_count, done.kept_bytes, done.missing) == (1, 1, (C,))
    assert set(store.held) == {A}


def test_verify_names_the_rotten_and_the_missing():
    store = MemoryContentStore(b"a", b"b")
    store.held[B] = b"B"
    good, bad = flow.verify(store, [A, B, C])
    assert good == 1
    assert [rot.digest for rot in bad] == [B, C]


def test_a_store_moves_as_an_artifact(tmp_path):
    moved = exported(tmp_path, MemoryContentStore(b"a", b"b", b"c"), A, C, A)
    assert (moved.count, moved.bytes) == (2, 2)
    new = MemoryContentStore()
    assert flow.import_(source(tmp_path / "out"), new, DEFAULT_LIMITS) == moved
    assert set(new.held) == {A, C}


def test_the_same_blobs_give_the_same_artifact(tmp_path):
    (tmp_path / "x").mkdir()
    one = exported(tmp_path, MemoryContentStore(b"a", b"b"), A, B)
    assert exported(tmp_path / "x", MemoryContentStore(b"b", b"a"), B, A) == one


def test_an_empty_store_moves_too(tmp_path):
    moved = exported(tmp_path, MemoryContentStore())
    assert flow.import_(source(tmp_path / "out"), MemoryContentStore(), DEFAULT_LIMITS) == moved


@pytest.mark.parametrize(("spoil", "error"), [(lambda s: s.held.pop(B), UnavailableError), (lambda s: s.held.__setitem__(B, b"x"), UntrustedError)])  # fmt: skip
def test_nothing_is_written_when_a_blob_is_missing_or_rotten(tmp_path, spoil, error):
    store = MemoryContentStore(b"a", b"b")
    spoil(store)
    with pytest.raises(error):
        exported(tmp_path, store, A, B)
    assert list(tmp_path.iterdir()) == []


def test_a_changed_blob_is_not_imported(tmp_path):
    exported(tmp_path, MemoryContentStore(b"a"), A)
    path = tmp_path / "out" / "blobs" / "sha256" / A.hex
    path.chmod(0o644)
    path.write_bytes(b"x")
    with pytest.raises(UntrustedError, match=str(A)):
        flow.import_(source(tmp_path / "out"), MemoryContentStore(), DEFAULT_LIMITS)


def test_an_image_is_no_store(tmp_path):
    exported(tmp_path, MemoryContentStore(b"a"), A)
    for path in (tmp_path / "out" / "blobs" / "sha256").iterdir():
        if flow.ARTIFACT.encode() in path.read_bytes():
            path.chmod(0o644)
            path.write_bytes(path.read_bytes().replace(flow.ARTIFACT.encode(), b"application/vnd.assay.other-store.v9"))
    with pytest.raises((MalformedError, UntrustedError)):
        flow.import_(source(tmp_path / "out"), MemoryContentStore(), DEFAULT_LIMITS)


def test_a_sink_adds_to_a_layout_and_replaces_a_tag(tmp_path):
    exported(tmp_path, MemoryContentStore(b"a"), A)
    exported(tmp_path, MemoryContentStore(b"a", b"b"), A, B)
    new = MemoryContentStore()
    flow.import_(source(tmp_path / "out"), new, DEFAULT_LIMITS)
    assert set(new.held) == {A, B}


def test_a_sink_spares_what_is_no_layout(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "precious").write_bytes(b"")
    with pytest.raises(UsageError, match="not an OCI layout"):
        exported(tmp_path, MemoryContentStore(b"a"), A)
