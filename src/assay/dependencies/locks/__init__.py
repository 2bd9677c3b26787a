"""Manifests and locks as sheets, one file per ecosystem; the rows that read them, beside the cataloguers' table.

A file that cannot be read still says that it is there: its sheet is `damaged`, and whatever rests on it is unknown.
"""

from collections.abc import Callable

import msgspec

from assay.dependencies.cataloger import Cataloguer, File, Fragment
from assay.dependencies.locks import (
    conan,
    dart,
    elixir,
    golang,
    gradle,
    haskell,
    names,
    npm,
    nuget,
    others,
    php,
    python,
    python_manifests,
    ruby,
    rust,
    swift,
)
from assay.model.errors import MalformedError, UnsupportedError


def _guarded(row: Cataloguer) -> Cataloguer:
    """The row, with a damaged file as a damaged sheet: the lock's own cataloguer already makes the gap."""

    def catalogue(file: File, read: Callable[[File], Fragment] = row.catalogue) -> Fragment:
        try:
            return read(file)
        except (MalformedError, UnsupportedError) as error:
            return Fragment(sheets=names.damaged(file.path, f"{error.what}: {error.why}" if error.why else error.what))

    return msgspec.structs.replace(row, catalogue=catalogue)


ROWS: tuple[Cataloguer, ...] = tuple(
    _guarded(row)
    for row in (
        rust.ROW,
        php.ROW,
        ruby.ROW,
        golang.ROW,
        npm.ROW,
        nuget.ROW,
        conan.ROW,
        dart.ROW,
        elixir.ROW,
        gradle.ROW,
        haskell.ROW,
        swift.ROW,
        others.ROW,
        python.NAMED,
        python.ROW,
        python_manifests.ROW,
        python.REQUIREMENTS,
        python.FOLDER,
    )
)
"""Every reader of manifests and locks."""

__all__ = ["ROWS"]
