"""Poetry: `poetry.lock`, versions 1.x (`category`, hashes under `[metadata.files]`) and 2.x (`groups`, `files`).

Poetry documentation, "poetry.lock". A package of the main group is in no group; `optional` stands for one that only
an extra asks for, and `pypi:markers` for what the environment must be.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from assay.dependencies import lockfiles
from assay.dependencies.cataloger import Cataloguer, File, Fragment, Wanted
from assay.dependencies.lockfiles import Locked, table, tables, text, texts
from assay.dependencies.names import canonical_name
from assay.formats import toml

_MAIN = "main"


def catalogue(file: File) -> Fragment:
    """One `poetry.lock`.

    Raises:
        MalformedError: not TOML, or `package` is no list.
        UnsupportedError: more entries than `packages_count`.
    """
    lock = toml.loads(file.data(), where=file.path, limit=file.limits.lock_file_bytes)
    if not isinstance(lock.get("package", []), list):
        raise lockfiles.malformed(file, "poetry.lock", "`package` is no list")
    return Fragment(packages=lockfiles.packages(file, "pypi", _entries(lock)))


def _entries(lock: Mapping[str, Any]) -> Iterator[Locked]:
    recorded = table(table(lock.get("metadata")).get("files"))
    for body in tables(lock.get("package")):
        name = text(body, "name")
        if not name:
            continue
        source = table(body.get("source"))
        files = body.get("files", recorded.get(name))
        yield Locked(
            name=name,
            version=text(body, "version"),
            hashes=lockfiles.hashes(text(one, "hash") for one in tables(files)),
            commit=lockfiles.commit(text(source, "resolved_reference")),
            groups=_groups(body),
            depends=tuple(sorted({canonical_name("PyPI", wanted) for wanted in table(body.get("dependencies"))})),
            scope="runtime",
            optional=frozenset(_optional(table(body.get("dependencies")))),
            properties=tuple(_properties(body, source)),
        )


def _groups(body: Mapping[str, Any]) -> frozenset[str]:
    named = set(texts(body.get("groups"))) or {text(body, "category") or _MAIN}
    if _MAIN not in named:
        return frozenset(named)
    return frozenset(["optional"]) if body.get("optional") is True else frozenset()


def _optional(dependencies: Mapping[str, Any]) -> Iterator[str]:
    """Dependencies that only an extra asks for; of several constraints each must be so."""
    for name, wanted in dependencies.items():
        several = list(tables(wanted)) or [table(wanted)]
        if all(one.get("optional") is True for one in several):
            yield canonical_name("PyPI", name)


def _properties(body: Mapping[str, Any], source: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if markers := text(body, "markers"):
        yield "pypi:markers", markers[:500]
    if kind := text(source, "type"):
        yield "pypi:source", kind[:50]


CATALOGUER = Cataloguer(
    name="poetry-lock",
    version=2,
    ecosystem="pypi",
    wants=Wanted(names=frozenset(["poetry.lock"]), limit="lock_file_bytes"),
    catalogue=catalogue,
)
