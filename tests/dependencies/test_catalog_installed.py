"""What lies installed, read file by file: Erlang, Haskell, Dart, Arch Linux, Gentoo, PEAR, Homebrew, Lua, Perl."""

import json
import time

import pytest

from assay.dependencies.assemble import assemble
from assay.dependencies.cataloger import Cataloguer, File, Fragment, Sighting
from assay.dependencies.catalogers import (
    alpm,
    cpan,
    erlang,
    haskell,
    homebrew,
    luarocks,
    osrelease,
    pear,
    portage,
    pub_cache,
)
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


# --- Gentoo --------------------------------------------------------------------------------------------------------

CONTENTS = """dir /usr
obj /usr/package.db/a b.conf 0123456789abcdef0123456789abcdef 1700000000
sym /usr/lib/libzstd.so -> libzstd.so.1 1700000000
"""


def test_a_package_of_portage_owns_its_files() -> None:
    owner, owned = system(
        (osrelease.ROW, "etc/os-release", "ID=gentoo\nVERSION_ID=2.15\n"),
        (portage.CATALOGUER, "var/db/pkg/app-arch/zstd-1.5.5-r1/CONTENTS", CONTENTS),
        (haskell.CATALOGUER, "usr/package.db/a b.conf", "name: a\nversion: 1.0\n"),
    )
    assert (owner.name, owner.purl) == ("app-arch/zstd", "pkg:ebuild/app-arch/zstd@1.5.5-r1?distro=gentoo-2.15")
    assert (owned.name, owned.owner) == ("a", owner.key)


@pytest.mark.parametrize(
    ("folder", "name", "version"),
    [
        ("sys-libs/db-5.3.28-r9", "sys-libs/db", "5.3.28-r9"),
        ("x11-libs/gtk+-2.24.33_p1-r2", "x11-libs/gtk+", "2.24.33_p1-r2"),
        ("dev-lang/lua-5-compat-1.0b_rc1", "dev-lang/lua-5-compat", "1.0b_rc1"),
    ],
)
def test_a_folder_of_portage_names_package_and_version(folder: str, name: str, version: str) -> None:
    (package,) = read(portage.CATALOGUER, f"var/db/pkg/{folder}/CONTENTS", "").packages
    assert (package.name, package.version) == (name, version)


@pytest.mark.parametrize("folder", ["a/b", "a/-1", "../b-1", "a/" + "a-" * 500 + "1x"])
def test_a_hostile_folder_of_portage_is_malformed(folder: str) -> None:
    (gap,) = read(portage.CATALOGUER, f"var/db/pkg/{folder}/CONTENTS", "").gaps
    assert gap.kind == "unreadable"


def test_what_portage_has_not_finished_is_not_installed() -> None:
    assert read(portage.CATALOGUER, "var/db/pkg/a/-MERGING-b-1/CONTENTS", "") == Fragment()


# --- PEAR and PECL -------------------------------------------------------------------------------------------------


def text(value: str) -> str:
    return f's:{len(value)}:"{value}";'


NEW = f"a:3:{{{text('name')}{text('redis')}{text('version')}a:1:{{{text('release')}{text('6.0.2')}}}" + (
    f"{text('license')}a:1:{{{text('_content')}{text('PHP-3.01')}}}}}"
)
OLD = f"a:3:{{{text('package')}{text('Log')}{text('version')}{text('1.9.0')}{text('release_license')}{text('MIT')}}}"


@pytest.mark.parametrize(
    ("path", "content", "found"),
    [
        (".channel.pecl.php.net/redis.reg", NEW, ("pecl.php.net", "redis", "6.0.2", "PHP-3.01")),
        ("log.reg", OLD, ("pear.php.net", "Log", "1.9.0", "MIT")),
    ],
)
def test_a_package_of_pear_s_registry(path: str, content: str, found: tuple[str, str, str, str]) -> None:
    (package,) = read(pear.CATALOGUER, f"usr/local/lib/php/.registry/{path}", content).packages
    assert (package.namespace, package.name, package.version, package.licence.expression) == found


def test_a_hostile_or_foreign_record_of_pear() -> None:
    for content in ("", "a:0:{}", "N;", OLD.replace("1.9.0", "1;9.0"), OLD[:-2]):
        (gap,) = read(pear.CATALOGUER, "php/.registry/log.reg", content).gaps
        assert gap.kind == "unreadable"
    for path in ("php/.channels/pear.php.net.reg", "windows/a.reg", "php/.registry/x/a.reg"):
        assert read(pear.CATALOGUER, path, OLD) == Fragment()


# --- Homebrew ------------------------------------------------------------------------------------------------------


def test_a_keg_of_homebrew() -> None:
    receipt = {
        "installed_on_request": True,
        "source": {"tap": "me/tap"},
        "runtime_dependencies": [{"full_name": "oniguruma"}, {"full_name": "me/tap/openssl@3"}, {}],
    }
    path = "home/linuxbrew/.linuxbrew/Cellar/jq/1.7.1_1/INSTALL_RECEIPT.json"
    (package,) = read(homebrew.CATALOGUER, path, json.dumps(receipt)).packages
    assert (package.ecosystem, package.name, package.version) == ("brew", "jq", "1.7.1_1")
    assert package.depends == ("oniguruma", "openssl@3")
    assert package.properties == (("brew:direct", "true"), ("brew:tap", "me/tap"))
    assert read(homebrew.CATALOGUER, "opt/jq/INSTALL_RECEIPT.json", "{}") == Fragment()


def test_a_hostile_receipt_of_homebrew_is_malformed() -> None:
    for content in ("", "{", "[" * 100_000):
        (gap,) = read(homebrew.CATALOGUER, "x/Cellar/jq/1/INSTALL_RECEIPT.json", content).gaps
        assert gap.kind == "unreadable"


# --- Lua -----------------------------------------------------------------------------------------------------------

SPEC = """package = "LuaSocket"
version = "3.1.0-1"
description = { summary = "x", license = "MIT" }
dependencies = {
   "lua >= 5.1", 'luasec'
}
"""


def test_an_installed_rock() -> None:
    path = "usr/local/lib/luarocks/rocks-5.4/luasocket/3.1.0-1/luasocket-3.1.0-1.rockspec"
    (package,) = read(luarocks.CATALOGUER, path, SPEC).packages
    assert (package.ecosystem, package.name, package.version) == ("luarocks", "luasocket", "3.1.0-1")
    assert (package.depends, package.licence.expression) == (("luasec",), "MIT")
    for other in ("src/luasocket-3.1.0-1.rockspec", path.replace("rocks-5.4/luasocket", "rocks-5.4/other")):
        assert read(luarocks.CATALOGUER, other, SPEC) == Fragment()


def test_a_hostile_rockspec_ends_soon() -> None:
    start = time.process_time()
    for content in (
        'license = "' * 50_000,
        "dependencies = {" * 50_000,
        "\ndependencies={" * 30_000,
        "license" * 90_000,
    ):
        read(luarocks.CATALOGUER, "rocks/a/1-1/a-1-1.rockspec", content)
    assert time.process_time() - start < 3


# --- Perl ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("record", "found"),
    [
        (
            {"dist": "JSON-PP-4.16", "version": "4.16", "pathname": "I/IS/ISHIGAKI/JSON-PP-4.16.tar.gz"},
            ("ISHIGAKI", "JSON-PP", "4.16"),
        ),
        ({"dist": "App-x-v1.2.3", "version": "1.2.3"}, ("", "App-x", "v1.2.3")),
        ({"dist": "A-0.1-TRIAL", "version": "0.1-TRIAL"}, ("", "A", "0.1-TRIAL")),
    ],
)
def test_an_installed_perl_distribution(record: dict[str, str], found: tuple[str, str, str]) -> None:
    path = "usr/lib/perl5/site_perl/5.36.0/x86_64-linux/.meta/x/install.json"
    (package,) = read(cpan.CATALOGUER, path, json.dumps(record)).packages
    assert (package.namespace, package.name, package.version) == found
    assert read(cpan.CATALOGUER, "app/install.json", "{") == Fragment()


def test_a_hostile_record_of_a_perl_distribution_is_malformed() -> None:
    for content in ("", "{}", "[]", '{"dist": "A-../x", "version": "../x"}', "{" * 100_000):
        (gap,) = read(cpan.CATALOGUER, "x/.meta/A-1/install.json", content).gaps
        assert gap.kind == "unreadable"
