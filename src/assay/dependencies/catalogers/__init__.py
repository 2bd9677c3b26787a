"""The table of cataloguers: one row (or a few) per ecosystem, each in a file that knows no other."""

from hashlib import sha256

from assay.dependencies.cataloger import Cataloguer
from assay.dependencies.catalogers import (
    alpm,
    apk,
    binaries,
    bun_lock,
    cargo_lock,
    composer,
    conan,
    conda,
    cpan,
    dnf_reasons,
    dockerfile,
    dotnet,
    dpkg,
    dpkg_copyright,
    embedded_sbom,
    erlang,
    gem,
    gem_lock,
    go_mod,
    golang,
    gradle_lock,
    haskell,
    haskell_lock,
    homebrew,
    java,
    licence_files,
    luarocks,
    mix_lock,
    npm,
    npm_lock,
    nuget_central,
    nuget_config,
    osrelease,
    pdm_lock,
    pear,
    pipfile_lock,
    pnpm_lock,
    poetry_lock,
    pom,
    portage,
    pub_cache,
    pub_lock,
    pylock,
    pypi,
    pypi_record,
    pypi_requirements,
    r,
    rpm,
    rust,
    swift_resolved,
    uv_lock,
    workflow_uses,
    yarn_cache,
    yarn_lock,
)
from assay.dependencies.classifiers import joined, read_rules
from assay.dependencies.fingerprints import joined as joined_fingerprints
from assay.formats.fingerprints import read_fingerprints

_ROWS: tuple[Cataloguer, ...] = (
    alpm.CATALOGUER,
    apk.ROW,
    *binaries.ROWS,
    bun_lock.CATALOGUER,
    cargo_lock.CATALOGUER,
    *composer.ROWS,
    conan.CATALOGUER,
    conda.CATALOGUER,
    cpan.CATALOGUER,
    dnf_reasons.CATALOGUER,
    dockerfile.CATALOGUER,
    *dotnet.ROWS,
    dpkg.ROW,
    dpkg_copyright.ROW,
    embedded_sbom.CATALOGUER,
    erlang.CATALOGUER,
    gem.CATALOGUER,
    gem_lock.CATALOGUER,
    go_mod.CATALOGUER,
    golang.CATALOGUER,
    gradle_lock.CATALOGUER,
    haskell.CATALOGUER,
    haskell_lock.CATALOGUER,
    homebrew.CATALOGUER,
    java.CATALOGUER,
    licence_files.ROW,
    luarocks.CATALOGUER,
    mix_lock.CATALOGUER,
    npm.CATALOGUER,
    npm_lock.CATALOGUER,
    nuget_central.CATALOGUER,
    nuget_config.CATALOGUER,
    osrelease.ROW,
    pdm_lock.CATALOGUER,
    pear.CATALOGUER,
    pipfile_lock.CATALOGUER,
    pnpm_lock.CATALOGUER,
    poetry_lock.CATALOGUER,
    pom.CATALOGUER,
    portage.CATALOGUER,
    pub_cache.CATALOGUER,
    pub_lock.CATALOGUER,
    pylock.CATALOGUER,
    pypi.CATALOGUER,
    pypi_record.CATALOGUER,
    pypi_requirements.CATALOGUER,
    r.CATALOGUER,
    rpm.ROW,
    rust.CATALOGUER,
    swift_resolved.CATALOGUER,
    uv_lock.CATALOGUER,
    *workflow_uses.ROWS,
    yarn_cache.CATALOGUER,
    yarn_lock.CATALOGUER,
)

TABLE: tuple[Cataloguer, ...] = tuple(sorted(_ROWS, key=lambda row: row.name))
"""Every cataloguer, sorted by name."""


def with_classifiers(data: bytes, where: str) -> tuple[Cataloguer, ...]:
    """The table with a user's classifiers before the usual ones.

    Args:
        data: a file in the form of `classifiers.toml`.
        where: its name, for errors.

    Raises:
        MalformedError: the file is not as it should be; the place is the rule's line.
    """
    rows = {row.name: row for row in binaries.rows_with(joined(read_rules(data, where)), sha256(data).hexdigest())}
    return tuple(rows.get(row.name, row) for row in TABLE)


def with_fingerprints(table: tuple[Cataloguer, ...], data: bytes, where: str) -> tuple[Cataloguer, ...]:
    """A table with a user's fingerprints of Java libraries beside the usual ones.

    Raises:
        MalformedError, UnsupportedError: `data` is no file that `assay db fingerprints` made, or is damaged.
    """
    row = java.row_with(joined_fingerprints(read_fingerprints(data, where), where), sha256(data).hexdigest())
    return tuple(row if one.name == row.name else one for one in table)


__all__ = ["TABLE", "with_classifiers", "with_fingerprints"]
