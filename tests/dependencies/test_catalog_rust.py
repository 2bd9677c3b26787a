"""Crates inside Rust programs (cargo-auditable) and in Cargo.lock."""

import json
import zlib

import msgspec
import pytest

from assay.dependencies.assemble import assemble
from assay.dependencies.cataloger import Cataloguer, File, Fragment, Sighting
from assay.dependencies.catalogers import cargo_lock, rust
from assay.dependencies.chooser import Chooser, run
from assay.model.errors import MalformedError
from assay.model.limits import DEFAULT_LIMITS
from dependencies.programs import elf, macho, pe, universal

SMALL = msgspec.structs.replace(DEFAULT_LIMITS, audit_data_bytes=10_000)
CRATES = [
    {"name": "app", "version": "0.1.0", "source": "local", "root": True, "dependencies": [1, 2, 3]},
    {"name": "syn", "version": "1.0.73", "source": "crates.io"},
    {"name": "syn", "version": "2.0.0", "source": "crates.io", "kind": "build"},
    {"name": "fork", "version": "0.3.0", "source": "git", "dependencies": [1], "features": ["std"]},
]


def audit(packages: object) -> bytes:
    return zlib.compress(json.dumps({"packages": packages}).encode())


def read(data: bytes, *, limits: object = DEFAULT_LIMITS) -> Fragment:
    file = File(path="usr/bin/app", chunks=(data,), size=len(data), limits=limits)  # type: ignore[arg-type]
    return rust.catalogue(file)


def saw(row: Cataloguer, path: str, data: bytes, *, installed: bool = False) -> Sighting:
    file = File(path=path, chunks=(data,), size=len(data), limits=DEFAULT_LIMITS, installed=installed)
    return Sighting(cataloguer=row.name, path=path, layer=None, removed_by=None, fragment=run(row, file))


@pytest.mark.parametrize(
    "program",
    [
        elf(audit(CRATES), section=b".dep-v0"),
        elf(audit(CRATES), section=b".dep-v0", wide=False, order="big"),
        macho(audit(CRATES), section=b".dep-v0"),
        universal(macho(audit(CRATES), section=b".dep-v0")),
        pe(audit(CRATES)).replace(b".data\0\0\0", b".dep-v0\0"),
    ],
    ids=["elf", "elf32-big", "mach-o", "universal", "pe"],
)
def test_a_program_names_its_crates(program: bytes) -> None:
    app, old, new, fork = read(program).packages
    assert (app.name, app.version, app.parent, app.confidence) == ("app", "0.1.0", None, "strong")
    assert dict(app.properties) == {"cargo:root": "true", "cargo:source": "local"}
    assert (old.parent, old.properties, old.confidence) == (0, (), "certain")
    assert dict(new.properties) == {"cargo:build": "true"}
    assert dict(fork.properties) == {"cargo:source": "git"}
    assert {package.kind for package in (app, old, new, fork)} == {"build-info"}


def test_edges_tell_two_versions_of_a_crate_apart() -> None:
    found = assemble([saw(rust.CATALOGUER, "usr/bin/app", elf(audit(CRATES), section=b".dep-v0"))], (), installed=True)
    needs = {(r.source, r.target) for r in found.relations if r.kind == "depends_on"}
    assert ("pkg:cargo/fork@0.3.0", "pkg:cargo/syn@1.0.73") in needs
    assert ("pkg:cargo/fork@0.3.0", "pkg:cargo/syn@2.0.0") not in needs
    contained = {r.target for r in found.relations if r.kind == "contains" and r.source == "pkg:cargo/app@0.1.0"}
    assert contained == {"pkg:cargo/syn@1.0.73", "pkg:cargo/syn@2.0.0", "pkg:cargo/fork@0.3.0"}


@pytest.mark.parametrize(
    "program", [elf(b"code", section=b".text"), elf(audit(CRATES), section=None), pe(audit(CRATES)), b"#!/bin/sh\n" * 9]
)
def test_a_program_without_the_section_says_nothing(program: bytes) -> None:
    assert read(program) == Fragment()


@pytest.mark.parametrize(
    "content",
    [
        b"not compressed",
        audit(CRATES)[:-8],
        zlib.compress(b"[" * 5_000),
        zlib.compress(b"{}"),
        audit([{"name": "a", "version": "1", "source": "local", "dependencies": [1]}]),
        audit([{"name": "a", "version": "1", "source": "local", "dependencies": [-1]}]),
        audit([{"name": 1, "version": "1", "source": "local"}]),
        zlib.compress(b" " * 20_000),
        b"",
    ],
)
def test_a_list_that_cannot_be_read_is_malformed(content: bytes) -> None:
    with pytest.raises(MalformedError):
        read(elf(content, section=b".dep-v0"), limits=SMALL)


def test_programs_are_known_by_their_first_bytes() -> None:
    assert Chooser((rust.CATALOGUER,)).choose("usr/bin/x", b"\x7fELF", 100, 0o755) == (rust.CATALOGUER,)


LOCK = """
version = 3
[[package]]
name = "app"
version = "0.1.0"
dependencies = ["fork", "syn 1.0.73", "old 1.0.0 (registry+https://crates.example/index)"]
[[package]]
name = "fork"
version = "0.3.0"
source = "git+https://user:secret@git.example/fork?branch=main#0123456789abcdef0123456789abcdef01234567"
[[package]]
name = "syn"
version = "1.0.73"
source = "sparse+https://index.example/"
checksum = "f71489ff30030d2ae598524f61326b902466f72a0fb1a8564c001cc63425bcc7"
[[package]]
name = "syn"
version = "2.0.0"
source = "registry+https://crates.example/index"
[[package]]
name = "old"
version = "1.0.0"
source = "registry+https://crates.example/index"
[metadata]
"checksum old 1.0.0 (registry+https://crates.example/index)" = "<old>"
""".replace("<old>", "ab" * 32)


def test_a_lock_gives_packages_with_sources_hashes_and_edges() -> None:
    found = assemble([saw(cargo_lock.CATALOGUER, "app/Cargo.lock", LOCK.encode())], (), installed=False)
    assert not found.gaps
    by_name = {c.purl: c for c in found.components}
    assert dict(by_name["pkg:cargo/app@0.1.0"].properties) == {"cargo:source": "local"}
    fork = dict(by_name["pkg:cargo/fork@0.3.0"].properties)
    commit = "0123456789abcdef0123456789abcdef01234567"
    assert fork == {"cargo:commit": commit, "cargo:direct": "true", "cargo:source": "git"}
    assert by_name["pkg:cargo/syn@1.0.73"].hashes[0].startswith("sha256:f71489ff")
    assert by_name["pkg:cargo/old@1.0.0"].hashes == ("sha256:" + "ab" * 32,)
    assert {r.target for r in found.relations if r.source == "pkg:cargo/app@0.1.0"} == {
        "pkg:cargo/fork@0.3.0", "pkg:cargo/syn@1.0.73", "pkg:cargo/old@1.0.0",
    }  # fmt: skip


def test_in_an_image_a_lock_is_only_a_wish() -> None:
    assert saw(cargo_lock.CATALOGUER, "app/Cargo.lock", LOCK.encode(), installed=True).fragment == Fragment()


@pytest.mark.parametrize(
    "text",
    ["[[package]]\nname = 'x'\n", "package = 3", "[[package]]\nname = ''\nversion = '1'", "a = " + "[" * 9_999, "a" + ".b" * 999 + "=1", "\xff"],
)  # fmt: skip
def test_a_damaged_lock_is_a_gap(text: str) -> None:
    fragment = saw(cargo_lock.CATALOGUER, "Cargo.lock", text.encode("latin-1")).fragment
    assert [gap.kind for gap in fragment.gaps] == ["unreadable"]
    assert not fragment.packages
