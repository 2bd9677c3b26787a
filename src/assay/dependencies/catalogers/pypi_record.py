"""PyPI: the files a distribution says it installed (`RECORD` of PEP 376 and 627; `installed-files.txt` of an egg).

Only what could be a program is remembered, as path hashes: such a file belongs to a known distribution and is no
unknown program (`dependencies.claims`). It stays that distribution's own claim: nothing is folded into an owner by it.
"""

from collections.abc import Iterator
from posixpath import normpath

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Ownership, Wanted
from assay.dependencies.paths import path_hashes
from assay.model.errors import MalformedError

_NO_PROGRAMS = (
    b".py", b".pyc", b".pyi", b".mo", b".po", b".json", b".so", b".h", b".gz", b".html", b".js", b".pyx", b".pxd",
    b".hpp", b".c", b".cpp", b".css", b".txt", b".md", b".rst", b".csv", b".npz", b".png", b".svg", b".typed",
    b".toml", b".yaml", b".yml", b".xml", b"/METADATA", b"/RECORD", b"/WHEEL", b"/INSTALLER", b"/REQUESTED",
)  # fmt: skip
"""Endings of files that are not programs by themselves, the commonest first; nearly all of a wheel."""
_MOVED = b"../../bin/"
"""`pip install --target DIR` installs into `lib/python`, moves all of it up into DIR, and leaves RECORD as it was."""
_LINE_BYTES = 8_192
_ODD_STARTS = (b".", b"/")


def catalogue(file: File) -> Fragment:
    """One list of installed files; paths are relative to the folder that holds the metadata's, or absolute.

    Raises:
        MalformedError: a line longer than any path.
    """
    directory, _, name = file.path.rpartition("/")
    site, _, folder = directory.rpartition("/")
    if name == "RECORD" and folder.endswith(".dist-info"):
        base = site
    elif name == "installed-files.txt" and folder.endswith(".egg-info"):
        base = directory
    else:
        return Fragment()
    hashes = path_hashes(_programs(file, base.encode("utf-8", "surrogateescape")))
    return Fragment(ownership=(Ownership("pypi", folder, "", hashes),)) if hashes else Fragment()


def _programs(file: File, base: bytes) -> Iterator[bytes]:
    for number, line in enumerate(file.data().split(b"\n"), 1):
        path, comma, _ = line.partition(b",")
        if not comma or line[:1] == b'"':  # elsewhere the first comma ends the path: nearly every line
            path = _path(line.rstrip(b"\r"))
        if not path or path.endswith(_NO_PROGRAMS):
            continue
        if len(path) > _LINE_BYTES:
            raise MalformedError("not a list of installed files", where=file.path, why=f"line {number} is no path")
        if path.startswith(_MOVED):
            yield (base + b"/bin/" + path.removeprefix(_MOVED)).lstrip(b"/")
        if path[:1] in _ODD_STARTS or path.find(b"/.") >= 0 or path.find(b"//") >= 0 or path.endswith(b"/"):
            whole = normpath(path if path.startswith(b"/") else base + b"/" + path).lstrip(b"/")
        else:
            whole = (base + b"/" + path).lstrip(b"/")
        if not whole.startswith(b"../"):
            yield whole


def _path(line: bytes) -> bytes:
    """The first field of a CSV line (PEP 376); in `installed-files.txt` there is only one."""
    if line.startswith(b'"'):
        return line[1:].partition(b'",')[0].removesuffix(b'"').replace(b'""', b'"')
    return line.partition(b",")[0]


CATALOGUER = Cataloguer(
    name="pypi-record",
    version=1,
    ecosystem="pypi",
    wants=Wanted(names=frozenset(["RECORD", "installed-files.txt"]), limit="text_database_bytes"),
    catalogue=catalogue,
)
