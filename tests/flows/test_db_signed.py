"""An advisory database is numbered, signed, and verified over the bytes that are used; nobody goes back unseen."""

import json
import os
from pathlib import Path

import pytest

from advisorydbs import affected, jsonl, record
from assay.adapters.advisorydb_place import DatabaseFile
from assay.adapters.feedfiles import FeedDirectory
from assay.flows import db
from assay.flows.db import Wish
from assay.flows.db_trust import Demand, using
from assay.flows.db_verify import check
from assay.model.errors import AssayError, MalformedError, UnavailableError, UntrustedError, UsageError
from assay.ports.stores import DatabaseStatus
from signing import NOW, OTHER, P256, changed, ring


def feeds(folder: Path, *fixed: str) -> Path:
    """One advisory for each version that fixes it."""
    for old in folder.glob("*"):
        old.unlink()
    rows = [
        record(f"PYSEC-{n}", affected("PyPI", f"pack{n}", {"introduced": "0"}, {"fixed": version}))
        for n, version in enumerate(fixed)
    ]
    jsonl(folder / "pypi.jsonl.gz", rows)
    return folder


def made(folder: Path, name: str, *fixed: str, **wish: object) -> DatabaseFile:
    place = DatabaseFile(folder / name / "advisories.db", db.encoders())
    db.build_from(FeedDirectory(feeds(folder / "feeds", *fixed)), place, wish=Wish(now=NOW, **wish))
    return place


def names(folder: Path) -> list[str]:
    return sorted(item.name for item in folder.iterdir())


def code_of(failure: pytest.ExceptionInfo[AssayError]) -> str:
    return getattr(failure.value, "code", "")


def used(place: DatabaseFile, *signers: object) -> DatabaseStatus:
    keys = ring(*signers) if signers else None
    database = place.open(using(Demand(keys=keys, now=NOW, seen=place.seen())))
    database.close()
    return database.status()


# ---- numbers


def test_numbers_rise_with_the_content_and_stay_with_it(tmp_path: Path) -> None:
    numbers = [made(tmp_path, "a", *fixed).status().build for fixed in (["1"], ["1"], ["2"], ["2"], ["1"])]
    assert numbers == [1, 1, 2, 2, 3]


def test_the_same_feeds_and_number_give_the_same_bytes_anywhere(tmp_path: Path) -> None:
    one, two = (made(tmp_path, name, "1", "2", number=7) for name in "ab")
    assert one.status() == two.status()
    assert (tmp_path / "a" / "advisories.db").read_bytes() == (tmp_path / "b" / "advisories.db").read_bytes()


def test_the_number_is_no_part_of_the_content(tmp_path: Path) -> None:
    one, two = made(tmp_path, "a", "1", number=7).status(), made(tmp_path, "b", "1", number=8).status()
    assert (one.build, two.build) == (7, 8)
    assert one.content_digest == two.content_digest


# ---- rollback


def test_an_older_database_is_refused_unless_asked_for(tmp_path: Path) -> None:
    made(tmp_path, "old", "1", number=3)
    place = made(tmp_path, "here", "2", number=5)
    old = str(tmp_path / "old" / "advisories.db")
    with pytest.raises(UntrustedError, match="build 3, seen 5") as failure:
        db.restore(place, old)
    assert code_of(failure) == "ROLLBACK"
    assert place.status().build == 5
    assert db.restore(place, old, wish=Wish(allow_rollback=True)).build == 3
    assert (place.seen().build, used(place).build) == (3, 3)


def test_a_lower_number_is_not_built_over_a_higher_one(tmp_path: Path) -> None:
    place = made(tmp_path, "here", "2", number=5)
    with pytest.raises(UntrustedError, match="build 4, seen 5"):
        made(tmp_path, "here", "1", number=4)
    assert place.status().build == 5


def test_an_old_file_laid_there_by_hand_is_noticed_when_it_is_opened(tmp_path: Path) -> None:
    made(tmp_path, "old", "1", number=3)
    place = made(tmp_path, "here", "2", number=5)
    (tmp_path / "here" / "advisories.db").write_bytes((tmp_path / "old" / "advisories.db").read_bytes())
    with pytest.raises(UntrustedError) as failure:
        used(place)
    assert code_of(failure) == "ROLLBACK"


def test_without_the_memory_the_database_itself_is_the_memory(tmp_path: Path) -> None:
    made(tmp_path, "old", "1", number=3)
    place = made(tmp_path, "here", "2", number=5)
    (tmp_path / "here" / "advisories.db.seen.json").unlink()
    with pytest.raises(UntrustedError, match="build 3, seen 5"):
        db.restore(place, str(tmp_path / "old" / "advisories.db"))


@pytest.mark.parametrize("data", [b"{", b"[]", b'{"build":"x"}', b"x" * 5_000])
def test_a_damaged_memory_is_no_leave_to_go_back(tmp_path: Path, data: bytes) -> None:
    place = made(tmp_path, "here", "2", number=5)
    (tmp_path / "here" / "advisories.db.seen.json").write_bytes(data)
    with pytest.raises(MalformedError):
        used(place)


# ---- signatures


def test_a_signed_database_is_believed_by_its_key_alone(tmp_path: Path) -> None:
    place = made(tmp_path, "a", "1", signer=P256)
    assert names(tmp_path / "a") == ["advisories.db", "advisories.db.seen.json", "advisories.db.sigstore.json"]
    assert used(place, P256).build == 1
    with pytest.raises(UntrustedError) as failure:
        used(place, OTHER)
    assert code_of(failure) == "KEY_UNKNOWN"


def test_an_unsigned_database_is_refused_where_a_key_is_set(tmp_path: Path) -> None:
    place = made(tmp_path, "a", "1")
    with pytest.raises(UntrustedError) as failure:
        used(place, P256)
    assert code_of(failure) == "NOT_SIGNED"
    with pytest.raises(UntrustedError):
        db.restore(
            DatabaseFile(tmp_path / "b.db", db.encoders()), str(tmp_path / "a" / "advisories.db"), wish=demanding()
        )
    assert not (tmp_path / "b.db").exists()


def demanding(*signers: object) -> Wish:
    return Wish(keys=ring(*(signers or (P256,))), now=NOW)


def test_nothing_unsigned_is_built_where_a_signature_is_demanded(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unsigned"):
        made(tmp_path, "a", "1", keys=ring(P256))
    assert made(tmp_path, "a", "1", keys=ring(P256), signer=P256).status().build == 1


def test_a_new_unsigned_database_takes_the_old_signature_away(tmp_path: Path) -> None:
    made(tmp_path, "a", "1", signer=P256)
    made(tmp_path, "a", "2")
    assert "advisories.db.sigstore.json" not in names(tmp_path / "a")


def test_export_signs_and_import_verifies_before_anything_moves(tmp_path: Path) -> None:
    place = made(tmp_path, "a", "1")
    db.export(place, str(tmp_path / "out" / "copy.db"), Wish(signer=P256, now=NOW))
    assert names(tmp_path / "out") == ["copy.db", "copy.db.sha256", "copy.db.sigstore.json"]
    goal = DatabaseFile(tmp_path / "b" / "advisories.db", db.encoders())
    with pytest.raises(UntrustedError):
        db.restore(goal, str(tmp_path / "out" / "copy.db"), wish=demanding(OTHER))
    assert names(tmp_path / "b") == []
    db.restore(goal, str(tmp_path / "out" / "copy.db"), wish=demanding())
    assert used(goal, P256) == place.status()


def test_an_import_that_nobody_checks_keeps_the_signature_for_who_will(tmp_path: Path) -> None:
    made(tmp_path, "a", "1", signer=P256)
    goal = DatabaseFile(tmp_path / "b" / "advisories.db", db.encoders())
    db.restore(goal, str(tmp_path / "a" / "advisories.db"))
    assert used(goal, P256).build == 1


def test_verify_says_what_was_checked(tmp_path: Path) -> None:
    place = made(tmp_path, "a", "1", signer=P256)
    found = check(place, demanding())
    assert [(c.step, c.outcome) for c in found.checks] == [
        ("form", "pass"), ("integrity", "pass"), ("content", "pass"), ("file", "pass"), ("number", "pass"), ("signature", "pass"),
    ]  # fmt: skip
    assert found.evidence is not None
    assert found.evidence.statement.predicate["build"] == 1
    assert check(place, Wish()).checks[-1].outcome == "skip"


# ---- lies


def test_the_signature_of_another_database_is_not_taken(tmp_path: Path) -> None:
    place, other = made(tmp_path, "a", "1", signer=P256), made(tmp_path, "b", "2", signer=P256)
    for one, two in ((place, "b"), (other, "a")):
        kept = one.signatures()[0]
        beside = tmp_path / ("a" if two == "b" else "b") / "advisories.db.sigstore.json"
        beside.write_bytes((tmp_path / two / "advisories.db.sigstore.json").read_bytes())
        with pytest.raises(UntrustedError) as failure:
            used(one, P256)
        assert code_of(failure) == "SUBJECT_MISMATCH"
        beside.write_bytes(kept)


@pytest.mark.parametrize("cut", [0, 1, 100, -1])
def test_a_truncated_signature_is_none(tmp_path: Path, cut: int) -> None:
    place = made(tmp_path, "a", "1", signer=P256)
    path = tmp_path / "a" / "advisories.db.sigstore.json"
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(UntrustedError):
        used(place, P256)


def test_a_changed_signature_is_none(tmp_path: Path) -> None:
    place = made(tmp_path, "a", "1", signer=P256)
    path = tmp_path / "a" / "advisories.db.sigstore.json"
    path.write_bytes(changed(path.read_bytes(), "dsseEnvelope", "signatures", 0, "sig", value="AAAA"))
    with pytest.raises(UntrustedError) as failure:
        used(place, P256)
    assert code_of(failure) == "SIGNATURE"


def test_one_changed_byte_of_the_database_is_noticed(tmp_path: Path) -> None:
    place = made(tmp_path, "a", "1.5.5", signer=P256)
    path = tmp_path / "a" / "advisories.db"
    data = path.read_bytes()
    assert data.count(b"1.5.5") >= 1
    path.write_bytes(data.replace(b"1.5.5", b"1.5.6"))
    assert used(place).build == 1  # nobody asked
    with pytest.raises(AssayError):
        used(place, P256)


def test_a_database_that_lies_about_its_content_is_not_believed(tmp_path: Path) -> None:
    """Its own record of its digest is the signed one; its rows are not."""
    import sqlite3

    place = made(tmp_path, "a", "1", signer=P256)
    path = tmp_path / "a" / "advisories.db"
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE range SET fixed = '9'")
    connection.close()
    assert used(place).content_digest == json.loads(
        (tmp_path / "a" / "advisories.db.seen.json").read_text()
    )["content"]  # fmt: skip
    with pytest.raises(MalformedError, match="recorded"):
        used(place, P256)


def test_the_same_rows_in_other_bytes_are_believed_by_their_content(tmp_path: Path) -> None:
    """As another version of SQLite would write them."""
    import sqlite3

    place = made(tmp_path, "a", "1", signer=P256)
    path = tmp_path / "a" / "advisories.db"
    before = path.read_bytes()
    for number in ("99", "1"):
        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE meta SET value = ? WHERE key = 'build'", (number,))
        connection.close()
    assert path.read_bytes() != before
    assert used(place, P256).build == 1


def test_a_number_that_was_not_signed_is_not_believed(tmp_path: Path) -> None:
    import sqlite3

    place = made(tmp_path, "a", "1", signer=P256)
    path = tmp_path / "a" / "advisories.db"
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE meta SET value = '99' WHERE key = 'build'")
    connection.close()
    with pytest.raises(UntrustedError, match="says otherwise of build"):
        used(place, P256)


def test_a_signature_is_found_at_every_moment_of_the_exchange(tmp_path: Path) -> None:
    """Between the two renames the new database lies beside the old signature, and the new one waits under `.next`."""
    place = made(tmp_path, "a", "1", signer=P256)
    old = place.signatures()[0]
    made(tmp_path, "a", "2", signer=P256)
    (tmp_path / "a" / "advisories.db.next.sigstore.json").write_bytes(place.signatures()[0])
    (tmp_path / "a" / "advisories.db.sigstore.json").write_bytes(old)
    assert used(place, P256).build == 2


# ---- names that lead elsewhere


def test_the_new_file_is_never_written_through_a_link(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "a").mkdir()
    trap = tmp_path / "a" / ".advisories.db.new"
    trap.symlink_to(victim)
    with pytest.raises(UnavailableError):
        made(tmp_path, "a", "1")
    trap.unlink()
    os.link(victim, trap)
    with pytest.raises(UnavailableError):
        made(tmp_path, "a", "1")
    trap.unlink()
    os.mkfifo(trap)
    with pytest.raises(UnavailableError):
        made(tmp_path, "a", "1")
    assert victim.read_text() == "precious"


def test_what_was_approved_is_what_is_read_whatever_the_name_means_by_then(tmp_path: Path) -> None:
    made(tmp_path, "b", "9.9", number=9)
    place = made(tmp_path, "a", "1.1", number=8, signer=P256)
    path = tmp_path / "a" / "advisories.db"

    def swap(candidate: object) -> bytes:
        using(Demand(keys=ring(P256), now=NOW))(candidate)
        path.unlink()
        path.symlink_to(tmp_path / "b" / "advisories.db")
        return b""

    database = place.open(swap)
    try:
        assert database.status().build == 8
        assert [hit.fixed for hit in database.lookup([query()])[0]] == ["1.1"]
    finally:
        database.close()


def query():
    from assay.ports.stores import Query

    return Query("PyPI", "pack0", None)


def test_what_is_put_in_place_is_what_was_approved(tmp_path: Path) -> None:
    """Somebody exchanges the hidden file between the look and the rename."""
    made(tmp_path, "b", "9.9", number=9)
    place = DatabaseFile(tmp_path / "a" / "advisories.db", db.encoders())
    hidden = tmp_path / "a" / ".advisories.db.new"

    def swap(candidate: object) -> bytes:
        hidden.unlink()
        hidden.write_bytes((tmp_path / "b" / "advisories.db").read_bytes())
        return b""

    chunks = iter([(made(tmp_path, "c", "1.1")._path).read_bytes()])
    with pytest.raises(UnavailableError, match="somebody else"):
        place.install(chunks, (), swap)
    assert not (tmp_path / "a" / "advisories.db").exists()
