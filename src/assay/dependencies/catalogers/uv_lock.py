"""uv: `uv.lock` (version 1).

uv documentation, "Project structure and files" and "Resolution". The file names no group for a package: groups are
what is reached from the project's own tables (`dependencies`, `optional-dependencies`, `dev-dependencies`). The
project itself (`virtual`, or `editable = "."`) is no package; another member of a workspace is.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from assay.dependencies import lockfiles
from assay.dependencies.cataloger import Cataloguer, File, Fragment, Wanted
from assay.dependencies.lockfiles import Locked, table, tables, text
from assay.dependencies.names import canonical_name
from assay.formats import toml
from assay.model.errors import UnsupportedError

_VERSION = 1
_LOCAL = ("virtual", "editable", "directory")
_Place = tuple[str, str, str]
"""Name, version, and the extra asked for ("" = the package itself)."""


def catalogue(file: File) -> Fragment:
    """One `uv.lock`.

    Raises:
        MalformedError: not TOML, or `package` is no list.
        UnsupportedError: a lock version this reader does not know, or too many entries.
    """
    lock = toml.loads(file.data(), where=file.path, limit=file.limits.lock_file_bytes)
    if not isinstance(lock.get("package", []), list):
        raise lockfiles.malformed(file, "uv.lock", "`package` is no list")
    if lock.get("version", _VERSION) != _VERSION:
        raise UnsupportedError("uv.lock of an unknown version", where=file.path, why=repr(lock["version"])[:100])
    bodies = [body for body in tables(lock.get("package")) if text(body, "name")]
    return Fragment(packages=lockfiles.packages(file, "pypi", _entries(bodies)))


def _entries(bodies: list[Mapping[str, Any]]) -> Iterator[Locked]:
    groups = _groups(bodies)
    for body in bodies:
        source = table(body.get("source"))
        if source.get("virtual") is not None or any(source.get(kind) == "." for kind in _LOCAL):
            continue
        name, version = text(body, "name"), text(body, "version")
        yield Locked(
            name=name,
            version=version,
            hashes=lockfiles.hashes(_hashes(body)),
            commit=lockfiles.url_commit(text(source, "git")),
            groups=groups.get((name, version, ""), frozenset()),
            depends=tuple(sorted({_wanted(one) for one in _dependencies(body)})),
            scope="runtime",
            optional=frozenset({_wanted(one) for one in _dependencies(body)})
            - {_wanted(one) for one in tables(body.get("dependencies"))},
            provides=(_exact(name, version),),
            properties=tuple(("pypi:source", kind) for kind in sorted(source) if kind != "registry")[:1],
        )


def _hashes(body: Mapping[str, Any]) -> Iterator[str]:
    yield text(table(body.get("sdist")), "hash")
    for wheel in tables(body.get("wheels")):
        yield text(wheel, "hash")


def _dependencies(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Of a package, with its extras; what a workspace member needs for its own development is none of it."""
    yield from tables(body.get("dependencies"))
    for extra in table(body.get("optional-dependencies")).values():
        yield from tables(extra)


def _wanted(dependency: Mapping[str, Any]) -> str:
    """A dependency names its version only where the lock holds several."""
    name, version = canonical_name("PyPI", text(dependency, "name")), text(dependency, "version")
    return _exact(name, version) if version else name


def _exact(name: str, version: str) -> str:
    return f"{name}=={version}"


def _groups(bodies: list[Mapping[str, Any]]) -> dict[_Place, frozenset[str]]:
    by_name: dict[str, list[Mapping[str, Any]]] = {}
    for body in bodies:
        by_name.setdefault(text(body, "name"), []).append(body)
    needs: dict[_Place, list[_Place]] = {}
    roots: dict[str, list[_Place]] = {}

    def places(dependencies: Any) -> Iterator[_Place]:
        for one in tables(dependencies):
            name, version = text(one, "name"), text(one, "version")
            versions = [version] if version else [text(body, "version") for body in by_name.get(name, ())]
            for each in versions:
                yield (name, each, "")
                yield from ((name, each, extra) for extra in lockfiles.texts(one.get("extra")))

    for body in bodies:
        name, version = text(body, "name"), text(body, "version")
        needs[name, version, ""] = list(places(body.get("dependencies")))
        member = any(kind in table(body.get("source")) for kind in _LOCAL)
        if member:
            roots.setdefault("", []).append((name, version, ""))
        for extra, wanted in table(body.get("optional-dependencies")).items():
            needs[name, version, extra] = list(places(wanted))
            if member:
                roots.setdefault("optional", []).append((name, version, extra))
        for group, wanted in table(body.get("dev-dependencies")).items():
            if member:
                roots.setdefault(group or "dev", []).extend(places(wanted))
    return lockfiles.groups_of(roots, lambda place: needs.get(place, ()))


CATALOGUER = Cataloguer(
    name="uv-lock",
    version=2,
    ecosystem="pypi",
    wants=Wanted(names=frozenset(["uv.lock"]), limit="lock_file_bytes"),
    catalogue=catalogue,
)
