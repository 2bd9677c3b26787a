"""pnpm: `pnpm-lock.yaml`, lock versions 5, 6 and 9.

pnpm's lock file specification. Keys of `packages`: `/name/1.0.0_peers` (5), `/name@1.0.0(peers)` (6),
`name@1.0.0(peers)` (9, with the edges in `snapshots`). The fields `name` and `version` of an entry come before its
key. Up to version 6 an entry says itself whether it is `dev`; in version 9 that is what is reached from `importers`.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from assay.dependencies import lockfiles
from assay.dependencies.cataloger import Cataloguer, File, Fragment, Wanted
from assay.dependencies.lockfiles import Locked, table, text
from assay.formats import yamlsubset
from assay.model.errors import UnsupportedError
from assay.model.patterns import lazy

_NUMBER = lazy(r"\d+\.\d+\.\d+.*", re.DOTALL)
_KEY = lazy(r"((?:@[^/@]+/)?[^/@]+)@(.*)", re.DOTALL)
_HOST = lazy(r"\A[^/@]+\.[^/@]+(?=/)")
"""Version 5 writes the registry's host before a name that comes from another one than the default."""
_KNOWN = frozenset({"5", "6", "7", "9"})
_GROUPS = {"dependencies": "", "devDependencies": "dev", "optionalDependencies": "optional"}
_LOCAL = ("link:", "workspace:")


def catalogue(file: File) -> Fragment:
    """One `pnpm-lock.yaml`.

    Raises:
        MalformedError: outside the YAML that pnpm writes, or no table with a lock version.
        UnsupportedError: a lock version this reader does not know, or too many entries.
    """
    if "node_modules/" in file.path:
        return Fragment()  # published inside a package: pnpm does not obey it there
    documents = yamlsubset.loads(file.data(), where=file.path, limit=file.limits.lock_file_bytes)
    found: list[Locked] = []
    for lock in documents:
        if not isinstance(lock, dict) or "lockfileVersion" not in lock:
            raise lockfiles.malformed(file, "pnpm-lock.yaml", "no table with `lockfileVersion`")
        version = text(lock, "lockfileVersion")
        if version.partition(".")[0] not in _KNOWN:
            raise UnsupportedError("pnpm-lock.yaml of an unknown version", where=file.path, why=repr(version[:50]))
        found += _version9(lock) if version.startswith("9") else _version5(lock)
    return Fragment(packages=lockfiles.packages(file, "npm", found))


def _version5(lock: Mapping[str, Any]) -> Iterator[Locked]:
    """Versions 5 and 6: every entry holds all."""
    for key, value in table(lock.get("packages")).items():
        body = table(value)
        yield _locked(key, body, body, _flags(body))


def _version9(lock: Mapping[str, Any]) -> Iterator[Locked]:
    """`packages` hold what is the same for all peers, `snapshots` the edges of each set of peers."""
    bodies = table(lock.get("packages"))
    snapshots = table(lock.get("snapshots")) or {key: {} for key in bodies}
    groups = _reached(lock, snapshots)
    for key, value in snapshots.items():
        snapshot = table(value)
        body = table(bodies.get(_without_peers(key)))
        found = groups.get(key, frozenset()) | (_flags(snapshot) if groups.get(key) else frozenset())
        yield _locked(key, body, snapshot, found)


def _reached(lock: Mapping[str, Any], snapshots: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    roots: dict[str, list[str]] = {}
    importers = table(lock.get("importers")) or {".": lock}
    for importer in importers.values():
        for kind, group in _GROUPS.items():
            for name, value in table(table(importer).get(kind)).items():
                roots.setdefault(group, []).append(_place(name, text(table(value), "version")))

    def edges(key: str) -> Iterator[str]:
        body = table(snapshots.get(key))
        for kind in ("dependencies", "optionalDependencies"):
            for name, version in table(body.get(kind)).items():
                yield _place(name, version if isinstance(version, str) else "")

    return lockfiles.groups_of(roots, edges)


def _place(name: str, version: str) -> str:
    """The key of a dependency: its version, or for an alias and a URL the whole key stands there."""
    return f"{name}@{version}" if _NUMBER.match(version) or "@" not in _without_peers(version)[1:] else version


def _locked(key: str, body: Mapping[str, Any], edges: Mapping[str, Any], groups: frozenset[str]) -> Locked:
    name, version = _identity(key, body)
    resolution = table(body.get("resolution"))
    source = text(resolution, "tarball") or key
    return Locked(
        name=name,
        version=version,
        hashes=lockfiles.integrity(text(resolution, "integrity")),
        commit=lockfiles.commit(text(resolution, "commit")) or lockfiles.url_commit(source),
        groups=groups,
        depends=tuple(sorted(set(_depends(edges)))),
        scope="runtime",
        optional=frozenset(_depends(edges, ("optionalDependencies",))),
        provides=(f"{name}@{version}",) if version else (),
        properties=(("npm:deprecated", text(body, "deprecated")[:500]),) if text(body, "deprecated") else (),
    )


def _identity(key: str, body: Mapping[str, Any]) -> tuple[str, str]:
    bare = _HOST.sub("", _without_peers(key)).removeprefix("/")
    match = _KEY.fullmatch(bare)
    if match is not None:
        name, version = match[1], match[2]
    else:
        name, _, version = bare.rpartition("/")
    if not _NUMBER.fullmatch(version):
        version = ""
    return text(body, "name") or name or bare, text(body, "version") or version.partition("_")[0]


def _without_peers(key: str) -> str:
    return key.partition("(")[0]


def _flags(body: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(flag for flag in ("dev", "optional") if body.get(flag) == "true")


def _depends(
    body: Mapping[str, Any], kinds: tuple[str, ...] = ("dependencies", "optionalDependencies")
) -> Iterator[str]:
    """`name@version` of each edge, as `provides` spells it; an alias by what it stands for."""
    for kind in kinds:
        for name, value in table(body.get(kind)).items():
            if not isinstance(value, str) or value.startswith(_LOCAL):
                continue
            if _NUMBER.match(value):
                yield f"{name}@{_without_peers(value).partition('_')[0]}"
            else:
                real, version = _identity(value, {})
                yield f"{real}@{version}" if version else name


CATALOGUER = Cataloguer(
    name="pnpm-lock",
    version=2,
    ecosystem="npm",
    wants=Wanted(names=frozenset(["pnpm-lock.yaml"]), limit="lock_file_bytes"),
    catalogue=catalogue,
)
