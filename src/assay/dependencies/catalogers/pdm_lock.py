"""PDM: `pdm.lock`, versions 3 and 4.

PDM documentation, "Lock file". `groups` lists what asks for a package; `default` is the project itself. A package with
extras has an entry more, of the same name and version. Before version 4.4 hashes lie under `[metadata.files]`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from assay.dependencies import lockfiles
from assay.dependencies.cataloger import Cataloguer, File, Fragment, Wanted
from assay.dependencies.lockfiles import Locked, table, tables, text, texts
from assay.dependencies.names import canonical_name
from assay.formats import toml
from assay.model.patterns import lazy

_DEFAULT = "default"
_NAME = lazy(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def catalogue(file: File) -> Fragment:
    """One `pdm.lock`.

    Raises:
        MalformedError: not TOML, or `package` is no list.
        UnsupportedError: more entries than `packages_count`.
    """
    lock = toml.loads(file.data(), where=file.path, limit=file.limits.lock_file_bytes)
    if not isinstance(lock.get("package", []), list):
        raise lockfiles.malformed(file, "pdm.lock", "`package` is no list")
    return Fragment(packages=lockfiles.packages(file, "pypi", _entries(lock)))


def _entries(lock: Mapping[str, Any]) -> Iterator[Locked]:
    recorded = table(table(lock.get("metadata")).get("files"))
    for body in tables(lock.get("package")):
        name, version = text(body, "name"), text(body, "version")
        if not name:
            continue
        groups = frozenset(texts(body.get("groups")))
        files = body.get("files", recorded.get(f"{name} {version}"))
        yield Locked(
            name=name,
            version=version,
            hashes=lockfiles.hashes(text(one, "hash") for one in tables(files)),
            commit=lockfiles.commit(text(body, "revision")),
            groups=frozenset() if _DEFAULT in groups else groups,
            depends=tuple(sorted(set(_depends(body, name)))),
            properties=tuple(_properties(body)),
        )


def _depends(body: Mapping[str, Any], name: str) -> Iterator[str]:
    """Names of PEP 508 requirements; the entry of an extra requires its own package, which says nothing."""
    for requirement in texts(body.get("dependencies")):
        match = _NAME.match(requirement)
        if match and (wanted := canonical_name("PyPI", match[0])) != canonical_name("PyPI", name):
            yield wanted


def _properties(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if marker := text(body, "marker"):
        yield "pypi:markers", marker[:500]
    for kind in ("git", "path", "url"):
        if text(body, kind):
            yield "pypi:source", kind


CATALOGUER = Cataloguer(
    name="pdm-lock",
    version=1,
    ecosystem="pypi",
    wants=Wanted(names=frozenset(["pdm.lock"]), limit="lock_file_bytes"),
    catalogue=catalogue,
)
