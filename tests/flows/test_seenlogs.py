"""A verifier that remembers its logs: a second history is refused, and both checkpoints are kept as proof."""

import msgspec
import pytest

import trustworld as tw
from assay.adapters.tilestore import TileStore
from assay.flows.seenlogs import remembering
from assay.flows.witness import Seen
from assay.formats.trustroot import TrustedRoot
from assay.trust.examine import Candidate, Row, examine
from assay.trust.expect import Expected, Identity


def judged(
    seen: Seen | None, bundle: bytes, expected: Expected = tw.BY_IDENTITY, roots: TrustedRoot | None = None
) -> Row:
    def look(known):
        wanted = msgspec.structs.replace(expected, seen=known)
        (row,) = examine([Candidate(place="bundle", data=bundle)], tw.TARGET, roots, wanted, tw.LATER)
        return row

    return remembering(seen, bundle, look, where="bundle")


def by_identity(seen: Seen | None, bundle: bytes, expected: Expected = tw.BY_IDENTITY) -> Row:
    return judged(seen, bundle, expected, tw.roots())


@pytest.fixture
def seen(tmp_path) -> Seen:
    return Seen(TileStore(tmp_path / "seen"))


def kept(tmp_path) -> list[bytes]:
    return sorted(path.read_bytes() for path in (tmp_path / "seen").rglob("fork-*"))


def test_a_second_history_of_a_log_is_refused(seen, tmp_path):
    """Two bundles, each good by itself: their checkpoints name two trees of nine entries."""
    first, second = tw.make().data(), tw.make().data()
    assert first != second
    steps = [[c.outcome for c in by_identity(seen, first).checks if c.step == "fork"] for _ in range(2)]
    assert steps == [["skip"], ["pass"]]
    for _ in range(2):
        assert by_identity(seen, second).code == "LOG_FORK"
    assert len(kept(tmp_path)) == 2
    assert by_identity(seen, first).outcome == "verified"
    assert by_identity(None, second).outcome == "verified"


def test_what_was_refused_is_not_remembered(seen, tmp_path):
    first, second = tw.make().data(), tw.make().data()
    stranger = Expected(identities=(Identity(identity="somebody@else.example", issuer=tw.IDENTITY.issuer),))
    assert by_identity(seen, first, stranger).code == "IDENTITY"
    assert judged(seen, first).code == "LOG_UNKNOWN"
    assert by_identity(seen, second).outcome == "verified"
    assert kept(tmp_path) == []


def test_a_checkpoint_that_nobody_checked_is_not_remembered(seen, tmp_path):
    """By a managed key alone, without a trusted root, an entry of any log may stand in a bundle."""
    by_key = tw.make(by="key").data()
    row = judged(seen, by_key, tw.BY_KEY)
    assert row.outcome == "verified"
    assert ("log", "skip") in [(check.step, check.outcome) for check in row.checks]
    assert by_identity(seen, tw.make().data()).outcome == "verified"
    assert kept(tmp_path) == []


def test_a_bundle_that_cannot_be_read_is_the_verifiers_to_refuse(seen):
    assert by_identity(seen, b"junk").outcome == "malformed"
