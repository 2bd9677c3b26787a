"""apk's installed database."""

import msgspec
import pytest

from assay.dependencies.paths import path_hash
from assay.model.inventory import SourcePackage
from assay.model.limits import DEFAULT_LIMITS
from osfiles import read

INSTALLED = "lib/apk/db/installed"
SSL = """C:Q1abc=
P:libssl3
V:3.1.0-r4
A:x86_64
T:SSL
L:Apache-2.0
o:openssl
m:Ariadne <a@example.org>
c:0123abcd
D:so:libc.musl-x86_64.so.1 so:libcrypto.so.3 !conflict busybox>=1.2 /bin/sh pc:zlib=1 cmd:perl~5 tagged@edge
p:so:libssl.so.3=3 cmd:openssl=3.1.0-r4
F:lib
R:libssl.so.3
a:0:0:755
Z:Q1xyz=
F:usr
F:usr/lib
R:libssl.so.3
F:
R:rootfile

"""


def test_a_package_is_read_with_its_facts() -> None:
    (package,) = read(INSTALLED, SSL).packages
    assert (package.ecosystem, package.name, package.version) == ("apk", "libssl3", "3.1.0-r4")
    assert package.source == SourcePackage("openssl", "3.1.0-r4")
    assert package.licence.expression == "Apache-2.0"
    assert package.properties == (("apk:commit", "0123abcd"),)
    assert package.depends == (
        "so:libc.musl-x86_64.so.1", "so:libcrypto.so.3", "busybox", "/bin/sh", "pc:zlib", "cmd:perl", "tagged",
    )  # fmt: skip
    assert package.provides == ("so:libssl.so.3", "cmd:openssl")
    assert package.files == path_hash("lib/libssl.so.3") + path_hash("usr/lib/libssl.so.3") + path_hash("rootfile")


@pytest.mark.parametrize("path", [INSTALLED, "usr/lib/apk/db/installed"])
def test_both_places_are_read(path: str) -> None:
    assert len(read(path, SSL).packages) == 1


def test_virtual_packages_are_left_out() -> None:
    text = "P:.build-deps\nV:20230101.000000\nD:gcc make\n\n" + SSL
    fragment = read(INSTALLED, text)
    assert [p.name for p in fragment.packages] == ["libssl3"]
    assert fragment.gaps == ()


def test_without_an_origin_the_package_is_its_own_source() -> None:
    (package,) = read(INSTALLED, "P:a\nV:1-r0\n").packages
    assert package.source == SourcePackage("a", "1-r0")


@pytest.mark.parametrize(
    ("field", "expression"),
    [
        ("GPL-2.0-or-later AND MIT", "GPL-2.0-or-later AND MIT"),
        ("MIT BSD-3-Clause GPL2+", "BSD-3-Clause AND GPL-2.0-or-later AND MIT"),
        ("GPL-2.0-or-later WITH Classpath-exception-2.0", "GPL-2.0-or-later WITH Classpath-exception-2.0"),
        ("custom", ""),
        ("", ""),
    ],
)
def test_licences_are_nearly_spdx(field: str, expression: str) -> None:
    (package,) = read(INSTALLED, f"P:a\nV:1\nL:{field}\n").packages
    assert package.licence.expression == expression
    assert bool(package.licence.reason) is not bool(expression)


def test_records_without_name_or_version_are_counted() -> None:
    fragment = read(INSTALLED, SSL + "P:a\n\nV:1\n\n")
    assert [p.name for p in fragment.packages] == ["libssl3"]
    assert [(gap.kind, gap.reason) for gap in fragment.gaps] == [("skipped", "2 records without name or version")]
    assert [gap.kind for gap in read(INSTALLED, "asdf\n\nyolo\n").gaps] == ["unreadable"]
    assert read(INSTALLED, "").gaps == ()


def test_paths_past_the_allowance_are_a_gap() -> None:
    limits = msgspec.structs.replace(DEFAULT_LIMITS, owned_paths_bytes=1000)
    text = "P:a\nV:1\nF:etc\nR:x\n\n" + "P:b\nV:1\nF:" + "d" * 400 + "\n" + "R:x\n" * 10 + "\n"
    fragment = read(INSTALLED, text, limits=limits)
    assert [(p.name, len(p.files)) for p in fragment.packages] == [("a", 8), ("b", 0)]
    assert [gap.kind for gap in fragment.gaps] == ["limit"]
