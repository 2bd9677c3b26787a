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
    pypi,
    rpm,
    rust,
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
    *pypi.ROWS,
    rpm.ROW,
    rust.CATALOGUER,
)

TABLE: tuple[Cataloguer, ...] = tuple(sorted(_ROWS, key=lambda row: row.name))
"""Every cataloguer, sorted by name."""

__all__ = ["TABLE"]
