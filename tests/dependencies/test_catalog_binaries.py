"""Programs without a package manager: notes, classifiers, unknown ones, and what takes precedence over them."""

import json
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from assay.dependencies.assemble import assemble
from assay.dependencies.cataloger import File, Fragment, Sighting
from assay.dependencies.catalogers import binaries
from assay.dependencies.chooser import run
from assay.dependencies.classifiers import Classifiers, builtin, read_rules
from assay.formats.chunks import ChunkView
from assay.model.errors import MalformedError
from assay.model.limits import DEFAULT_LIMITS
from osfiles import BOOKWORM, saw, stanza

ROW, TEXT_ROW = binaries.ROWS
CHUNK = 1000


def note(owner: bytes, kind: int, value: bytes) -> bytes:
    name = owner + b"\0"
    pad = b"\0" * (-len(name) % 4)
    return struct.pack("<III", len(name), len(value), kind) + name + pad + value + b"\0" * (-len(value) % 4)


def elf(*notes: bytes, text: bytes = b"", kind: int = 2, interpreter: bool = False) -> bytes:
    """A 64-bit little-endian ELF file with a PT_NOTE segment and some text."""
    rows = 2 if interpreter else 1
    at = 64 + 56 * rows
    body = b"".join(notes)
    head = b"\x7fELF\x02\x01\x01" + bytes(9)
    head += struct.pack("<HHIQQQIHHHHHH", kind, 62, 1, 0, 64, 0, 0, 64, 56, rows, 0, 0, 0)
    table = struct.pack("<IIQQQQQQ", 4, 4, at, at, at, len(body), len(body), 4)
    table += struct.pack("<IIQQQQQQ", 3, 4, at, at, at, 0, 0, 1) if interpreter else b""
    return head + table + body + text


def package_note(**fields: str) -> bytes:
    return note(b"FDO", 0xCAFE1A7E, json.dumps(fields).encode() + b"\0")


BUILD_ID = note(b"GNU", 3, bytes.fromhex("c0ffee"))


def read(path: str, data: bytes, row=ROW) -> Fragment:
    chunks = tuple(data[at : at + CHUNK] for at in range(0, len(data), CHUNK))
    return run(row, File(path, chunks, len(data), DEFAULT_LIMITS))


def sighted(path: str, data: bytes, layer: int = 0, removed_by: int | None = None) -> Sighting:
    return Sighting(cataloguer="binaries", path=path, layer=layer, removed_by=removed_by, fragment=read(path, data))


def test_a_package_note_names_the_package() -> None:
    data = elf(
        BUILD_ID,
        package_note(type="rpm", os="fedora", osVersion="39", name="bash", version="5.2-1.fc39", architecture="x86_64"),
    )
    (package,) = read("opt/bash", data).packages
    assert (package.ecosystem, package.namespace, package.name, package.version) == (
        "rpm",
        "fedora",
        "bash",
        "5.2-1.fc39",
    )
    assert package.qualifiers == (("distro", "fedora-39"),)
    assert dict(package.properties)["elf:build-id"] == "c0ffee"
    assert (package.kind, package.confidence) == ("elf-note", "strong")


def test_a_note_without_distribution_is_generic() -> None:
    (package,) = read("opt/x", elf(package_note(name="tool", version="3"))).packages
    assert (package.ecosystem, package.name, package.version) == ("generic", "tool", "3")


@pytest.mark.parametrize("value", [b"{", b"[]", b'{"name": 1}', b'{"name":"x"}', b"\xff"])
def test_a_damaged_note_is_told(value: bytes) -> None:
    fragment = read("opt/x", elf(note(b"FDO", 0xCAFE1A7E, value)))
    assert [gap.kind for gap in fragment.gaps] == ["unreadable"]


@pytest.mark.parametrize(
    ("path", "text", "purl", "confidence"),
    [
        ("bin/busybox", b"BusyBox v1.36.1 (2024)", "busybox@1.36.1", "strong"),
        ("usr/local/bin/bun", b"\0https://h.example/releases/download/bun-v1.2.10/bun.zip", "bun@1.2.10", "strong"),
        ("bin/bash", b"@(#)Bash version 5.2.15(1) release GNU", "bash@5.2.15", "strong"),
        ("usr/sbin/nginx", b"\0nginx version: nginx/1.25.3\0", "nginx@1.25.3", "strong"),
        ("usr/sbin/nginx", b"\0nginx version: openresty/1.25.3\0", "nginx@1.25.3", "strong"),
        ("usr/bin/openssl", b"\0OpenSSL 3.0.13 30 Jan 2024\0", "openssl@3.0.13", "strong"),
        ("lib/libcrypto.so.1.1", b"\0OpenSSL 1.1.1w  11 Sep 2023\0", "openssl@1.1.1w", "strong"),
        ("usr/local/bin/node", b"node.js/v20.11.0\0", "node@20.11.0", "strong"),
        ("usr/bin/python3.12", b"\0003.12.1\0", "python@3.12.1", "weak"),
        ("lib/libpython3.11.so.1.0", b"\0003.1.9\0003.11.7+\0", "python@3.11.7", "weak"),
        ("usr/bin/ruby", b"\0ruby 3.2.2 (2023-03-30 revision e51014f9c0) [x]\0", "ruby@3.2.2", "strong"),
        ("usr/bin/php8.2", b"X-Powered-By: PHP/8.2.14\0", "php@8.2.14", "strong"),
        ("bin/postgres", b"\0PostgreSQL 16.1 on x86_64\0", "postgresql@16.1", "strong"),
        ("bin/mariadbd", b"\00011.2.2-MariaDB\0", "mariadb@11.2.2", "strong"),
        ("sbin/haproxy", b"\0002.9.1-f72603c\0\0HAProxy version follows", "haproxy@2.9.1", "strong"),
        ("bin/httpd", b"\0Apache/2.4.58 (Unix)\0", "httpd@2.4.58", "strong"),
        ("bin/memcached", b"\0memcached 1.6.22\0", "memcached@1.6.22", "strong"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("before", [0, 900, 999, 1_048_570])
def test_classifiers_find_the_version_wherever_it_lies(path, text, purl, confidence, before) -> None:
    (package,) = read(path, elf(BUILD_ID, text=b"x" * before + text + b"y" * 300, kind=3)).packages
    assert f"{package.name}@{package.version}" == purl
    assert (package.ecosystem, package.kind, package.confidence) == ("generic", "classifier", confidence)
    assert dict(package.properties)["elf:build-id"] == "c0ffee"


@pytest.mark.parametrize(
    ("path", "text", "purl"),
    [
        ("usr/local/go/VERSION", b"go1.22.1\ntime 2024-02-29T18:18:48Z\n", ("golang", "toolchain", "1.22.1")),
        ("usr/lib/erlang/releases/25/OTP_VERSION", b"25.2.3\n", ("generic", "erlang", "25.2.3")),
        ("usr/lib/erlang/releases/27/OTP_VERSION", b"27.0-rc1**\n", ("generic", "erlang", "27.0-rc1")),
        (
            "var/www/html/wp-includes/version.php",
            b"<?php\n/**\n * @global string $wp_version\n */\n$wp_version = '6.4.2';\n$wp_db_version = 56657;\n",
            ("generic", "wordpress", "6.4.2"),
        ),
        ("opt/java/release", b'IMPLEMENTOR="Eclipse"\nJAVA_VERSION="17.0.9"\n', ("generic", "openjdk", "17.0.9")),
    ],
)
def test_runtimes_that_say_so_in_a_text_file(path: str, text: bytes, purl: tuple[str, str, str]) -> None:
    (package,) = read(path, text, TEXT_ROW).packages
    assert (package.ecosystem, package.name, package.version) == purl


@pytest.mark.parametrize("text", [b"1.2.3\n", b"", b"go version go1.2", b"\xff" * 5000])
def test_other_files_of_those_names_say_nothing(text: bytes) -> None:
    assert read("app/VERSION", text, TEXT_ROW) == Fragment()
    assert read("app/release", text, TEXT_ROW) == Fragment()


@pytest.mark.parametrize(
    ("path", "data", "unknown"),
    [
        ("opt/tool", elf(), True),
        ("opt/tool", elf(kind=3, interpreter=True), True),
        ("opt/module", elf(kind=3), False),
        ("opt/libx.so.1", elf(kind=3, interpreter=True), False),
        ("opt/x.o", elf(kind=1), False),
        ("opt/script", b"#!/bin/sh\n", False),
    ],
)
def test_only_programs_are_unknown(path: str, data: bytes, unknown: bool) -> None:
    fragment = read(path, data)
    assert fragment.packages == ()
    assert [(gap.kind, gap.path) for gap in fragment.gaps] == [("unknown-program", path)] * unknown


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("opt/tool", elf(text=b"\0\0\0\0UPX!" + b"x" * 900)),
        ("usr/sbin/nginx", elf(text=b"nginx version: nginx/1.2.3\0" + b"x" * 900 + b"UPX!" + bytes(32))),
        ("opt/static-pie", elf(kind=3, text=b"x" * 900 + b"UPX!" + bytes(32))),
        ("opt/libx.so.1", elf(kind=3, text=b"x" * 900 + b"UPX!" + bytes(32))),
    ],
)
def test_a_packed_program_or_library_is_a_gap_that_says_so(path: str, data: bytes) -> None:
    fragment = read(path, data)
    assert fragment.packages == ()
    (gap,) = fragment.gaps
    assert (gap.kind, gap.path) == ("unknown-program", path)
    assert "packed by UPX" in gap.reason


def test_a_program_that_only_speaks_of_upx_is_not_packed() -> None:
    assert not read("opt/libx.so.1", elf(kind=3, text=b"x" * 100 + b"UPX!" + b"x" * 900)).gaps


def test_a_known_name_without_version_says_so() -> None:
    (gap,) = read("usr/bin/redis-server", elf(BUILD_ID)).gaps
    assert "looks like redis" in gap.reason
    assert "c0ffee" in gap.reason


BUSYBOX = elf(text=b"BusyBox v1.36.1 ")
DEBIAN = saw("etc/os-release", BOOKWORM)


def owned(*paths: str) -> list[Sighting]:
    listing = "".join(f"/{path}\n" for path in paths)
    return [DEBIAN, saw("var/lib/dpkg/status", stanza("owner", "1")), saw("var/lib/dpkg/info/owner.list", listing)]


def test_what_an_os_package_owns_is_not_classified_again() -> None:
    note_ = elf(package_note(type="deb", os="debian", osVersion="12", name="x", version="1"))
    found = assemble(
        [*owned("bin/busybox", "bin/x", "bin/y"), sighted("bin/busybox", BUSYBOX), sighted("usr/bin/x", note_),
         sighted("bin/y", elf()), sighted("opt/busybox", BUSYBOX)],
        (), installed=True,
    )  # fmt: skip
    assert [c.name for c in found.components] == ["owner", "busybox"]
    assert [place.path for place in found.components[1].occurrences] == ["opt/busybox"]
    assert found.gaps == ()


def test_a_program_another_cataloguer_names_is_not_unknown() -> None:
    from assay.dependencies.cataloger import Package

    go = Sighting(
        cataloguer="golang", path="app", layer=0, removed_by=None,
        fragment=Fragment(packages=(Package(ecosystem="golang", name="m", version="v1"),)),
    )  # fmt: skip
    found = assemble([go, sighted("app", elf()), sighted("other", elf())], (), installed=True)
    assert [gap.path for gap in found.gaps] == ["other"]


def test_a_note_owns_no_files_and_is_no_database() -> None:
    data = elf(package_note(type="deb", os="debian", osVersion="12", name="bash", version="9"))
    found = assemble([DEBIAN, sighted("opt/bash", data)], (), installed=True)
    assert [c.purl for c in found.components] == ["pkg:deb/debian/bash@9?distro=debian-12"]
    assert ["no package database" in gap.reason for gap in found.gaps] == [True]


def test_a_program_of_another_distribution_is_not_judged_by_this_one() -> None:
    data = elf(package_note(type="rpm", os="fedora", osVersion="39", name="bash", version="9"))
    found = assemble([*owned(), sighted("opt/bash", data)], (), installed=True)
    (stray,) = [c for c in found.components if c.cataloguer == "binaries"]
    assert (stray.ecosystem, stray.purl) == ("generic", "pkg:generic/bash@9")
    assert dict(stray.properties)["elf:package"] == "pkg:rpm/fedora/bash@9?distro=fedora-39"


@pytest.mark.parametrize(
    "text",
    [
        b"nonsense",
        b"[[classifier]]\nname='x'\n",
        b"[[classifier]]\nname='x'\nfiles=['x']\nliteral='abcd'\npattern='x'\npurl='pkg:generic/x@{version}'\n",
        b"[[classifier]]\nname='x'\nfiles=['x']\nliteral='abcd'\npattern='(?P<version>x'\npurl='pkg:generic/x'\n",
        b"[[classifier]]\nname='x'\nfiles=['x']\nliteral='a'\npattern='(?P<version>x)'\npurl='pkg:generic/x'\n",
        b"[[classifier]]\nname='x'\nfiles=['x']\nliteral='abcd'\npattern='(?P<version>x)'\npurl='noise'\n",
    ],
)
def test_a_bad_rule_is_refused(text: bytes) -> None:
    with pytest.raises(MalformedError):
        read_rules(text, "mine.toml")


def test_a_rule_of_ones_own() -> None:
    rule = b"[[classifier]]\nname='x'\nfiles=['x-#']\nliteral='tool/'\npattern='tool/(?P<version>{#}[0-9]*)'\npurl='pkg:generic/x@{version}'\n"
    found = Classifiers(read_rules(rule, "mine.toml")).classify("x-1.", ChunkView([b"tool/2 tool/17"], where="x"))
    assert found is not None
    assert found.version == "17"


@pytest.mark.parametrize("name", ["bash", "curl", "openssl", "perl", "git", "xz", "node"])
def test_real_programs_of_this_machine(name: str) -> None:
    program = shutil.which(name)
    if program is None or Path(program).resolve().read_bytes()[:4] != b"\x7fELF":
        pytest.skip(f"{name} is not installed")
    flag = "version" if name == "openssl" else "--version"
    said = subprocess.run([program, flag], capture_output=True, text=True, timeout=30, check=True).stdout
    data = Path(program).resolve().read_bytes()
    found = builtin().classify(name, ChunkView([data], where=name))
    if found is None and name in {"node", "openssl"}:
        pytest.skip("the version lies in a library")
    assert found is not None
    assert found.version in said


def test_headers_that_lie_are_refused() -> None:
    for at, value in ((32, b"\xff" * 8), (54, b"\x01\0"), (56, b"\xff\xff")):
        data = elf(BUILD_ID)
        fragment = read("opt/x", data[:at] + value + data[at + len(value) :])
        assert [gap.kind for gap in fragment.gaps] == ["unreadable"]
    assert [gap.kind for gap in read("opt/x", elf()[:40]).gaps] == ["unreadable"]
