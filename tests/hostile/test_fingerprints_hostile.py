"""Archives and files of fingerprints made to waste time, to crash, or to pass for something else."""

import contextlib
import struct
import warnings
import zipfile
from io import BytesIO

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.dependencies.cataloger import File
from assay.dependencies.catalogers.java import catalogue
from assay.dependencies.fingerprints import Fingerprints
from assay.formats.fingerprints import Block, Library, read_block, read_fingerprints, write_block
from assay.formats.zipdirectory import Member
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.limits import DEFAULT_LIMITS
from dependencies.jars import jar
from dependencies.libraries import ROOT, VERSIONS, app, classes, fingerprint_file, fingerprints

KNOWN = fingerprints()
DATA = fingerprint_file(VERSIONS[:2])


def entry(name: str, crc: int = 1, size: int = 1) -> Member:
    return Member(name, 8, 0, crc, size, size, 0)


def ask(members: list[Member]):
    def never() -> bytes:
        raise AssertionError("the archive was hashed")

    return KNOWN.recognise(members, never, lambda _group, _artifact: False, DEFAULT_LIMITS)


def test_two_hundred_thousand_folders_that_pretend_to_be_a_library() -> None:
    anchors = [name for name in classes("1.0") if name.startswith(ROOT)][:2]
    members = [entry(f"a{i}/{name}") for i in range(100_000) for name in anchors]
    matches, left = ask(members)
    assert (matches, left) == ([], 100_000 - DEFAULT_LIMITS.archive_libraries_count)


def test_folders_inside_folders_are_bounded_by_the_classes_in_all_of_them() -> None:
    anchors = [name.removeprefix(ROOT) for name in classes("1.0")][:16]
    members = [entry("a/" * depth + name) for depth in range(60) for name in anchors]
    limits = msgspec.structs.replace(DEFAULT_LIMITS, archive_entries_count=100)
    matches, left = KNOWN.recognise(members, lambda: b"", lambda _g, _a: False, limits)
    assert not matches
    assert left >= 57


def test_what_was_left_out_is_a_gap() -> None:
    members = {f"{prefix}/{path.removeprefix(ROOT)}": data for prefix in "abc" for path, data in classes("1.0").items()}
    data = jar(members)
    limits = msgspec.structs.replace(DEFAULT_LIMITS, archive_libraries_count=2)
    found = catalogue(File(path="x.jar", chunks=(data,), size=len(data), limits=limits), KNOWN)
    assert [gap.kind for gap in found.gaps] == ["limit"]
    assert "1 more places" in found.gaps[0].reason
    assert "archive_libraries_count" in found.gaps[0].reason


def test_names_that_occur_twice_hide_nothing() -> None:
    out = BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w") as archive:
        warnings.simplefilter("ignore")
        for name, data in classes("1.1").items():
            archive.writestr(zipfile.ZipInfo(name), b"first")
            archive.writestr(zipfile.ZipInfo(name), data)
        for name, data in app().items():
            archive.writestr(zipfile.ZipInfo(name), data)
    data = out.getvalue()
    (package,) = catalogue(File(path="x.jar", chunks=(data,), size=len(data), limits=DEFAULT_LIMITS), KNOWN).packages
    assert (package.name, package.version) == ("org.acme:engine", "1.1")


def test_sizes_that_cannot_be_are_never_allocated() -> None:
    data = bytearray(jar(classes("1.1")))
    at = data.find(b"PK\x01\x02")
    while at >= 0:
        struct.pack_into("<L", data, at + 24, 0xFFFFFFF0)  # declared size of 4 GiB each: nothing here inflates a class
        at = data.find(b"PK\x01\x02", at + 4)
    (package,) = catalogue(
        File(path="x.jar", chunks=(bytes(data),), size=len(data), limits=DEFAULT_LIMITS), KNOWN
    ).packages
    assert package.version == "1.1"


@pytest.mark.parametrize(
    "name", ["", "/", ".class", "/.class", "\udcff/x.class", "META-INF/.class", "a" * 65_000 + ".class"]
)
def test_strange_names_are_only_names(name: str) -> None:
    assert ask([entry(name)] * 3) == ([], 0)


@pytest.mark.parametrize(
    "change",
    [
        {"digests": b"short"},
        {"masks": (b"\xff" * 100,)},
        {"name_masks": (9_999,)},
        {"class_names": (9_999_999,)},
        {"class_masks": ()},
        {"class_names": (1, 0), "class_masks": (0, 0), "classes": (1, 1)},
        {"classes": (1,)},
        {"counts": (1,)},
        {"sums": (1,)},
    ],
)
def test_columns_that_do_not_fit_are_refused(change) -> None:
    (library,) = read_fingerprints(fingerprint_file(), "mine")
    block = msgspec.structs.replace(read_block(library, "mine"), **change)
    with pytest.raises(MalformedError, match="fingerprints"):
        read_block(msgspec.structs.replace(library, block=write_block(block)), "mine")


def test_a_bomb_of_a_block_is_refused() -> None:
    (library,) = read_fingerprints(fingerprint_file(), "mine")
    empty = Block(
        digests=b"\0" * (1 << 25),
        counts=(),
        sums=(),
        masks=(),
        names=(),
        name_masks=(),
        classes=(),
        class_names=(),
        class_masks=(),
    )
    with pytest.raises(MalformedError, match="larger than"):
        read_block(msgspec.structs.replace(library, block=write_block(empty)), "mine")


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=8), st.integers(0, 4_000), st.integers(1, 8))
def test_damage_gives_one_of_our_errors_or_a_readable_file(junk: bytes, at: int, cut: int) -> None:
    data = DATA
    at %= len(data)
    with contextlib.suppress(MalformedError, UnsupportedError):
        libraries = read_fingerprints(data[:at] + junk + data[at + cut :], "mine")
        for library in libraries:
            read_block(library, "mine")
        Fingerprints(libraries, "mine").recognise(
            [entry(name) for name in classes("1.0")], lambda: b"", lambda _g, _a: False, DEFAULT_LIMITS
        )


def test_a_library_without_versions_is_refused() -> None:
    from assay.formats.fingerprints import write_fingerprints

    for library in (
        Library(group="g", artifact="a", root="", versions=(), anchors=("x",)),
        Library(group="", artifact="a", root="", versions=("1",), anchors=("x",)),
        Library(group="g", artifact="a", root="", versions=("1",), anchors=("",)),
        Library(group="g", artifact="a", root="r", versions=("1",), anchors=("x",)),
    ):
        with pytest.raises(MalformedError):
            read_fingerprints(write_fingerprints([library]), "mine")
