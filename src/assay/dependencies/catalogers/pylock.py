"""PEP 751: `pylock.toml` and `pylock.<name>.toml`.

packaging.python.org, "pylock.toml specification" 1.0. A package whose marker asks for an extra or a dependency group
in every alternative belongs to these; any other is the project's own.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from assay.dependencies import lockfiles
from assay.dependencies.cataloger import Cataloguer, File, Fragment, Wanted
from assay.dependencies.lockfiles import Locked, table, tables, text
from assay.dependencies.names import canonical_name
from assay.formats import toml
from assay.model.errors import UnsupportedError
from assay.model.patterns import lazy

_FILE = lazy(r"pylock(?:\.[^.]+)?\.toml")
_MEMBER = lazy(r"""["']([^"']+)["']\s+in\s+(dependency_groups|extras)\b""")
_DISTRIBUTIONS = ("archive", "sdist")
_SOURCES = ("archive", "directory", "vcs")


def catalogue(file: File) -> Fragment:
    """One `pylock.toml`; nothing for other TOML files.

    Raises:
        MalformedError: not TOML, or without `packages` or `lock-version`.
        UnsupportedError: another major version of the form, or too many entries.
    """
    if not _FILE.fullmatch(file.path.rpartition("/")[2]):
        return Fragment()
    lock = toml.loads(file.data(), where=file.path, limit=file.limits.lock_file_bytes)
    version = text(lock, "lock-version")
    if not version or not isinstance(lock.get("packages"), list):
        raise lockfiles.malformed(file, "pylock.toml", "without `lock-version` or a list `packages`")
    if version.partition(".")[0] != "1":
        raise UnsupportedError("pylock.toml of an unknown version", where=file.path, why=repr(version[:50]))
    return Fragment(packages=lockfiles.packages(file, "pypi", _entries(lock)))


def _entries(lock: Mapping[str, Any]) -> Iterator[Locked]:
    for body in tables(lock["packages"]):
        name = text(body, "name")
        if not name or table(body.get("directory")).get("path") == ".":
            continue  # the project itself
        marker = text(body, "marker")
        yield Locked(
            name=name,
            version=text(body, "version"),
            hashes=lockfiles.hashes(_hashes(body)),
            commit=lockfiles.commit(text(table(body.get("vcs")), "commit-id")),
            groups=_groups(marker),
            depends=tuple(
                sorted({canonical_name("PyPI", text(one, "name")) for one in tables(body.get("dependencies"))} - {""})
            ),
            properties=tuple(_properties(body, marker)),
        )


def _hashes(body: Mapping[str, Any]) -> Iterator[str]:
    for distribution in (*(table(body.get(kind)) for kind in _DISTRIBUTIONS), *tables(body.get("wheels"))):
        for kind, value in table(distribution.get("hashes")).items():
            yield f"{kind}:{value}"


def _groups(marker: str) -> frozenset[str]:
    """`"dev" in dependency_groups or "x" in extras`: in both; one alternative without such a test: in none."""
    found: set[str] = set()
    for alternative in marker.split(" or "):
        members = _MEMBER.findall(alternative)
        if not members:
            return frozenset()
        found.update("optional" if kind == "extras" else name for name, kind in members)
    return frozenset(found)


def _properties(body: Mapping[str, Any], marker: str) -> Iterator[tuple[str, str]]:
    if marker:
        yield "pypi:markers", marker[:500]
    for kind in _SOURCES:
        if kind in body:
            yield "pypi:source", kind


CATALOGUER = Cataloguer(
    name="pylock",
    version=1,
    ecosystem="pypi",
    wants=Wanted(suffixes=frozenset([".toml"]), limit="lock_file_bytes"),
    catalogue=catalogue,
)
