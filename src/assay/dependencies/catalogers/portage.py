"""Gentoo: packages of Portage's database, `var/db/pkg/CATEGORY/NAME-VERSION/CONTENTS`, and the files they own.

Gentoo Package Manager Specification 9, 3.2 (version specifications); vdb: `CONTENTS` has a line a file: `obj PATH MD5
TIME`, `sym PATH -> TARGET TIME`, `dir PATH`.
"""

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Package, Wanted
from assay.dependencies.lockfiles import malformed
from assay.dependencies.paths import path_hashes
from assay.model.errors import UnsupportedError
from assay.model.inventory import Licence
from assay.model.patterns import lazy

_FOLDER = "var/db/pkg/"
_CATEGORY = lazy(r"[A-Za-z0-9_][A-Za-z0-9+_.-]{0,100}")
_PACKAGE = lazy(
    r"([A-Za-z0-9_][A-Za-z0-9+_-]{0,150}?)-"
    r"([0-9]{1,20}(?:\.[0-9]{1,20}){0,20}[a-z]?(?:_(?:alpha|beta|pre|rc|p)[0-9]{0,20}){0,5}(?:-r[0-9]{1,9})?)"
)
_LICENCE = Licence(reason="Portage's list of files records no licence")


def catalogue(file: File) -> Fragment:
    """One package with the files it owns.

    Raises:
        MalformedError: a folder whose name is no package's.
        UnsupportedError: file names longer than `owned_paths_bytes` together.
    """
    category, _, rest = file.path.removeprefix(_FOLDER).partition("/")
    folder, _, base = rest.partition("/")
    if base != "CONTENTS" or folder.startswith("-MERGING-"):
        return Fragment()
    match = _PACKAGE.fullmatch(folder)
    if match is None or not _CATEGORY.fullmatch(category):
        raise malformed(file, "package of Portage", f"its folder is {category[:80]}/{folder[:80]}")
    data = file.data()
    if len(data) > file.limits.owned_paths_bytes:
        raise UnsupportedError(
            "the package lists too many files", where=file.path, why=f"limit {file.limits.owned_paths_bytes} bytes"
        )
    package = Package(
        ecosystem="ebuild",
        name=f"{category}/{match[1]}",
        version=match[2],
        namespace=category,
        purl_name=match[1],
        licence=_LICENCE,
        kind="package-database",
        files=path_hashes(path for line in data.split(b"\n") if (path := _path(line))),
    )
    return Fragment(packages=(package,))


def _path(line: bytes) -> bytes:
    """The path without its slash; empty for a folder, which belongs to many."""
    kind, _, rest = line.partition(b" ")
    if kind == b"obj":
        return rest.rsplit(b" ", 2)[0].lstrip(b"/")
    return rest.partition(b" -> ")[0].lstrip(b"/") if kind == b"sym" else b""


CATALOGUER = Cataloguer(
    name="portage",
    version=1,
    ecosystem="ebuild",
    wants=Wanted(names=frozenset(["CONTENTS"]), within=(_FOLDER,), limit="text_database_bytes"),
    catalogue=catalogue,
)
