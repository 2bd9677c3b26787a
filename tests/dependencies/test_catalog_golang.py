"""Components of Go programs: main module, standard library, modules, replacements, missing data."""

import pytest

from assay.dependencies.cataloger import File, Fragment, Package
from assay.dependencies.catalogers.golang import CATALOGUER, linker_version
from assay.dependencies.chooser import Chooser
from assay.model.errors import MalformedError
from assay.model.limits import DEFAULT_LIMITS
from dependencies.programs import MAGIC, elf, inline


def read(data: bytes) -> Fragment:
    return CATALOGUER.catalogue(File(path="usr/bin/app", chunks=(data,), size=len(data), limits=DEFAULT_LIMITS))


def program(modinfo: str, toolchain: str = "go1.22.1") -> dict[str, Package]:
    return {package.name: package for package in read(elf(inline(toolchain, modinfo))).packages}


def test_main_module_standard_library_and_modules() -> None:
    found = program(
        "path\tgithub.com/Acme/App/cmd/app\nmod\tgithub.com/Acme/App\tv1.2.3\th1:AA=\n"
        "dep\tgithub.com/BurntSushi/toml\tv1.4.0\th1:BB=\nbuild\tvcs.revision=abc\n"
    )
    assert list(found) == ["github.com/Acme/App", "stdlib", "github.com/BurntSushi/toml"]
    main, stdlib, toml = found.values()
    assert (main.version, main.parent, main.confidence) == ("v1.2.3", None, "certain")
    assert dict(main.properties) == {
        "go:main": "true", "go:h1": "h1:AA=", "go:package": "github.com/Acme/App/cmd/app", "go:vcs.revision": "abc",
    }  # fmt: skip
    assert (stdlib.version, stdlib.parent, stdlib.namespace) == ("1.22.1", 0, "")
    assert (toml.namespace, toml.purl_name, toml.version, toml.parent) == ("github.com/BurntSushi", "toml", "v1.4.0", 0)
    assert dict(toml.properties) == {"go:h1": "h1:BB="}
    assert {package.kind for package in found.values()} == {"build-info"}


@pytest.mark.parametrize(
    ("toolchain", "version"),
    [
        ("go1.22.1", "1.22.1"),
        ("go1.20", "1.20"),
        ("go1.22rc1", "1.22rc1"),
        ("go1.21.4 X:boringcrypto", "1.21.4"),
        ("go1.21.4-fips", "1.21.4"),
        ("go1.22.5 (Red Hat 1.22.5-1.el9)", "1.22.5"),
        ("devel go1.23-2f6f1a2 Tue", ""),
        ("go1.2x", ""),
    ],
)
def test_the_standard_library_has_the_toolchains_version(toolchain: str, version: str) -> None:
    stdlib = program("path\tx\nmod\texample.com/x\tv1.0.0\t\n", toolchain)["stdlib"]
    assert stdlib.version == version
    assert stdlib.confidence == ("certain" if version else "weak")
    assert dict(stdlib.properties)["go:toolchain"] == toolchain


@pytest.mark.parametrize(
    ("flags", "version"),
    [
        ("-X main.version=1.2.3", "1.2.3"),
        ("-s -w -X example.com/x/version.GitVersion=v9.9 -X 'main.Version=v1.0.0-rc.1'", "v1.0.0-rc.1"),
        ("-X=example.com/x/internal.version=2.0.0", "2.0.0"),
        ("-X main.commit=abcdef1 -X main.date=2024-01-01", ""),
        ("-X main.version=dev", ""),
        ("", ""),
    ],
)
def test_a_devel_main_module_takes_the_linkers_version_weakly(flags: str, version: str) -> None:
    assert linker_version(flags) == version
    main = program(f'path\tx\nmod\texample.com/x\t(devel)\t\nbuild\t-ldflags="{flags}"\n')["example.com/x"]
    assert (main.version, main.confidence) == (version, "weak")
    assert ("go:version", "(devel)") in main.properties


def test_dirty_and_pseudo_versions_stay_as_written() -> None:
    text = "v0.0.0-20240102030405-abcdefabcdef+dirty"
    main = program(f"path\tx\nmod\texample.com/x\t{text}\t\n")["example.com/x"]
    assert main.version == text
    assert ("go:dirty", "true") in main.properties


def test_a_replacement_by_a_module_is_that_module_and_one_by_a_folder_is_weak() -> None:
    found = program(
        "path\tx\nmod\texample.com/x\tv1.0.0\t\ndep\ta.example/a\tv1.0.0\n=>\tb.example/b\tv2.0.0\th1:B=\n"
        "dep\tc.example/c\tv3.0.0\n=>\t./fork\t(devel)\t\n"
    )
    assert set(found) == {"example.com/x", "stdlib", "b.example/b", "c.example/c"}
    assert dict(found["b.example/b"].properties) == {"go:h1": "h1:B=", "go:replaces": "a.example/a@v1.0.0"}
    assert (found["c.example/c"].version, found["c.example/c"].confidence) == ("v3.0.0", "weak")
    assert dict(found["c.example/c"].properties) == {"go:replaced-by": "./fork"}


@pytest.mark.parametrize("modinfo", ["", "path\tgithub.com/x/y\nbuild\tGOOS=linux\n"])
def test_without_module_data_there_is_the_standard_library_and_a_gap(modinfo: str) -> None:
    found = read(elf(inline("go1.19.8", modinfo)))
    assert [package.name for package in found.packages] == ["stdlib"]
    assert found.packages[0].parent is None
    (gap,) = found.gaps
    assert gap.path == "usr/bin/app"
    assert "without module data" in gap.reason


def test_a_program_go_did_not_make_says_nothing() -> None:
    assert read(elf(b"machine code", section=b".text")) == Fragment()
    assert read(b"\x7fELF".ljust(64, b"\2")[:4] + bytes([2, 1]) + bytes(58)) == Fragment()


def test_a_section_without_its_header_is_malformed() -> None:
    with pytest.raises(MalformedError):
        read(elf(bytes(64)))
    with pytest.raises(MalformedError):
        read(elf(MAGIC + bytes([8, 2]) + bytes(16) + b"\xff" * 20))


def test_programs_are_known_by_their_first_bytes() -> None:
    chooser = Chooser((CATALOGUER,))
    assert chooser.choose("usr/bin/x", b"\x7fELF", 100, 0o755) == (CATALOGUER,)
    assert chooser.choose("usr/bin/x.exe", b"MZ\x90\0", 100, 0o755) == (CATALOGUER,)
    assert not chooser.choose("usr/lib/A.class", b"\xca\xfe\xba\xbe", 100, 0o644)
    assert read(b"\xca\xfe\xba\xbe\0\0\0\x37" + bytes(100)) == Fragment()  # a Java class marked executable
