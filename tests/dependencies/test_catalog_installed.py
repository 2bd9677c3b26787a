"""What lies installed, read file by file: Erlang and Elixir, Haskell, Dart, Arch Linux."""

import time

import pytest

from assay.dependencies.assemble import assemble
from assay.dependencies.cataloger import Cataloguer, File, Fragment, Sighting
from assay.dependencies.catalogers import alpm, erlang, haskell, osrelease, pub_cache
from assay.dependencies.chooser import run
from assay.model.inventory import Component
from assay.model.limits import DEFAULT_LIMITS


def read(row: Cataloguer, path: str, content: str) -> Fragment:
    data = content.encode()
    return run(row, File(path=path, chunks=(data,), size=len(data), limits=DEFAULT_LIMITS))


# --- Erlang, Elixir ------------------------------------------------------------------------------------------------

COWBOY = """%% written by rebar
{application,cowboy,
             [{description,"Small, {vsn, \\"9.9\\"} fast."},
              {vsn,"2.8.0"},
              {modules,['cowboy','cowboy_app',vsn]},
              {registered,[cowboy_sup]},
              {env,[{vsn,"1.1"},{ranch,[{vsn,"7"}]}]},
              {applications,[kernel,stdlib,'cowlib',ranch]},
              {optional_applications,[telemetry]}]}.
"""


def test_an_application_of_a_release() -> None:
    (package,) = read(erlang.CATALOGUER, "app/lib/cowboy-2.8.0/ebin/cowboy.app", COWBOY).packages
    assert (package.ecosystem, package.name, package.version) == ("hex", "cowboy", "2.8.0")
    assert package.depends == ("cowlib", "kernel", "ranch", "stdlib")
    assert package.scoped == (("telemetry", "optional"),)
    assert package.confidence == "strong"


@pytest.mark.parametrize("name", ["ssl", "kernel", "elixir", "logger"])
def test_what_otp_and_elixir_bring_is_no_package_of_hex(name: str) -> None:
    (package,) = read(erlang.CATALOGUER, f"x/ebin/{name}.app", f'{{application, {name}, [{{vsn, "1.2"}}]}}.').packages
    assert (package.ecosystem, package.version, package.confidence) == ("otp", "1.2", "certain")


def test_an_application_that_was_not_built_is_a_gap() -> None:
    for version in ("git", '"%VSN%"', '{cmd, "git describe"}'):
        (gap,) = read(erlang.CATALOGUER, "x/ebin/a.app", f"{{application, a, [{{vsn, {version}}}]}}.").gaps
        assert (gap.kind, gap.path) == ("unreadable", "x/ebin/a.app")


@pytest.mark.parametrize("text", ["", "nonsense", "{application}.", '{application, "/../a", []}.', "{" * 100_000])
def test_a_hostile_application_is_malformed(text: str) -> None:
    (gap,) = read(erlang.CATALOGUER, "x/ebin/a.app", text).gaps
    assert gap.kind == "unreadable"


@pytest.mark.parametrize("part", ['"', '"\\', "'\\'", "%", "\\\"'", "a", "{[", "_a@"])
def test_a_hostile_application_ends_soon(part: str) -> None:
    start = time.process_time()
    read(erlang.CATALOGUER, "x/ebin/a.app", part * (400_000 // len(part)))
    assert time.process_time() - start < 3


# --- Haskell -------------------------------------------------------------------------------------------------------

HASHABLE = """name:                 hashable
version:              1.3.5.0
id:                   hashable-1.3.5.0-Hd8HSYZ7DN8KsO4HNlPmYP
license:              BSD-3-Clause
maintainer:           Oleg Grenrus <oleg.grenrus@iki.fi>
description:
    version: 9

depends:
    base-4.15.1.0 bytestring-0.10.12.1-inplace
    ghc-bignum-1.1 z-a-1-z-b-Ab3
"""


def test_a_library_registered_with_ghc() -> None:
    (package,) = read(haskell.CATALOGUER, "var/lib/ghc/package.conf.d/hashable-1.3.5.0.conf", HASHABLE).packages
    assert (package.ecosystem, package.name, package.version) == ("hackage", "hashable", "1.3.5.0")
    assert package.depends == ("base", "bytestring", "ghc-bignum", "z-a")
    assert package.licence.expression == "BSD-3-Clause"
    assert package.maintainer == "Oleg Grenrus <oleg.grenrus@iki.fi>"


def test_a_library_inside_a_package_bears_the_package_s_name() -> None:
    text = (
        "name: z-attoparsec-z-internal\npackage-name: attoparsec\nlib-name: internal\nversion: 0.14.4\nlicense: BSD3\n"
    )
    (package,) = read(haskell.CATALOGUER, "s/package.db/a.conf", text).packages
    assert (package.name, package.provides) == ("attoparsec", ("z-attoparsec-z-internal",))
    assert package.licence.expression == "BSD-3-Clause"


@pytest.mark.parametrize("text", ["", "name: a", "name: ../a\nversion: 1", "name: a\nversion: 1;rm", "-" * 100_000])
def test_a_hostile_registration_is_malformed(text: str) -> None:
    (gap,) = read(haskell.CATALOGUER, "s/package.db/a.conf", text).gaps
    assert gap.kind == "unreadable"


def test_hostile_needs_of_a_library_end_soon() -> None:
    start = time.process_time()
    read(haskell.CATALOGUER, "s/package.db/a.conf", f"name: a\nversion: 1\ndepends: {'a-' * 200_000} {'a-1 ' * 50_000}")
    assert time.process_time() - start < 3


# --- Dart ----------------------------------------------------------------------------------------------------------

CACHE = "root/.pub-cache"
COMMIT = "0123456789" * 4


def test_a_package_in_the_cache_of_pub() -> None:
    path = f"{CACHE}/hosted/pub.dev/http-1.1.0-beta.2+1/pubspec.yaml"
    (package,) = read(pub_cache.CATALOGUER, path, "name: http\nversion: 1.1.0\n").packages
    assert (package.ecosystem, package.name, package.version) == ("pub", "http", "1.1.0-beta.2+1")
    assert package.properties == ()
    path = f"{CACHE}/hosted/dart.example.org%58443/a_b-1.0.0/pubspec.yaml"
    (package,) = read(pub_cache.CATALOGUER, path, "").packages
    assert package.properties == (("pub:source", "dart.example.org:443"),)


def test_a_dart_package_from_a_repository() -> None:
    path = f"{CACHE}/git/tool-{COMMIT}/pubspec.yaml"
    (package,) = read(pub_cache.CATALOGUER, path, "name: tool_x\n# version: 9\nversion: '0.2.0' # next\n").packages
    assert (package.name, package.version, package.properties) == ("tool_x", "0.2.0", (("pub:commit", COMMIT),))
    (gap,) = read(pub_cache.CATALOGUER, path, "name: tool_x\n").gaps
    assert (gap.kind, gap.by) == ("skipped", "pub-cache")


@pytest.mark.parametrize(
    "path",
    ["app/pubspec.yaml", f"{CACHE}/hosted/pub.dev/http-1.1.0/example/pubspec.yaml", "hosted/x/a-1/pubspec.yaml"],
)
def test_a_program_s_own_pubspec_or_an_example_s_is_no_package(path: str) -> None:
    assert read(pub_cache.CATALOGUER, path, "name: a\nversion: 1.0.0\n") == Fragment()


def test_a_hostile_place_of_a_pubspec_ends_soon() -> None:
    start = time.process_time()
    for part in ("hosted/", f"git/a-{COMMIT}/", "hosted/a/b-1.0.0/", "git/a-"):
        read(pub_cache.CATALOGUER, part * 2_000 + "x/pubspec.yaml", "name:" * 1_000)
    assert time.process_time() - start < 3


# --- Arch Linux ----------------------------------------------------------------------------------------------------

LOCAL = "var/lib/pacman/local"
ZLIB = """%NAME%
lib32-zlib

%VERSION%
1:1.3.1-2

%BASE%
zlib

%ARCH%
x86_64

%PACKAGER%
A <a@example.org>

%LICENSE%
Zlib
MIT

%REASON%
1

%DEPENDS%
glibc>=2.38
sh

%PROVIDES%
libz.so=1-64

"""


def system(*files: tuple[Cataloguer, str, str]) -> list[Component]:
    found = [
        Sighting(cataloguer=row.name, path=path, layer=None, removed_by=None, fragment=read(row, path, text))
        for row, path, text in files
    ]
    return list(assemble(found, (), installed=True).components)


def test_a_package_of_pacman() -> None:
    (package,) = read(alpm.CATALOGUER, f"{LOCAL}/lib32-zlib-1:1.3.1-2/desc", ZLIB).packages
    assert (package.name, package.version, package.architecture) == ("lib32-zlib", "1:1.3.1-2", "x86_64")
    assert package.source is not None
    assert (package.source.name, package.depends, package.provides) == ("zlib", ("glibc", "sh"), ("libz.so",))
    assert package.licence.expression == "MIT AND Zlib"
    assert package.properties == (("alpm:explicit", "false"),)
    (package,) = read(
        alpm.CATALOGUER, f"{LOCAL}/lib32-zlib-1:1.3.1-2/desc", ZLIB.replace("%REASON%\n1\n\n", "")
    ).packages
    assert package.properties == (("alpm:explicit", "true"),)


def test_a_package_of_pacman_owns_its_files_and_bears_the_distribution() -> None:
    conf = "name: a\nversion: 1.0\n"
    owner, owned = system(
        (osrelease.ROW, "etc/os-release", "ID=arch\n"),
        (alpm.CATALOGUER, f"{LOCAL}/lib32-zlib-1:1.3.1-2/desc", ZLIB),
        (
            alpm.CATALOGUER,
            f"{LOCAL}/lib32-zlib-1:1.3.1-2/files",
            "%FILES%\nusr/\nusr/package.db/a.conf\n\n%BACKUP%\nx\n",
        ),
        (haskell.CATALOGUER, "usr/package.db/a.conf", conf),
    )
    assert owner.purl == "pkg:alpm/arch/lib32-zlib@1:1.3.1-2?arch=x86_64&distro=arch"
    assert (owned.name, owned.owner) == ("a", owner.key)


@pytest.mark.parametrize("text", ["", "%NAME%", "%NAME%\na\n", "%NAME%\n../a\n\n%VERSION%\n1-1\n", "%" * 100_000])
def test_a_hostile_description_of_pacman_is_malformed(text: str) -> None:
    (gap,) = read(alpm.CATALOGUER, f"{LOCAL}/a-1-1/desc", text).gaps
    assert gap.kind == "unreadable"


def test_what_lies_beside_pacman_s_database_is_not_read() -> None:
    for path in (f"{LOCAL}/desc", f"{LOCAL}/a-1-1/x/desc", f"{LOCAL}/a/desc"):
        assert read(alpm.CATALOGUER, path, ZLIB) == Fragment()
