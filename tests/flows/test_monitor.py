"""The monitor: quiet where all is as expected, loud once where it is not, and it never forgets or skips."""

import shutil

import msgspec
import pytest

from assay.adapters.logsource import FolderLog
from assay.adapters.tilestore import TileStore
from assay.flows.log import Log
from assay.flows.monitor import Monitor, Wish
from assay.formats import logpolicy, note, vkey
from assay.model.errors import MalformedError, UnavailableError
from assay.model.limits import DEFAULT_LIMITS
from assay.trust import keyring
from assay.trust.expect import Expected, Identity
from assay.trust.keyring import Keyring
from authorities import ISSUER, world
from logkeys import LOG, ORIGIN, witness_key
from signing import OTHER, P256
from watchedlogs import CT_ORIGIN, Town, body

NOW, LATER = "2026-11-02T04:00:00Z", "2026-11-02T05:00:00Z"
EXPECTED = Expected(
    identities=(Identity(identity="*@example.org", issuer=ISSUER, glob=True),),
    keys=Keyring((keyring.key(P256.public_key(), name="ours"),)),
)


@pytest.fixture
def town(tmp_path) -> Town:
    return Town(tmp_path)


def monitor(town: Town, *, log="log", issuance="issuance", **wish) -> Monitor:
    return Monitor(
        FolderLog(town.folder / log),
        FolderLog(town.folder / issuance) if issuance else None,
        TileStore(town.folder / "monitor"),
        Wish(**{"roots": town.roots(), "expected": EXPECTED, **wish}),
    )


def look(town: Town, now: str = NOW, *, commit: bool = True, **more):
    one = monitor(town, **more)
    report = one.look(now)
    if commit:
        one.commit()
    return report


def kinds(report) -> list[tuple[str, str, int | None]]:
    return [(one.kind, one.log, one.index) for one in report.alerts]


def test_a_quiet_town(town):
    for _ in range(3):
        town.sign()
    town.log.append([body()])
    report = look(town)
    assert kinds(report) == []
    assert [(one.role, one.origin, one.size, one.count) for one in report.logs] == [
        ("log", ORIGIN, 5, 5), ("issuance", CT_ORIGIN, 4, 4),
    ]  # fmt: skip
    assert report.logs[0].kinds == {"hashedrekord 0.0.2": 4, "unknown": 1}
    assert report.logs[1].kinds == {"certificate": 3, "unknown": 1}
    town.sign()
    again = look(town)
    assert [one.count for one in again.logs] == [1, 1]
    assert not again.alerts


def test_an_unexpected_identity_is_told_in_both_logs(town):
    town.sign()
    index = town.sign("mallory@example.com")
    report = look(town)
    assert kinds(report) == [("unexpected-identity", ORIGIN, index), ("unexpected-identity", CT_ORIGIN, 2)]
    assert "mallory@example.com by https://issuer.example" in report.alerts[0].why
    assert kinds(look(town)) == []


def test_the_issuer_must_be_the_expected_one_too(town):
    town.sign()
    other = Expected(identities=(Identity(identity="*", issuer="https://other.example", glob=True),))
    assert [one.kind for one in look(town, expected=other).alerts] == ["unexpected-identity"] * 2


def test_an_unexpected_key_is_told(town):
    town.log.append([body(), body(signer=OTHER)])
    report = look(town)
    assert kinds(report) == [("unexpected-signer", ORIGIN, 2)]


def test_a_certificate_of_another_authority_is_told(town, tmp_path):
    stranger = Town(tmp_path / "other", world()).certificate()
    town.log.append([body(stranger)])
    report = look(town)
    assert [one.kind for one in report.alerts][:1] == ["unexpected-signer"]
    assert "CERT_CHAIN" in report.alerts[0].why


def test_where_nothing_is_expected_only_the_proofs_are_checked(town):
    town.sign("anybody@example.com")
    town.log.append([body(signer=OTHER)])
    assert kinds(look(town, expected=Expected())) == []


def test_a_certificate_issued_in_secret_is_told(town):
    town.sign()
    index = town.sign(logged=False)
    report = look(town)
    assert kinds(report) == [("unlogged-certificate", ORIGIN, index)]
    assert f"not in {CT_ORIGIN}" in report.alerts[0].why


def test_a_certificate_issued_long_before_is_found(town):
    """Its leaf was read by an earlier look, and lies some tiles back."""
    certificate = town.certificate()
    for number in range(3):
        town.issuance.append([b"%d.%d" % (number, i) for i in range(200)])
    look(town)
    town.log.append([body(certificate)])
    assert kinds(look(town)) == []


def test_without_an_issuance_log_certificates_are_not_looked_for(town):
    town.sign(logged=False)
    assert kinds(look(town, issuance=None)) == []


def test_unknown_kinds_are_counted_and_bad_entries_told(town):
    town.log.append([b'{"apiVersion":"9","kind":"later","spec":{}}', b"junk", b"", b'{"kind":1}'])
    town.issuance.append([b"\0" * 12 + b"x", b"\0\0" + bytes(8) + b"\0\1" + bytes(99), b"short"])
    report = look(town)
    assert report.logs[0].kinds == {"malformed": 3, "unknown": 2}
    assert {(one.kind, one.log) for one in report.alerts} == {
        ("malformed-entry", ORIGIN),
        ("malformed-entry", CT_ORIGIN),
    }


def test_alerts_are_told_again_until_they_are_committed(town):
    town.sign("mallory@example.com")
    first = look(town, commit=False)
    assert kinds(look(town, commit=False)) == kinds(first) != []
    assert kinds(look(town)) == kinds(first)
    assert kinds(look(town)) == []


@pytest.mark.parametrize("steps", [(255, 1, 1), (600, 300), (256, 256, 256)])
def test_long_logs_in_any_steps(town, steps):
    for number, count in enumerate(steps):
        town.log.append([body(text=b"%d.%d" % (number, i)) for i in range(count)])
        report = look(town)
        assert (kinds(report), report.logs[0].count) == ([], count + (number == 0))


def fork(town: Town) -> None:
    """Another history by the same key: the operator keeps two logs."""
    shutil.rmtree(town.folder / "log")
    shutil.rmtree(town.folder / "key-log")
    town.log = town.open("log", ORIGIN, LOG)
    town.log.create()


def test_a_fork_is_told_for_ever_and_both_checkpoints_are_kept(town):
    town.log.append([body(text=b"a"), body(text=b"b")])
    look(town)
    before = town.log.published()
    fork(town)
    for more in (2, 1):
        town.log.append([body(text=b"%d.%d" % (more, i)) for i in range(more)])
        for _ in range(2):
            report = look(town)
            assert kinds(report) == [("fork", ORIGIN, None)]
    kept = {path.read_bytes() for path in (town.folder / "monitor").rglob("fork-*")}
    assert {note.write(before), note.write(town.log.published())} <= kept
    assert len(kept) == 3


def test_a_log_that_shrinks_is_told(town):
    town.log.append([body(text=b"a"), body(text=b"b")])
    look(town)
    fork(town)
    assert kinds(look(town)) == [("rollback", ORIGIN, None)]


def test_entries_that_are_not_those_of_the_tree_are_told(town):
    town.log.append([body(text=b"a")])
    look(town)
    town.log.append([body(text=b"b")])
    path = town.folder / "log/tile/entries/000.p/3"
    data = path.read_bytes()
    path.write_bytes(data.replace(b"hashedrekord", b"hashedRekord"))
    assert ("mismatch", ORIGIN, None) in kinds(look(town))
    path.write_bytes(data[:-1])
    assert kinds(look(town)) == [("mismatch", ORIGIN, None)]
    path.write_bytes(data)
    assert kinds(look(town)) == []


def test_a_checkpoint_of_a_stranger_is_told(town):
    town.sign()
    look(town)
    roots = msgspec.structs.replace(town.roots(), tlogs=())
    assert kinds(look(town, roots=roots)) == [("checkpoint", ORIGIN, None)]
    other = msgspec.structs.replace(town.roots().tlogs[0], spki=OTHER.public_key())
    assert kinds(look(town, roots=msgspec.structs.replace(roots, tlogs=(other,)))) == [("checkpoint", ORIGIN, None)]
    (town.folder / "log/checkpoint").write_text("<html>sorry</html>")
    assert kinds(look(town)) == [("checkpoint", ORIGIN, None)]


def test_missing_witnesses_are_told(town):
    policy = logpolicy.parse(f"witness w {vkey.write(witness_key(0))}\nquorum w", where="x")
    assert kinds(look(town, policy=policy)) == [("witnesses", ORIGIN, None)]


def test_silence_is_told_when_it_lasts_too_long(town):
    town.sign()
    assert kinds(look(town, NOW, silence_seconds=3600)) == []
    assert kinds(look(town, LATER, silence_seconds=3600)) == []
    report = look(town, "2026-11-02T05:00:01Z", silence_seconds=3600)
    assert [one.kind for one in report.alerts] == ["silence", "silence"]
    town.sign()
    assert kinds(look(town, "2026-11-02T06:00:00Z", silence_seconds=3600)) == []
    assert kinds(look(town, "2026-11-02T09:00:00Z", silence_seconds=0)) == []


def test_what_cannot_be_seen_is_not_fine_and_nothing_is_remembered(town):
    town.sign("mallory@example.com")
    (town.folder / "issuance/checkpoint").rename(town.folder / "away")
    for _ in range(2):
        report = look(town)
        assert report.unavailable
        assert kinds(report) == [("unexpected-identity", ORIGIN, 1)]
    (town.folder / "away").rename(town.folder / "issuance/checkpoint")
    assert not look(town).unavailable
    assert kinds(look(town)) == []


def test_an_issuance_log_that_stops_answering_in_between(town):
    town.sign()
    look(town)
    certificate = town.certificate()
    look(town)
    town.log.append([body(certificate)])
    for path in (town.folder / "issuance/tile/0").rglob("*"):
        if path.is_file():
            path.unlink()
    report = look(town)
    assert report.unavailable
    assert not report.alerts


def test_a_log_may_be_joined_at_its_end(town):
    town.log.append([body(signer=OTHER, text=b"%d" % i) for i in range(300)])
    report = look(town, skip=True)
    assert (kinds(report), report.logs[0].size, report.logs[0].count) == ([], 301, 0)
    town.log.append([body(signer=OTHER, text=b"new")])
    report = look(town, skip=True)
    assert (kinds(report), report.logs[0].count) == ([("unexpected-signer", ORIGIN, 301)], 1)


def test_a_log_that_claims_more_than_is_read_at_once(town):
    town.log.append([body(text=b"%d" % i) for i in range(20)])
    limits = msgspec.structs.replace(DEFAULT_LIMITS, monitor_entries_count=20)
    wish = Wish(roots=town.roots())
    one = Monitor(FolderLog(town.folder / "log"), None, TileStore(town.folder / "monitor"), wish, limits)
    report = one.look(NOW)
    assert report.unavailable
    assert "21, limit 20" in report.logs[0].unavailable


def test_a_damaged_memory_stops_the_monitor(town):
    look(town)
    (town.folder / "monitor/monitor").write_bytes(b'{"marks":{"log":{}}}')
    with pytest.raises(MalformedError, match="state is damaged"):
        look(town)


def test_a_log_of_the_one_origin_does_not_pass_for_another(town, tmp_path):
    """A mark is of one origin: another listed log at the same address does not continue it."""
    town.log.append([body(text=b"a"), body(text=b"b")])
    look(town)
    other = Log("other.example", LOG, TileStore(tmp_path / "o"), TileStore(tmp_path / "ok"))
    other.create()
    other.append([body(text=b"%d" % i) for i in range(9)])
    second = msgspec.structs.replace(town.roots().tlogs[0], base_url="https://other.example")
    roots = msgspec.structs.replace(town.roots(), tlogs=(*town.roots().tlogs, second))
    assert [one.kind for one in look(town, log="o", roots=roots).alerts] == ["checkpoint"]


def test_many_alerts_are_counted(town, monkeypatch):
    town.log.append([body(signer=OTHER, text=b"%d" % i) for i in range(1100)])
    report = look(town)
    assert (len(report.alerts), report.dropped) == (1000, 100)


def test_only_names_of_logs_are_read(town):
    source = FolderLog(town.folder / "log")
    for name in ("../key-log/x", "intent", "", "tile/0/000/../../x"):
        with pytest.raises(ValueError):
            source.read(name, 10)
    with pytest.raises(MalformedError):
        source.read("checkpoint", 3)
    (town.folder / "log/checkpoint").chmod(0)
    assert FolderLog(town.folder / "nowhere").read("checkpoint", 9) is None
    assert UnavailableError.exit_code == 75
