"""The table of cataloguers: one row (or a few) per ecosystem, each in a file that knows no other."""

from assay.dependencies.cataloger import Cataloguer
from assay.dependencies.catalogers import apk, dpkg, dpkg_copyright, golang, java, npm, npm_lock, osrelease, pypi, rpm

_ROWS: tuple[Cataloguer, ...] = (
    apk.ROW,
    dpkg.ROW,
    dpkg_copyright.ROW,
    golang.CATALOGUER,
    java.CATALOGUER,
    npm.CATALOGUER,
    npm_lock.CATALOGUER,
    osrelease.ROW,
    *pypi.ROWS,
    rpm.ROW,
)

TABLE: tuple[Cataloguer, ...] = tuple(sorted(_ROWS, key=lambda row: row.name))
"""Every cataloguer, sorted by name."""

__all__ = ["TABLE"]
