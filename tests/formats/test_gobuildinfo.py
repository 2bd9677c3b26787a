"""Go build information in programs made by hand: every place and both forms it is written in."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.formats.chunks import ChunkView
from assay.formats.gobuildinfo import GoBuild, GoModule, parse_modinfo, read_go_build
from assay.model.errors import MalformedError
from assay.model.limits import DEFAULT_LIMITS
from dependencies.programs import MAGIC, elf, inline, macho, pe, pointed, universal

MODINFO = (
    "path\texample.com/app/cmd\n"
    "mod\texample.com/app\tv1.2.3\th1:AAA=\n"
    "dep\tgithub.com/a/b\tv0.1.0\th1:BBB=\n"
    "=>\tgithub.com/fork/b\tv0.2.0\th1:CCC=\n"
    "dep\texample.com/local\tv1.0.0\n"
    "=>\t./local\t(devel)\t\n"
    'build\t-ldflags="-s -w -X main.version=1.2.3 -X \\"main.by=a b\\""\n'
    "build\tGOOS=linux\n"
)


def read(data: bytes, size: int = 7) -> GoBuild | None:
    chunks = [data[at : at + size] for at in range(0, len(data), size)]
    return read_go_build(ChunkView(chunks, where="prog"), DEFAULT_LIMITS)


def check(build: GoBuild | None) -> None:
    assert build is not None
    assert build.toolchain == "go1.22.1"
    assert build.path == "example.com/app/cmd"
    assert build.main == GoModule(path="example.com/app", version="v1.2.3", sum="h1:AAA=")
    assert [module.path for module in build.dependencies] == ["github.com/a/b", "example.com/local"]
    assert build.dependencies[0].replaced_by == GoModule(path="github.com/fork/b", version="v0.2.0", sum="h1:CCC=")
    assert build.setting("-ldflags") == '-s -w -X main.version=1.2.3 -X "main.by=a b"'
    assert build.setting("GOOS") == "linux"
    assert build.setting("nothing") == ""


@pytest.mark.parametrize("section", [b".go.buildinfo", None])
@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize("wide", [True, False])
def test_elf_of_both_widths_and_orders_inline_and_by_address(wide: bool, order: str, section: bytes | None) -> None:
    width = 8 if wide else 4
    lead = b"" if section else bytes(48)  # in a data segment the header is found by search, 16-aligned
    check(read(elf(lead + inline("go1.22.1", MODINFO, width), wide=wide, order=order, section=section)))
    old = pointed("go1.22.1", MODINFO, 0x40000 + len(lead), width, order)
    check(read(elf(lead + old, wide=wide, order=order, section=section)))


def test_pe_and_macho() -> None:
    check(read(pe(bytes(16) + inline("go1.22.1", MODINFO))))
    check(read(pe(bytes(16) + pointed("go1.22.1", MODINFO, 0x400000 + 0x1000 + 16, 8, "little"))))
    check(read(macho(inline("go1.22.1", MODINFO))))
    check(read(macho(bytes(32) + inline("go1.22.1", MODINFO), section=b"__data")))
    check(read(macho(pointed("go1.22.1", MODINFO, 0x1000, 8, "little"))))


@pytest.mark.parametrize("wide", [False, True])
def test_universal_files_are_their_first_program(wide: bool) -> None:
    by_address = macho(pointed("go1.22.1", MODINFO, 0x1000, 8, "little"))
    check(read(universal(macho(inline("go1.22.1", MODINFO)), macho(bytes(64)), wide=wide)))
    check(read(universal(by_address, by_address, wide=wide)))


def test_a_java_class_is_no_universal_file_and_a_hollow_one_is_damaged() -> None:
    assert read(b"\xca\xfe\xba\xbe\0\0\0\x41" + bytes(100)) is None
    for data in (universal(b"nothing here"), universal(macho(inline("go1.22.1", MODINFO)))[:4200]):
        with pytest.raises(MalformedError):
            read(data)


def test_a_header_out_of_step_is_not_one() -> None:
    assert read(elf(bytes(8) + inline("go1.22.1", MODINFO), section=None)) is None


def test_module_text_without_sentinels_is_none() -> None:
    build = read(elf(inline("go1.22.1", "")))
    assert build is not None
    assert (build.toolchain, build.main, build.dependencies) == ("go1.22.1", None, ())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x7fELF",
        b"MZ",
        b"#!/bin/sh",
        elf(b"nothing", section=b".data"),
        pe(bytes(64)),
        macho(bytes(64), section=b"__data"),
    ],
)
def test_what_go_did_not_make_is_none(data: bytes) -> None:
    if data == b"\x7fELF":
        with pytest.raises(MalformedError):
            read(data)
    else:
        assert read(data) is None


@pytest.mark.parametrize(
    "text",
    ["=>\ta\tb\n", "mod\n", "mod\ta\n", "dep\ta\tb\tc\td\n", "nonsense\n", "build\tx=y\n=>\ta\tb\n", "dep\t\tv1\n"],
)
def test_module_text_go_does_not_write_is_malformed(text: str) -> None:
    with pytest.raises(MalformedError) as caught:
        parse_modinfo(text, toolchain="go1", where="prog")
    assert caught.value.where == "prog"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("build\tA=b=c", ("A", "b=c")),
        ('build\tA="x\\ty\\"z\\x41\\u00e9\\101"', ("A", 'x\ty"zA\u00e9A')),
        ("build\tA=`raw\\n`", ("A", "raw\\n")),
        ('build\t"a key"="v w"', ("a key", "v w")),
        ("build\tA=", ("A", "")),
        ('build\tA="never closed', ("A", '"never closed')),
    ],
)
def test_settings_are_unquoted_as_go_quotes(line: str, expected: tuple[str, str]) -> None:
    assert parse_modinfo(line, toolchain="go1", where="").settings == (expected,)


@given(st.integers(0, 400), st.binary(min_size=1, max_size=12), st.sampled_from(["inline", "pointed", "pe", "macho"]))
def test_a_mutilated_program_is_read_or_malformed(at: int, junk: bytes, kind: str) -> None:
    whole = {
        "inline": elf(inline("go1.22.1", MODINFO)),
        "pointed": elf(pointed("go1.17", MODINFO, 0x40000, 8, "big"), order="big"),
        "pe": pe(inline("go1.22.1", MODINFO)),
        "macho": macho(inline("go1.22.1", MODINFO)),
    }[kind]
    try:
        read(whole[:at] + junk + whole[at + len(junk) :], size=64)
        read(whole[: len(whole) - at], size=64)
    except MalformedError:
        pass


@given(st.lists(st.binary(max_size=9), max_size=8), st.data())
def test_a_view_of_chunks_reads_like_the_joined_file(chunks: list[bytes], data: st.DataObject) -> None:
    whole, view = b"".join(chunks), ChunkView(chunks, where="x")
    at = data.draw(st.integers(0, len(whole)))
    length = data.draw(st.integers(0, len(whole) - at))
    assert view.read(at, length) == whole[at : at + length]
    with pytest.raises(MalformedError):
        view.read(at, len(whole) - at + 1)
    assert b"".join(view.read(*piece) for piece in view.pieces(at, length, 3)) == whole[at : at + length]


def test_a_large_program_of_another_language_costs_little() -> None:
    chunk = bytes(1 << 17)
    small = elf(bytes(64), section=b".data")
    chunks = [small + chunk[len(small) :]] + [chunk] * 400
    best = 9.0
    for _ in range(20):
        begun = time.perf_counter()
        assert read_go_build(ChunkView(chunks, where="prog"), DEFAULT_LIMITS) is None
        best = min(best, time.perf_counter() - begun)
    assert best < 0.0005  # measured: 0.00004


def test_the_magic_is_the_one_go_writes() -> None:
    assert len(MAGIC) == 14
