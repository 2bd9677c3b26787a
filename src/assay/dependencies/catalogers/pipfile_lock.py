"""Pipenv: `Pipfile.lock` (JSON): `default`, `develop`, and further categories by their own names.

Pipenv documentation, "Pipfile.lock specification". The file holds no edges.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from assay.dependencies import lockfiles
from assay.dependencies.cataloger import Cataloguer, File, Fragment, Wanted
from assay.dependencies.lockfiles import Locked, table, text, texts
from assay.formats import strictjson

_META = "_meta"
_GROUPS = {"default": "", "develop": "dev"}


def catalogue(file: File) -> Fragment:
    """One `Pipfile.lock`.

    Raises:
        MalformedError: not a JSON object of objects.
        UnsupportedError: more entries than `packages_count`.
    """
    lock = strictjson.loads(file.data(), where=file.path, limit=file.limits.lock_file_bytes)
    if not isinstance(lock, dict) or not all(isinstance(part, dict) for part in lock.values()):
        raise lockfiles.malformed(file, "Pipfile.lock", "not an object of categories")
    return Fragment(packages=lockfiles.packages(file, "pypi", _entries(lock)))


def _entries(lock: Mapping[str, Any]) -> Iterator[Locked]:
    needed: dict[str, set[str]] = {}
    for category, members in lock.items():
        if category != _META:
            for name in members:
                needed.setdefault(name, set()).add(_GROUPS.get(category, category))
    for category, members in lock.items():
        if category == _META:
            continue
        for name, value in members.items():
            body = table(value)
            groups = needed[name]
            yield Locked(
                name=name,
                version=_pinned(text(body, "version")),
                hashes=lockfiles.hashes(texts(body.get("hashes"))),
                commit=lockfiles.commit(text(body, "ref")),
                groups=frozenset() if "" in groups else frozenset(groups),
                properties=tuple(_properties(body)),
            )


def _pinned(version: str) -> str:
    """`==1.0`; anything else pins nothing."""
    return version.lstrip("=").strip() if version.startswith("==") and "*" not in version else ""


def _properties(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if markers := text(body, "markers"):
        yield "pypi:markers", markers[:500]
    for kind in ("file", "git", "path"):
        if text(body, kind):
            yield "pypi:source", kind


CATALOGUER = Cataloguer(
    name="pipfile-lock",
    version=1,
    ecosystem="pypi",
    wants=Wanted(names=frozenset(["Pipfile.lock"]), limit="lock_file_bytes"),
    catalogue=catalogue,
)
