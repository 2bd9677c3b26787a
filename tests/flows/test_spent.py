"""Single-use tokens: used once, also across restarts and processes; forgotten once they have ended."""

from datetime import UTC, datetime, timedelta

import pytest

from assay.adapters.tilestore import Disk, TileStore
from assay.flows.spent import Spent
from assay.model.errors import UnavailableError, UntrustedError
from assay.trust import token
from assay.trust.issue import Subject
from assay.trust.token import Claims

AT = datetime(2024, 5, 1, 9, 58, tzinfo=UTC)


def claims(name: str = "a", *, minutes: int = 10, once: bool = True) -> Claims:
    subject = Subject(identity="dev@acme.example", identity_kind="email", issuer="https://login.acme.example")
    return Claims(
        subject=subject, challenge="dev@acme.example", expires=AT + timedelta(minutes=minutes),
        fingerprint=name * 64, is_single_use=once,
    )  # fmt: skip


def spent(folder) -> Spent:
    return Spent(TileStore(folder / "spent"))


def test_a_restart_gives_no_token_back(tmp_path):
    spent(tmp_path).use(claims(), AT)
    for moment in (AT, AT + timedelta(minutes=10, seconds=token.SKEW_SECONDS - 1)):
        with pytest.raises(UntrustedError) as caught:
            spent(tmp_path).use(claims(), moment)
        assert caught.value.code == "TOKEN_USED"
    spent(tmp_path).use(claims("b"), AT)


def test_tokens_that_may_be_used_again_leave_nothing(tmp_path):
    for _ in range(2):
        spent(tmp_path).use(claims(once=False), AT)
    assert not (tmp_path / "spent").exists()


def test_tokens_of_hours_that_are_over_are_forgotten(tmp_path):
    memory = spent(tmp_path)
    memory.use(claims("a", minutes=0), AT)
    memory.use(claims("b", minutes=30), AT)
    later = AT + timedelta(minutes=5)
    memory.use(claims("c", minutes=30), later)
    assert sorted(path.name[0] for path in (tmp_path / "spent").rglob("*") if path.is_file()) == ["b", "c"]
    with pytest.raises(UntrustedError):
        memory.use(claims("b", minutes=30), later)


def test_where_the_memory_cannot_be_written_nothing_is_used(tmp_path):
    class Full(Disk):
        def create(self, path, data):
            raise OSError(28, "No space left on device")

    with pytest.raises(UnavailableError):
        Spent(TileStore(tmp_path / "spent", disk=Full())).use(claims(), AT)
    spent(tmp_path).use(claims(), AT)
