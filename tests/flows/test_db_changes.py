"""What differs between two databases; a delta leads from one to the other, or nowhere."""

import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisorydbs import affected, jsonl, record
from assay.adapters.advisorydb_delta import DatabasePair
from assay.adapters.advisorydb_place import DatabaseFile
from assay.adapters.feedfiles import FeedDirectory
from assay.flows import db, db_changes
from assay.flows.db import Wish
from assay.formats import advisory_delta
from assay.model.advisory_change import Change, DatabaseDifference, DeltaHead
from assay.model.errors import AssayError, MalformedError, UntrustedError, UsageError
from assay.model.limits import Limits
from signing import NOW, OTHER, P256, ring

ZERO = {"introduced": "0"}


def fixed(name: str, version: str) -> dict[str, object]:
    return affected("PyPI", name, ZERO, {"fixed": version})


def built(
    folder: Path, *records: dict[str, object], kev: str = "CVE-2024-1001", epss: str = "0.5", **wish: object
) -> Path:
    """A database of these records, of KEV with one CVE, of EPSS with one score."""
    feeds = folder / "feeds"
    jsonl(feeds / "pypi.jsonl.gz", records)
    (feeds / "kev.json").write_text(f'{{"vulnerabilities":[{{"cveID":"{kev}","dateAdded":"2025-01-01"}}]}}')
    (feeds / "epss.csv").write_text(
        f"#model_version:v9,score_date:2026-08-16T00:00:00Z\ncve,epss,percentile\nCVE-2024-1001,{epss},0.9\n"
    )
    path = folder / "advisories.db"
    db.build_from(FeedDirectory(feeds), DatabaseFile(path, db.encoders()), wish=Wish(now=NOW, **wish))
    return path


def pair(old: Path, new: Path) -> DatabasePair:
    return DatabasePair(old, new, db.encoders())


BASE = (
    record("PYSEC-1", fixed("one", "1.0"), aliases=["CVE-2024-1001"]),
    record("PYSEC-2", fixed("two", "1.0")),
    record("PYSEC-3", fixed("three", "1.0"), fixed("drei", "1.0")),
    record("PYSEC-4", affected("PyPI", "four", versions=["1", "odd!"])),
)


def changed(tmp_path: Path, *records: dict[str, object], **more: str) -> DatabaseDifference:
    return db_changes.difference(pair(built(tmp_path / "a", *BASE), built(tmp_path / "b", *records, **more)))


def said(found: DatabaseDifference) -> dict[str, tuple[str, ...]]:
    return {change.id: change.kinds for change in found.advisories}


def names(*found: str) -> tuple[tuple[str, str], ...]:
    return tuple(("PyPI", name) for name in sorted(found))


# ---- diff


def test_the_same_database_differs_in_nothing(tmp_path: Path) -> None:
    found = changed(tmp_path, *BASE)
    assert msgspec.structs.replace(found, old=found.new) == DatabaseDifference(old=found.new, new=found.new)


@pytest.mark.parametrize(
    ("number", "replaced", "kinds", "touched"),
    [
        (1, record("PYSEC-2", fixed("two", "2.0")), ("fixes",), ("two",)),
        (1, record("PYSEC-2", affected("PyPI", "two", {"introduced": "0.5"}, {"fixed": "1.0"})), ("ranges",), ("two",)),
        (1, record("PYSEC-2", fixed("two", "1.0"), fixed("zwei", "1.0")), ("fixes", "ranges", "states"), ("two", "zwei")),
        (1, record("PYSEC-2", fixed("two", "1.0"), summary="other words"), ("text",), ("two",)),
        (1, record("PYSEC-2", fixed("two", "1.0"), aliases=["CVE-2024-2"]), ("aliases",), ("two",)),
        (1, record("PYSEC-2", fixed("two", "1.0"), withdrawn="2026-01-01T00:00:00Z"), ("withdrawn",), ("two",)),
        (2, record("PYSEC-3", fixed("three", "1.0")), ("fixes", "ranges", "states"), ("drei", "three")),
        (3, record("PYSEC-4", affected("PyPI", "four", versions=["1", "odd?"])), ("ranges",), ("four",)),
    ],
)  # fmt: skip
def test_one_changed_advisory(tmp_path: Path, number: int, replaced: dict[str, object], kinds: tuple[str, ...], touched: tuple[str, ...]) -> None:  # fmt: skip
    records = [replaced if n == number else one for n, one in enumerate(BASE)]
    found = changed(tmp_path, *records)
    assert said(found) == {f"PYSEC-{number + 1}": kinds}
    assert found.names == names(*touched)
    assert (found.cves, found.epss, found.ecosystems, found.others, found.lifecycles) == ((), (), (), (), False)


def test_added_and_removed(tmp_path: Path) -> None:
    found = changed(tmp_path, *BASE[1:], record("PYSEC-5", fixed("five", "1.0")))
    assert said(found) == {"PYSEC-1": ("removed",), "PYSEC-5": ("added",)}
    assert found.names == names("one", "five")


def test_scores_and_exploitation_are_told_by_cve(tmp_path: Path) -> None:
    found = changed(tmp_path, *BASE, kev="CVE-2024-7777", epss="0.6")
    assert [(cve.id, cve.kinds) for cve in found.cves] == [("CVE-2024-1001", ("kev",)), ("CVE-2024-7777", ("kev",))]
    assert (found.epss, found.names, found.advisories) == (("CVE-2024-1001",), (), ())


def test_a_database_whose_records_are_rubbish_is_malformed(tmp_path: Path) -> None:
    old, new = built(tmp_path / "a", *BASE), built(tmp_path / "b", *BASE)
    with sqlite3.connect(new) as connection:
        connection.execute("UPDATE advisory SET record = x'c1'")
    connection.close()
    with pytest.raises(MalformedError, match="damaged"):
        db_changes.difference(pair(old, new))


# ---- delta


def delta(old: Path, new: Path, bundle: bytes = b"") -> bytes:
    return b"".join(db_changes.delta(pair(old, new), bundle))


def applied(path: Path, data: bytes, **wish: object) -> object:
    place = DatabaseFile(path, db.encoders())
    return db_changes.apply_delta(place, iter([data]), Wish(now=NOW, **wish), where="the delta")


def test_a_delta_makes_the_very_bytes_of_the_next_database(tmp_path: Path) -> None:
    old = built(tmp_path / "a", *BASE)
    new = built(
        tmp_path / "b", *BASE[1:], record("PYSEC-0", fixed("one", "3"), aliases=["CVE-2024-9"]), epss="0.7", number=2
    )
    applied(old, delta(old, new))
    assert old.read_bytes() == new.read_bytes()
    assert DatabaseFile(old, db.encoders()).seen().build == 2


_records = st.dictionaries(
    st.integers(1, 6), st.tuples(st.sampled_from(["a", "b", "c"]), st.sampled_from(["1", "2.0", "x y"])), min_size=1
)


@settings(max_examples=8, deadline=None)
@given(_records, _records)
def test_any_delta_leads_where_it_says(tmp_path_factory: pytest.TempPathFactory, one: dict, two: dict) -> None:
    folder = tmp_path_factory.mktemp("law")
    old, new = (
        built(folder / side, *(record(f"PYSEC-{n}", fixed(*said)) for n, said in chosen.items()), number=number)
        for side, number, chosen in (("a", 1, one), ("b", 2, two))
    )
    applied(old, delta(old, new))
    assert old.read_bytes() == new.read_bytes()


def test_a_delta_is_signed_by_the_database_it_leads_to(tmp_path: Path) -> None:
    old, new = built(tmp_path / "a", *BASE, signer=P256), built(tmp_path / "b", *BASE[1:], number=2, signer=P256)
    bundle = DatabaseFile(new, db.encoders()).signatures()[0]
    before = old.read_bytes()
    for data, key in ((delta(old, new), P256), (delta(old, new, bundle), OTHER)):
        with pytest.raises(UntrustedError):
            applied(old, data, keys=ring(key))
        assert old.read_bytes() == before
    applied(old, delta(old, new, bundle), keys=ring(P256))
    assert DatabaseFile(old, db.encoders()).signatures() == (bundle,)


def test_a_delta_that_leads_elsewhere_than_signed_is_refused(tmp_path: Path) -> None:
    old, new = built(tmp_path / "a", *BASE, signer=P256), built(tmp_path / "b", *BASE[1:], number=2, signer=P256)
    evil = built(tmp_path / "c", *BASE[2:], number=2)
    bundle = DatabaseFile(new, db.encoders()).signatures()[0]
    before = old.read_bytes()
    with pytest.raises(UntrustedError, match="the statement is about"):
        applied(old, delta(old, evil, bundle), keys=ring(P256))
    assert old.read_bytes() == before


def test_a_delta_from_another_database_is_refused(tmp_path: Path) -> None:
    old, new, other = built(tmp_path / "a", *BASE), built(tmp_path / "b", *BASE[1:]), built(tmp_path / "c", *BASE[2:])
    with pytest.raises(UsageError, match="another database"):
        applied(other, delta(old, new))


def test_a_delta_leads_nowhere_back(tmp_path: Path) -> None:
    old, new = built(tmp_path / "a", *BASE, number=1), built(tmp_path / "b", *BASE[1:], number=2)
    back = delta(new, old)
    with pytest.raises(UntrustedError, match="build 1, seen 2"):
        applied(new, back)
    assert applied(new, back, allow_rollback=True).build == 1


# ---- hostile


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, bytes]:
    folder = tmp_path_factory.mktemp("two")
    old, new = built(folder / "a", *BASE), built(folder / "b", *BASE[1:], number=2)
    return old, new, delta(old, new)


def refused(path: Path, data: bytes, limits: Limits | None = None) -> AssayError:
    place, before = DatabaseFile(path, db.encoders()), path.read_bytes()
    with pytest.raises(AssayError) as failure:
        db_changes.apply_delta(place, iter([data]), Wish(), where="the delta", limits=limits or Limits())
    assert path.read_bytes() == before
    assert not path.with_name(f".{path.name}.new").exists()
    return failure.value


def test_a_delta_cut_off_anywhere_is_refused(two: tuple[Path, Path, bytes]) -> None:
    old, _, data = two
    for length in (0, 1, 10, len(data) // 2, len(data) - 9, len(data) - 1):
        assert isinstance(refused(old, data[:length]), MalformedError)


def test_a_damaged_delta_is_refused(two: tuple[Path, Path, bytes]) -> None:
    old, _, data = two
    for at in range(20, len(data), 37):
        torn = bytearray(data)
        torn[at] ^= 0x55
        refused(old, bytes(torn))
    refused(old, data + b"x")
    refused(old, data + data)


def frames(*values: bytes) -> bytes:
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    return squeeze.compress(b"".join(len(v).to_bytes(4, "big") + v for v in values)) + squeeze.flush()


def test_a_bomb_is_given_up_at_the_limit(two: tuple[Path, Path, bytes]) -> None:
    old = two[0]
    limits = Limits(database_bytes=1 << 20, database_frame_bytes=1 << 16)
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = squeeze.compress(head(two)) + squeeze.compress(b"\0\0\x01\0" * (1 << 22)) + squeeze.flush()
    assert len(bomb) < 1 << 18
    refused(old, bomb, limits)
    assert "limit 65536" in refused(old, frames(b"x" * (1 << 17)), limits).why


def head(two: tuple[Path, Path, bytes]) -> bytes:
    found, _ = advisory_delta.read([two[2]], where="")
    data = msgspec.msgpack.encode({"version": 1, "head": found})
    return len(data).to_bytes(4, "big") + data


@pytest.mark.parametrize(
    "change",
    [
        {"table": "sqlite_schema", "come": True, "rows": [["a"]]},
        {"table": "range; DROP TABLE meta", "come": True, "rows": [["a"]]},
        {"table": "kev", "come": True, "rows": [["only one"]]},
        {"table": "kev", "come": True, "rows": [["a", "b", "c", 1.5]]},
        {"table": "kev", "come": True, "rows": [["a", "b", "c", None]]},
        {"table": "kev", "come": True, "rows": [["a", "b", "c", 1 << 63]]},
        {"table": "kev", "come": True, "rows": [["CVE-2024-1001", "b", "c", "d"]]},
        {"table": "range", "come": True, "rows": [["e", "n", b"", b"", "nobody", "", "", "", "", "", "", "pypi"]]},
        {"table": "meta", "come": True, "rows": [["build", "99"]]},
        {"table": "kev", "come": "yes", "rows": []},
        {"rows": []},
        [1, 2, 3],
    ],
)
def test_changes_that_do_not_fit_are_refused(two: tuple[Path, Path, bytes], change: object) -> None:
    found, rest = advisory_delta.read([two[2]], where="")
    first = msgspec.msgpack.encode({"version": 1, "head": found})
    good = [msgspec.msgpack.encode(one) for one in rest]
    assert isinstance(refused(two[0], frames(first, *good, msgspec.msgpack.encode(change), b"")), MalformedError)


def test_a_head_that_lies_is_refused(two: tuple[Path, Path, bytes]) -> None:
    old = two[0]
    found, rest = advisory_delta.read([two[2]], where="")
    changes = list(rest)
    for lie in ({"content": "sha256:" + "0" * 64}, {"build": 7}, {"base": "sha256:" + "0" * 64}, {"schema": 99}):
        refused(old, b"".join(advisory_delta.write(msgspec.structs.replace(found, **lie), changes)))
    assert "version" in refused(old, frames(msgspec.msgpack.encode({"version": 2, "head": found}), b"")).why


def test_a_delta_reads_what_was_written() -> None:
    written = DeltaHead(schema=1, base="a", content="b", build=3, bundle=b"\0")
    changes = [Change("t", come, ((1, "two", b"three"),) * 3) for come in (True, False)]
    data = b"".join(advisory_delta.write(written, changes))
    found, rest = advisory_delta.read(_drops(data), where="")
    assert (found, list(rest)) == (written, changes)


def _drops(data: bytes) -> Iterator[bytes]:
    return (data[n : n + 1] for n in range(len(data)))
