"""A verifier that remembers its logs: a second history is refused, and both checkpoints are kept as proof."""

import msgspec
import pytest

import trustworld as tw
from assay.adapters.tilestore import TileStore
from assay.flows.seenlogs import remembering
from assay.flows.witness import Seen
from assay.model.errors import UntrustedError
from assay.trust.verify import verify


def judge(seen: Seen, bundle: bytes):
    def look(known):
        expected = msgspec.structs.replace(tw.BY_IDENTITY, seen=known)
        return verify(bundle, tw.TARGET, tw.roots(), expected, tw.LATER, name="bundle")

    return remembering(seen, bundle, look, where="bundle")


@pytest.fixture
def seen(tmp_path) -> Seen:
    return Seen(TileStore(tmp_path / "seen"))


def kept(tmp_path) -> list[bytes]:
    return sorted(path.read_bytes() for path in (tmp_path / "seen").rglob("fork-*"))


def test_a_second_history_of_a_log_is_refused(seen, tmp_path):
    """Two bundles, each good by itself: their checkpoints name two trees of nine entries."""
    first, second = tw.make().data(), tw.make().data()
    assert first != second
    assert [len([c for c in judge(seen, first).checks if c.step == "fork"]) for _ in range(2)] == [0, 1]
    for _ in range(2):
        with pytest.raises(UntrustedError) as caught:
            judge(seen, second)
        assert caught.value.code == "LOG_FORK"
    assert len(kept(tmp_path)) == 2
    assert judge(seen, first)


def test_what_was_refused_is_not_remembered(seen, tmp_path):
    first, second = tw.make().data(), tw.make().data()
    stranger = msgspec.structs.replace(tw.BY_IDENTITY, identities=())

    def refuse(known):
        return verify(first, tw.TARGET, tw.roots(), stranger, tw.LATER, name="bundle")

    with pytest.raises(UntrustedError):
        remembering(seen, first, refuse, where="bundle")
    assert judge(seen, second)
    assert kept(tmp_path) == []


def test_a_bundle_that_cannot_be_read_is_the_verifiers_to_refuse(seen):
    assert remembering(seen, b"junk", lambda known: known, where="x") == ()
