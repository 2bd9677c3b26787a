"""Every cataloguer: any bytes at a path it wants give a fragment, which an inventory and its SBOM can hold."""

from collections.abc import Callable, Iterable
from contextlib import suppress

import msgspec

from assay.dependencies.assemble import assemble
from assay.dependencies.cataloger import Cataloguer, File, Fragment, Sighting
from assay.dependencies.catalogers import TABLE
from assay.dependencies.locks import ROWS as LOCKS
from assay.formats import cyclonedx
from assay.model.image import Subject
from assay.model.inventory import Inventory
from assay.model.limits import DEFAULT_LIMITS

from .archives import pieces
from .cataloger_seeds import SEEDS
from .documents import TIME, TOOL
from .shape import Check, Harness

PATHS: dict[str, tuple[str, ...]] = {
    "alpm": ("var/lib/pacman/local/a-1.0-1/desc", "var/lib/pacman/local/a-1.0-1/files"),
    "binaries": ("usr/bin/python3.11", "usr/sbin/nginx", "usr/bin/x", "usr/lib/libx.so.1"),
    "conda": ("opt/conda/conda-meta/a-1-0.json", "opt/conda/conda-meta/history"),
    "dnf-reasons": ("usr/lib/sysimage/libdnf5/packages.toml", "var/lib/dnf/history.sqlite"),
    "dotnet-program": ("app/x",),
    "dpkg": (
        "var/lib/dpkg/status", "var/lib/dpkg/diversions", "var/lib/dpkg/info/a:amd64.list", "var/lib/dpkg/status.d/a",
    ),
    "dpkg-copyright": ("usr/share/doc/a/copyright",),
    "embedded-sbom": ("opt/a/bom.json", "opt/a/a.spdx"),
    "gem": ("usr/lib/ruby/gems/3.1.0/specifications/a-1.0.gemspec",),
    "golang": ("usr/bin/x",),
    "cpan": ("usr/lib/perl5/.meta/A-B-1.0/install.json",),
    "homebrew": ("opt/homebrew/Cellar/jq/1.7.1/INSTALL_RECEIPT.json",),
    "luarocks": ("usr/lib/luarocks/rocks-5.1/a/1.0-1/a-1.0-1.rockspec",),
    "pear": ("usr/share/php/.registry/a.reg", "usr/share/php/.registry/.channel.pecl.php.net/a.reg"),
    "portage": ("var/db/pkg/app-arch/zstd-1.5.5-r1/CONTENTS",),
    "erlang": ("opt/app/lib/cowboy-2.8.0/ebin/cowboy.app",),
    "haskell": ("var/lib/ghc/package.conf.d/a-1.0.conf",),
    "haskell-lock": ("src/cabal.project.freeze", "src/stack.yaml.lock"),
    "go-mod": ("src/go.mod", "src/go.sum"),
    "bun-lock": ("src/bun.lock", "src/bun.lockb"),
    "pypi": (
        "usr/lib/python3/dist-packages/a-1.dist-info/METADATA", "usr/lib/python3/dist-packages/a-1.egg-info/PKG-INFO",
        "usr/lib/python3/dist-packages/a-1.dist-info/direct_url.json",
        "usr/lib/python3/dist-packages/a-1.dist-info/INSTALLER",
        "usr/lib/python3/dist-packages/a-1.dist-info/REQUESTED",
        "usr/lib/python3/dist-packages/a-1.egg-info",
    ),
    "licence-files": (
        "app/node_modules/a/LICENSE", "usr/lib/python3/dist-packages/a-1.dist-info/licenses/COPYING",
        "usr/lib/ruby/gems/3.1.0/gems/a-1.0/MIT-LICENSE",
    ),
    "locks-gradle": (
        "src/build.gradle", "src/build.gradle.kts", "src/gradle.lockfile", "src/gradle.properties",
        "src/gradle/libs.versions.toml",
    ),
    "locks-hackage": (
        "src/a.cabal", "src/cabal.project", "src/cabal.project.freeze", "src/stack.yaml", "src/stack.yaml.lock",
    ),
    "locks-swift": ("src/Package.swift", "src/Package.resolved"),
    "locks-nuget": ("src/a.csproj", "src/packages.lock.json", "src/Directory.Packages.props"),
    "locks-pub": ("src/pubspec.yaml", "src/pubspec.lock"),
    "locks-mix": ("src/mix.exs", "src/mix.lock"),
    "pub-cache": (
        "root/.pub-cache/hosted/pub.dev/a-1.0.0/pubspec.yaml",
        "root/.pub-cache/git/a-0123456789012345678901234567890123456789/pubspec.yaml",
    ),
    "pypi-record": ("opt/a-1.dist-info/RECORD", "opt/a-1.egg-info/installed-files.txt"),
    "workflow-uses": (".github/workflows/a.yml",),
    "yarn-cache": ("src/.yarn/cache/a-npm-1.0.0-0123456789.zip",),
    "pylock": ("src/pylock.toml", "src/pylock.dev.toml"),
    "rpm": (
        "var/lib/rpm/rpmdb.sqlite", "var/lib/rpm/Packages.db", "var/lib/rpm/Packages", "var/lib/rpm/rpmdb.sqlite-wal",
        "var/lib/rpmmanifest/container-manifest-2",
    ),
    "npm-lock": ("src/package-lock.json", "src/node_modules/.package-lock.json"),
    "npm": ("usr/lib/node_modules/a/package.json",),
    "runtimes": ("opt/x/VERSION", "opt/x/release"),
    "rust": ("usr/bin/x",),
}  # fmt: skip
"""Where the files of a cataloguer lie, when its first exact path, name or ending does not tell it all."""
_LARGE = frozenset({"rpm", "java"})
_COMPONENTS = 40
"""Of more than these no SBOM is written: it costs the fuzzer its runs."""


def paths_of(row: Cataloguer) -> tuple[str, ...]:
    """Where a file of this cataloguer may lie."""
    if row.name in PATHS:
        return PATHS[row.name]
    wants = row.wants
    return tuple(sorted(wants.paths)[:1] or [f"src/{name}" for name in sorted(wants.names)[:1]] or [
        f"src/a{suffix}" for suffix in sorted(wants.suffixes)[:1]
    ])  # fmt: skip


def check_of(row: Cataloguer) -> Check:
    """Bytes in one piece and in chunks say the same; the fragment survives the cache and the SBOM."""
    paths = paths_of(row)

    def check(data: bytes) -> None:
        path = paths[0]
        if len(paths) > 1:
            path, data = paths[(data[0] if data else 0) % len(paths)], data[1:]
        for installed in (True, False):
            file = File(path=path, chunks=(data,), size=len(data), limits=DEFAULT_LIMITS, installed=installed)
            fragment = row.catalogue(file)
            cut = msgspec.structs.replace(file, chunks=tuple(pieces(data)))
            assert row.catalogue(cut) == fragment, "other chunks, another fragment"
            check_fragment(row, path, fragment, installed=installed)

    return check


def check_fragment(row: Cataloguer, path: str, fragment: Fragment, *, installed: bool) -> None:
    """The fragment is kept and read again; assembled and written, the SBOM says the same."""
    with suppress(UnicodeEncodeError):  # a name outside UTF-8: the flow does not cache such a layer
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(fragment), type=Fragment) == fragment
    if len(fragment.packages) > _COMPONENTS:
        return
    seen = Sighting(cataloguer=row.name, path=path, layer=None, removed_by=None, fragment=fragment)
    found = assemble([seen], (), installed=installed)
    inventory = Inventory(
        subject=Subject(name="x", kind="directory"), distro=found.distro, components=found.components,
        relations=found.relations, gaps=found.gaps,
    )  # fmt: skip
    written = cyclonedx.write(inventory, tool=TOOL, timestamp=TIME)
    assert cyclonedx.read(written, "y") == inventory, "the SBOM says something else"


def check_locks_of(row: Cataloguer) -> Check:
    """A manifest or lock is at most one sheet, the same in chunks, which the cache can hold and the judge can read."""
    paths = lock_paths_of(row)

    def check(data: bytes) -> None:
        path, data = paths[(data[0] if data else 0) % len(paths)], data[1:]
        file = File(path=path, chunks=(data,), size=len(data), limits=DEFAULT_LIMITS, installed=False)
        fragment = row.catalogue(file)
        assert row.catalogue(msgspec.structs.replace(file, chunks=tuple(pieces(data)))) == fragment
        assert not fragment.packages
        assert len(fragment.sheets) <= 1
        check_fragment(row, path, fragment, installed=False)

    return check


def lock_paths_of(row: Cataloguer) -> tuple[str, ...]:
    """Where the files of a reader of manifests and locks may lie: all its names."""
    if row.name in PATHS:
        return PATHS[row.name]
    return (
        tuple(f"src/{name}" for name in sorted(row.wants.names))
        or tuple(f"src/a{suffix}" for suffix in sorted(row.wants.suffixes))
        or tuple(sorted(row.wants.paths))
    )


def _seeds(name: str) -> Callable[[], Iterable[bytes]]:
    return lambda: SEEDS.get(name, ())


HARNESSES = tuple(
    Harness(
        name=f"cataloguer-{row.name}", check=check_of(row), doors=(row.catalogue,), paths=paths_of(row),
        bytes_limit=16_384 if row.name in _LARGE else 4096, seeds=_seeds(row.name),
    )
    for row in TABLE
) + tuple(
    Harness(
        name=f"cataloguer-{row.name}", check=check_locks_of(row), doors=(row.catalogue,), paths=lock_paths_of(row),
        seeds=_seeds(row.name),
    )
    for row in LOCKS
    if lock_paths_of(row)
)  # fmt: skip
"""One row for every row of the cataloguers' table, and for every reader of manifests and locks."""
