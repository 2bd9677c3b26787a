"""Language packages that attack: bombs, lies, depth, headers that point outside. One clear answer, within the limits."""

import struct
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from assay.dependencies.cataloger import Cataloguer, File, Fragment
from assay.dependencies.catalogers import golang, java, npm, npm_lock, pypi, pypi_requirements
from assay.dependencies.chooser import run
from assay.model.limits import DEFAULT_LIMITS, Limits
from dependencies.jars import jar, pom
from dependencies.programs import elf, inline, pointed

MIB = 1 << 20


def look(row: Cataloguer, path: str, data: bytes, limits: Limits = DEFAULT_LIMITS) -> Fragment:
    chunks = tuple(data[at : at + (1 << 17)] for at in range(0, len(data), 1 << 17))
    return run(row, File(path=path, chunks=chunks, size=len(data), limits=limits, installed=False))


def within(seconds: float, mebibytes: float, action: Callable[[], Any]) -> Any:
    """The action's result; it must stay below this CPU time and this much memory (tracing makes it slower)."""
    tracemalloc.start()
    begun = time.process_time()
    try:
        result = action()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert time.process_time() - begun < seconds
    assert peak < mebibytes * MIB
    return result


def bomb(size: int) -> bytes:
    squeezed = zlib.compressobj(9, zlib.DEFLATED, -15)
    return squeezed.compress(bytes(size)) + squeezed.flush()


def declared(data: bytes, size: int) -> bytes:
    """The archive with another uncompressed size in its last central entry."""
    at = data.rindex(b"PK\x01\x02") + 24
    return data[:at] + struct.pack("<L", size) + data[at + 4 :]


def kinds(found: Fragment) -> list[str]:
    return [gap.kind for gap in found.gaps]


def test_a_bomb_in_a_nested_archive_is_refused_by_its_size() -> None:
    limits = msgspec.structs.replace(DEFAULT_LIMITS, archive_bytes=MIB)
    data = jar({**pom("a.b", "c", "1"), "lib/bomb-1.jar": bytes(300 * MIB)})
    found = within(2, 4, lambda: look(java.CATALOGUER, "c-1.jar", data, limits))
    assert [package.name for package in found.packages] == ["a.b:c"]
    assert kinds(found) == ["limit"]


def test_a_bomb_that_declares_a_small_size_stops_there() -> None:
    data = declared(jar({**pom("a.b", "c", "1"), "lib/bomb-1.jar": bytes(300 * MIB)}), 1000)
    found = within(2, 4, lambda: look(java.CATALOGUER, "c-1.jar", data))
    assert kinds(found) == ["unreadable"]


def test_many_small_bombs_share_one_budget() -> None:
    limits = msgspec.structs.replace(DEFAULT_LIMITS, archive_inflated_bytes=2 * MIB)
    data = jar({f"lib/b{n}-1.jar": bytes(MIB) for n in range(50)})
    found = within(3, 12, lambda: look(java.CATALOGUER, "c-1.jar", data, limits))
    assert kinds(found).count("limit") >= 48


def test_a_bomb_in_the_manifest_is_refused_by_its_size() -> None:
    data = jar({"META-INF/MANIFEST.MF": bytes(64 * MIB), **pom("a.b", "c", "1")})
    found = within(2, 12, lambda: look(java.CATALOGUER, "c-1.jar", data))
    assert [package.name for package in found.packages] == ["a.b:c"]
    assert [gap.path for gap in found.gaps] == ["c-1.jar!/META-INF/MANIFEST.MF"]


def test_archives_nested_a_hundred_deep_end_at_the_limit() -> None:
    data = jar(pom("a.b", "c", "1"))
    for level in range(100):
        data = jar({f"l{level}-1.jar": data}, method=zipfile.ZIP_STORED)
    found = within(2, 20, lambda: look(java.CATALOGUER, "top-1.jar", data))
    assert kinds(found) == ["limit"]


def test_an_archive_that_is_its_own_member_many_times_is_refused() -> None:
    """The overlapping bomb: many entries share one body."""
    data = jar({f"a{n}-1.jar": bytes(100) for n in range(200)}, method=zipfile.ZIP_STORED)
    out = bytearray(data)
    at = out.find(b"PK\x01\x02")
    while at >= 0:
        out[at + 42 : at + 46] = bytes(4)
        at = out.find(b"PK\x01\x02", at + 46)
    found = look(java.CATALOGUER, "x.jar", bytes(out))
    assert kinds(found) == ["unreadable"]
    assert "overlap" in found.gaps[0].reason


def test_two_hundred_thousand_entries_are_read_and_one_more_is_not() -> None:
    entry = struct.pack("<4s4x2H4x3L3H4x4xL", b"PK\x01\x02", 0, 0, 0, 0, 0, 1, 0, 0, 0) + b"a"

    def archive(count: int) -> bytes:
        size = len(entry) * count
        record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, 0)
        locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, size, 1)
        end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
        return entry * count + record + locator + end

    limits = msgspec.structs.replace(DEFAULT_LIMITS, archive_entries_count=20_000)
    assert kinds(look(java.CATALOGUER, "x.jar", archive(20_001), limits)) == ["unsupported"]
    assert kinds(within(2, 40, lambda: look(java.CATALOGUER, "x.jar", archive(20_000), limits))) == [
        "unreadable"
    ]  # overlap
    assert kinds(look(java.CATALOGUER, "x.jar", archive(1)[:47] + archive(1 << 16)[-98:])) == ["unreadable"]


@pytest.mark.parametrize("row", [npm.CATALOGUER, npm_lock.CATALOGUER, pypi.CATALOGUER], ids=lambda row: str(row.name))
@pytest.mark.parametrize("data", [b"[" * 10_000, b'{"packages":' * 10_000, b'{"url":' * 10_000 + b"1" + b"}" * 10_000])
def test_json_ten_thousand_deep_is_a_gap(row: Cataloguer, data: bytes) -> None:
    path = {
        "npm": "node_modules/a/package.json",
        "npm-lock": "package-lock.json",
        "pypi": "a.dist-info/direct_url.json",
    }
    found = within(1, 20, lambda: look(row, path[row.name], data))
    assert kinds(found) == ["unreadable"]
    assert not found.packages


def test_a_lock_nested_deep_is_a_gap_and_wide_is_bounded() -> None:
    deep = b'{"dependencies":{"a":' * 10_000 + b"{}" + b"}}" * 10_000
    assert kinds(look(npm_lock.CATALOGUER, "package-lock.json", deep)) == ["unreadable"]
    limits = msgspec.structs.replace(DEFAULT_LIMITS, packages_count=10)
    wide = b'{"packages":{' + b",".join(b'"n%d":{"version":"1"}' % n for n in range(11)) + b"}}"
    assert kinds(look(npm_lock.CATALOGUER, "package-lock.json", wide, limits)) == ["unsupported"]


@pytest.mark.parametrize(
    "data",
    [
        b"Name: a\nVersion: 1\n" + b"Classifier: x\n" * 100_000,
        b"Name: a\nVersion: 1\nLicense: " + b" x\n" * 1_000_000,
        b"Name: a\nVersion: 1\n" + b"A" * 3_900_000,
        b"Name: a\nVersion: 1\nRequires-Dist: " + b"a" * 3_900_000,
        b"Name: a\nVersion: 1\n" + b"\n".join(b"Requires-Dist: p%d" % n for n in range(60_000)),
    ],
)
def test_metadata_without_end_is_read_within_its_bound(data: bytes) -> None:
    found = within(4, 120, lambda: look(pypi.CATALOGUER, "s/a-1.dist-info/METADATA", data))
    assert [package.name for package in found.packages] == ["a"]


def test_metadata_over_its_bound_is_a_limit() -> None:
    found = look(pypi.CATALOGUER, "s/a-1.dist-info/METADATA", b"Name: a\nVersion: 1\n" + bytes(5 * MIB))
    assert kinds(found) == ["limit"]


@pytest.mark.parametrize(
    "text", [b"a" * 200_000, b"a==" * 60_000, b"a[" * 60_000, b"a==1 \\\n" * 30_000, b"a" + b" " * 150_000 + b"=="]
)
def test_requirements_cannot_make_the_expression_slow(text: bytes) -> None:
    within(2, 20, lambda: look(pypi_requirements.CATALOGUER, "requirements.txt", text))


@pytest.mark.parametrize(
    "text",
    [
        b"<licenses>" * 100_000,
        b"<licenses><license>" * 50_000 + b"</licenses>",
        b"<!--" * 200_000,
        b"<!---->" * 150_000,
    ],
)
def test_a_pom_cannot_make_the_expression_slow(text: bytes) -> None:
    data = jar({**pom("a.b", "c", "1"), "META-INF/maven/a.b/c/pom.xml": text})
    found = within(2, 40, lambda: look(java.CATALOGUER, "c-1.jar", data))
    assert [package.name for package in found.packages] == ["a.b:c"]


@pytest.mark.parametrize("text", [b"version=" + b" " * 3_000_000 + b"x", b" " * 3_000_000, b"version=1\n" * 100_000])
def test_properties_cannot_make_the_expression_slow(text: bytes) -> None:
    data = jar({"META-INF/maven/a.b/c/pom.properties": text})
    found = within(4, 160, lambda: look(java.CATALOGUER, "c-1.jar", data))
    assert [package.name for package in found.packages] == ["a.b:c"]


def test_names_in_an_archive_that_climb_are_only_names() -> None:
    found = look(java.CATALOGUER, "a.jar", jar({"../../etc/x-1.jar": jar(pom("a.b", "c", "1"))}))
    assert [package.path for package in found.packages] == ["a.jar!/../../etc/x-1.jar"]


GO = elf(inline("go1.22.1", "path\tx\nmod\ta.example/x\tv1\th\n"))
OLD = elf(pointed("go1.17", "path\tx\nmod\ta.example/x\tv1\th\n", 0x40000, 8, "little"))


@pytest.mark.parametrize("value", [0, 1, 0x7FFFFFFF, 0xFFFFFFFF, 0x7FFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF])
@pytest.mark.parametrize("field", [32, 40, 54, 56, 58, 60, 62])
def test_elf_headers_that_point_outside_are_a_gap_or_nothing(field: int, value: int) -> None:
    width = 8 if field in (32, 40) else 2
    data = GO[:field] + (value & (1 << 8 * width) - 1).to_bytes(width, "little") + GO[field + width :]
    found = within(1, 20, lambda: look(golang.CATALOGUER, "bin/x", data))
    assert all(gap.kind == "unreadable" for gap in found.gaps)
    assert len(found.packages) in (0, 2)


@pytest.mark.parametrize("value", [0, 1, 0x3FFFF, 0x40001, 0xFFFFFFFFFFFFFFFF])
@pytest.mark.parametrize("at", [16, 24, 32, 40, 48, 56])
def test_addresses_that_lead_outside_are_a_gap(at: int, value: int) -> None:
    start = OLD.index(b"\xff Go buildinf:") + at
    data = OLD[:start] + value.to_bytes(8, "little") + OLD[start + 8 :]
    found = within(1, 20, lambda: look(golang.CATALOGUER, "bin/x", data))
    assert found.gaps or len(found.packages) <= 2
    assert all(gap.kind == "unreadable" for gap in found.gaps)


def test_a_string_of_build_information_longer_than_its_bound_is_a_gap() -> None:
    text = inline("go1.22.1", "")
    at = text.index(b"go1.22.1") - 1
    data = elf(text[:at] + b"\xff\xff\xff\xff\x7f" + text[at + 1 :])
    found = look(golang.CATALOGUER, "bin/x", data)
    assert kinds(found) == ["unreadable"]
    assert "limit" in found.gaps[0].reason


def test_a_search_for_the_header_stays_linear() -> None:
    content = (b"\xff Go buildinf:"[:13] + b"\0") * (8 * MIB // 14)
    found = within(2, 40, lambda: look(golang.CATALOGUER, "bin/x", elf(content, section=None)))
    assert found == Fragment()
