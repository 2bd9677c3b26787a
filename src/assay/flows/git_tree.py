"""A tree of a repository as entries: every object's id recomputed; bounded, however its trees repeat each other."""

from collections.abc import Iterator, Mapping

from assay.model.errors import MalformedError, UnsupportedError, UntrustedError
from assay.model.limits import Limits
from assay.model.tree import TreeEntry
from assay.ports.git import GitObjects
from assay.source import gitobjects
from assay.source.gitobjects import FOLDER, PROGRAM, SUBMODULE, SYMLINK, Kind, TreeItem

_DEPTH_COUNT = 64


def read(objects: GitObjects, identifier: str, kind: Kind, *, where: str) -> bytes:
    """An object's bytes.

    Raises:
        UntrustedError: they are not those of the id, or of another kind.
    """
    found, data = objects.read(identifier)
    if found != kind:
        raise UntrustedError(
            "a git object of another kind", where=f"{where} {identifier}", why=f"a {found}, expected a {kind}",
            remedy="fetch again from another place",
        )  # fmt: skip
    return gitobjects.check(kind, data, identifier, where=where)


def items(objects: GitObjects, identifier: str, limits: Limits, *, where: str) -> Mapping[bytes, TreeItem]:
    """Everything below a tree: path → its line, folders too, by the bytes of the paths.

    Raises:
        MalformedError, UntrustedError. UnsupportedError: more or deeper or longer than the limits.
    """
    found: dict[bytes, TreeItem] = {}
    for path, item in _walk(objects, identifier, b"", where, 0):
        if len(found) == limits.build_entries_count:
            raise _over(where, f"more than {limits.build_entries_count} entries")
        if len(path) > limits.path_bytes:
            raise _over(where, f"a path of {len(path)} bytes, limit {limits.path_bytes}")
        found[path] = item
    return dict(sorted(found.items()))


def _walk(
    objects: GitObjects, identifier: str, folder: bytes, where: str, depth: int
) -> Iterator[tuple[bytes, TreeItem]]:
    if depth > _DEPTH_COUNT:
        raise MalformedError("folders nested too deep", where=where, why=f"limit {_DEPTH_COUNT}")
    for item in gitobjects.tree(read(objects, identifier, "tree", where=where), identifier, where=where):
        path = folder + item.name
        yield path, item
        if item.mode == FOLDER:
            yield from _walk(objects, item.id, path + b"/", where, depth + 1)


def entries(
    objects: GitObjects, found: Mapping[bytes, TreeItem], *, where: str
) -> Iterator[tuple[TreeEntry, tuple[bytes, ...]]]:
    """The entries with their content, one at a time, whatever `.gitattributes` in the tree asks for.

    Raises:
        UnsupportedError: a submodule, or a pointer to a file that lies elsewhere (LFS).
    """
    for path, item in found.items():
        shown = f"{where} {path[:300].decode('utf-8', 'backslashreplace')}"
        if item.mode == FOLDER:
            yield TreeEntry(path=path, kind="directory", mode=0o755), ()
            continue
        if item.mode == SUBMODULE:
            raise UnsupportedError(
                "a submodule", where=shown, why="it lies in another repository", remedy="name it as a source of its own"
            )
        content = read(objects, item.id, "blob", where=where)
        if item.mode == SYMLINK:
            if not content or b"\0" in content:
                raise MalformedError("a link that leads nowhere", where=shown, why="it is empty or holds NUL")
            yield TreeEntry(path=path, kind="symlink", mode=0o777, link=content), ()
            continue
        if gitobjects.lfs_digest(content):
            raise UnsupportedError(
                "a pointer to a file that lies elsewhere (LFS)", where=shown,
                why="its content is not in the repository", remedy="name the file as a source with its digest",
            )  # fmt: skip
        yield TreeEntry(path=path, mode=0o755 if item.mode == PROGRAM else 0o644, size=len(content)), (content,)


def _over(where: str, why: str) -> UnsupportedError:
    return UnsupportedError("a git tree over its limits", where=where, why=why, remedy="raise it if you trust the tree")
