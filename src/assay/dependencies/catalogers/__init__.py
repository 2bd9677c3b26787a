"""The table of cataloguers: one row (or a few) per ecosystem, each in a file that knows no other."""

from assay.dependencies.cataloger import Cataloguer
from assay.dependencies.catalogers import (
    apk,
    cargo_lock,
    dpkg,
    dpkg_copyright,
    go_mod,
    golang,
    java,
    npm,
    npm_lock,
    osrelease,
    pdm_lock,
    pipfile_lock,
    poetry_lock,
    pylock,
    pypi,
    pypi_requirements,
    rpm,
    rust,
    uv_lock,
)

_ROWS: tuple[Cataloguer, ...] = (
    apk.ROW,
    cargo_lock.CATALOGUER,
    dpkg.ROW,
    dpkg_copyright.ROW,
    go_mod.CATALOGUER,
    golang.CATALOGUER,
    java.CATALOGUER,
    npm.CATALOGUER,
    npm_lock.CATALOGUER,
    osrelease.ROW,
    pdm_lock.CATALOGUER,
    pipfile_lock.CATALOGUER,
    poetry_lock.CATALOGUER,
    pylock.CATALOGUER,
    pypi.CATALOGUER,
    pypi_requirements.CATALOGUER,
    rpm.ROW,
    rust.CATALOGUER,
    uv_lock.CATALOGUER,
)

TABLE: tuple[Cataloguer, ...] = tuple(sorted(_ROWS, key=lambda row: row.name))
"""Every cataloguer, sorted by name."""

__all__ = ["TABLE"]
