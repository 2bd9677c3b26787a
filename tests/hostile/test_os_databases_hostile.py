"""Package databases made to waste time or memory, or to hide packages: bounded, and never silent."""

import sqlite3
import struct
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.dependencies.assemble import assemble
from assay.dependencies.cataloger import Fragment, Package, Sighting
from assay.dependencies.catalogers import TABLE
from assay.dependencies.licences import from_dep5, licence
from assay.model.limits import DEFAULT_LIMITS
from osfiles import layers, read, rpm_database, rpm_header, saw, stanza

STATUS = "var/lib/dpkg/status"
APK = "lib/apk/db/installed"
RPM = "var/lib/rpm/rpmdb.sqlite"
SMALL = msgspec.structs.replace(DEFAULT_LIMITS, relations_count=5_000, packages_count=3_000, owned_paths_bytes=1 << 20)


@contextmanager
def bounded(seconds: float, mebibytes: float) -> Iterator[None]:
    """CPU time and peak memory of the block; generous, for slow and busy machines."""
    tracemalloc.start()
    start = time.process_time()
    try:
        yield
        spent, (_, peak) = time.process_time() - start, tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert spent < seconds, f"{spent:.1f} s"
    assert peak < mebibytes * 2**20, f"{peak >> 20} MiB"


def test_everybody_provides_and_needs_one_name() -> None:
    text = "".join(stanza(f"p{n}", "1", "Provides: x", "Depends: x") for n in range(2_500))
    sighting = saw(STATUS, text)
    with bounded(4, 60):
        found = assemble([sighting], (), installed=True, limits=SMALL)
    assert len(found.relations) == 5_000
    assert [gap.kind for gap in found.gaps] == ["limit"]


def test_more_packages_than_the_limit() -> None:
    sighting = saw(STATUS, "".join(stanza(f"p{n}", "1") for n in range(3_001)))
    found = assemble([sighting], (), installed=True, limits=SMALL)
    assert len(found.components) == 3_000
    assert [gap.reason for gap in found.gaps] == ["3001 packages, limit 3000"]


def test_one_name_in_many_architectures() -> None:
    text = "".join(stanza("x", "1", "Depends: x", arch=f"a{n}") for n in range(2_500))
    with bounded(4, 80):
        found = assemble([saw(STATUS, text)], (), installed=True, limits=SMALL)
    assert len(found.components) == 2_500


def test_one_python_name_in_many_folders() -> None:
    def one(number: int) -> Sighting:
        package = Package(ecosystem="pypi", name="x", version=f"1.{number}", depends=("x",))
        return Sighting(
            cataloguer="pypi",
            path=f"d{number}/x.dist-info/METADATA",
            layer=0,
            removed_by=None,
            fragment=Fragment(packages=(package,)),
        )

    sightings = [one(number) for number in range(3_000)]
    with bounded(4, 60):
        found = assemble(sightings, layers(1), installed=True, limits=SMALL)
    assert len(found.components) == 3_000


def test_node_modules_nested_to_the_longest_path() -> None:
    def one(depth: int) -> Sighting:
        names = tuple(f"m{n}" for n in range(200))
        path = "node_modules/m/" * depth + "package.json"
        package = Package(ecosystem="npm", name=f"m{depth}", version="1", depends=names)
        return Sighting(cataloguer="npm", path=path, layer=0, removed_by=None, fragment=Fragment(packages=(package,)))

    sightings = [one(depth) for depth in range(1, 250)]
    with bounded(5, 60):
        assemble(sightings, layers(1), installed=True, limits=SMALL)


def test_lists_for_one_name_in_many_layers() -> None:
    status = [saw(STATUS, stanza("a", f"{n}"), n, n + 1) for n in range(300)]
    lists = [saw("var/lib/dpkg/info/a.list", f"/opt/f{n}\n", n, n + 1) for n in range(300)]
    with bounded(4, 60):
        found = assemble([*status, *lists], layers(301), installed=True)
    assert len(found.components) == 300
    assert {c.removed_by for c in found.components} == set(range(1, 301))


def test_an_apk_record_with_a_long_folder_and_many_names() -> None:
    text = "P:bomb\nV:1\nF:" + "d/" * 50_000 + "\n" + "R:x\n" * 200_000 + "\nP:b\nV:2\n"
    with bounded(4, 80):
        fragment = read(APK, text)
    assert [p.name for p in fragment.packages] == ["bomb", "b"]
    assert [gap.kind for gap in fragment.gaps] == ["limit"]


def test_an_rpm_header_with_a_long_folder_and_many_names(tmp_path: Path) -> None:
    count = 50_000
    blob = rpm_header(
        t1000=("text", "bomb"),
        t1001=("text", "1"),
        t1116=("numbers", [0] * count),
        t1117=("texts", ["x"] * count),
        t1118=("texts", ["/" + "d" * 100_000]),
    )
    data = rpm_database(tmp_path / "db", [blob])
    with bounded(4, 80):
        fragment = read(RPM, data)
    assert [p.name for p in fragment.packages] == ["bomb"]
    assert [gap.kind for gap in fragment.gaps] == ["limit"]


def test_a_status_file_of_one_endless_line() -> None:
    for data in (
        b"Package: " + b"a" * 2_000_000,
        b" " * 2_000_000,
        b"\n" * 2_000_000,
        b"Depends: " + b"a," * 700_000,
    ):
        with bounded(4, 200):
            assert read(STATUS, data).packages == ()


def test_copyright_files_with_endless_fields() -> None:
    head = b"Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"
    bodies = (
        b"License: (" * 1 + b"(" * 500_000,
        b"".join(b"\nFiles: *\nLicense: L%d\n" % n for n in range(20_000)),
        b"\nFiles: *\nLicense: " + b"MIT or " * 100_000 + b"MIT\n",
        b" " * 2_000_000,
        b"\t\r\n" * 500_000,
        b"License: MIT, and " + b", and MIT" * 50_000,
    )
    for body in bodies:
        with bounded(4, 150):
            found = from_dep5(head + body)
        assert found.expression == ""
        assert len(found.reason) < 2_000


@pytest.mark.parametrize(
    "text", ["(" * 39 + "MIT" + ")" * 39, "MIT AND " * 480 + "MIT", "MIT OR (" * 38 + "MIT" + ")" * 38]
)
def test_deep_and_long_expressions_end_in_an_answer(text: str) -> None:
    with bounded(2, 50):
        found = licence([text], "x")
    assert found.expression or found.reason


def test_a_name_that_must_not_reach_a_terminal_stays_data() -> None:
    found = assemble([saw(STATUS, stanza("a\x1b[31m", "1\x1b[0m"))], (), installed=True)
    (component,) = found.components
    assert "\x1b" not in component.purl
    assert "%1B" in component.purl


def test_a_database_whose_schema_points_everywhere() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB)")
    connection.execute("PRAGMA writable_schema=1")
    for root in (0, -1, 10**9, 2**40):
        connection.execute("UPDATE sqlite_schema SET rootpage=?", (root,))
        assert [gap.kind for gap in read(RPM, bytes(connection.serialize())).gaps] == ["unreadable"]
    connection.close()


def test_overflow_chains_that_share_a_page(tmp_path: Path) -> None:
    data = bytearray(rpm_database(tmp_path / "db", [b"x" * 9_000] * 20, page_size=512))
    first = next(at for at in range(512, len(data), 512) if data[at + 4 : at + 8] == b"xxxx")
    for at in range(512, len(data), 512):
        if data[at + 4 : at + 8] == b"xxxx":
            data[at : at + 4] = struct.pack(">I", first // 512 + 1)
    assert [gap.kind for gap in read(RPM, bytes(data)).gaps] == ["unreadable"]


PATHS = (STATUS, APK, RPM, "etc/os-release", "usr/share/doc/a/copyright", "var/lib/dpkg/info/a.list", "var/lib/dpkg/diversions",
         "var/lib/dpkg/status.d/a.md5sums", "var/lib/rpm/Packages", "var/lib/rpmmanifest/container-manifest-2")  # fmt: skip
SEEDS = (
    stanza("a", "1", "Depends: b", "Source: c (2)").encode(),
    b"P:a\nV:1\nF:usr\nR:x\nD:so:b>1\np:c=1\n\n",
    b"Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nLicense: MIT\n",
    b"ID=debian\nVERSION_ID='12'\n",
    b"/opt/a\n/opt/a.distrib\npkg\n",
    b"SQLite format 3\0\x02\0\x01\x01\0\x40\x20\x20" + b"\0" * 490,
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(PATHS), st.lists(st.one_of(st.sampled_from(SEEDS), st.binary(max_size=40)), max_size=5))
def test_any_bytes_end_in_a_fragment_and_an_inventory(path: str, parts: list[bytes]) -> None:
    sighting = saw(path, b"".join(parts))
    found = assemble([sighting], layers(1), installed=True)
    msgspec.msgpack.encode(sighting.fragment)
    msgspec.json.encode(found)
    assert all(gap.by in {row.name for row in TABLE} | {"assemble"} for gap in found.gaps)
