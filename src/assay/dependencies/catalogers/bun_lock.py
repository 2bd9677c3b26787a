"""Bun: `bun.lock` (text, JSON with trailing commas). The older binary `bun.lockb` is named as not supported.

Bun documentation, "Lockfile". `packages` by the place in `node_modules`: `["name@version", registry, {edges},
integrity]`; what comes from Git, a file or an URL has fewer parts. Groups are what is reached from `workspaces`.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from assay.dependencies import lockfiles
from assay.dependencies.cataloger import Cataloguer, File, Fragment, Wanted
from assay.dependencies.lockfiles import Locked, table, text
from assay.formats import strictjson
from assay.model.errors import UnsupportedError
from assay.model.patterns import lazy

COMMA = lazy(r'("(?:[^"\\]|\\.|\\\Z)*+"?)|,(?=[ \t\r\n]*+[\]}])', re.DOTALL)
_NUMBER = lazy(r"\d+\.\d+\.\d+.*", re.DOTALL)
_GIT = lazy(r"#([0-9a-f]{40})$")
_GROUPS = {"dependencies": "", "peerDependencies": "", "devDependencies": "dev", "optionalDependencies": "optional"}
_EDGES = ("dependencies", "optionalDependencies", "peerDependencies")
_BINARY = "bun.lockb"


def catalogue(file: File) -> Fragment:
    """One `bun.lock`.

    Raises:
        MalformedError: no JSON with a table `packages` of lists.
        UnsupportedError: the binary form, or too many entries.
    """
    directory, _, base = file.path.rpartition("/")
    if "node_modules" in directory.split("/") or (base == _BINARY and file.installed):
        return Fragment()
    if base == _BINARY:
        why = "the binary form has no public description; `bun install --save-text-lockfile` writes bun.lock"
        raise UnsupportedError("bun.lockb is not read", where=file.path, why=why)
    try:
        plain = COMMA.sub(lambda match: match[1] or "", file.data().decode("utf-8")).encode()
    except UnicodeDecodeError as error:
        raise lockfiles.malformed(file, "bun.lock", f"not UTF-8 at byte {error.start}") from error
    lock = strictjson.loads(plain, where=file.path, limit=file.limits.lock_file_bytes)
    if not isinstance(lock, dict) or not isinstance(lock.get("packages", {}), dict):
        raise lockfiles.malformed(file, "bun.lock", "no table `packages`")
    most = file.limits.path_bytes
    entries = {
        place: value for place, value in table(lock.get("packages")).items() if len(place) <= most and _is_entry(value)
    }
    if len(entries) != len(table(lock.get("packages"))):
        raise lockfiles.malformed(file, "bun.lock", "an entry that does not begin with `name@version`")
    return Fragment(packages=lockfiles.packages(file, "npm", _entries(lock, entries)))


def _is_entry(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], str) and "@" in value[0][1:]


def _entries(lock: Mapping[str, Any], entries: Mapping[str, list[Any]]) -> Iterator[Locked]:
    groups = _reached(lock, entries)
    for place, entry in entries.items():
        name, version = _identity(entry)
        if version.startswith("workspace:"):
            continue
        released = version if _NUMBER.fullmatch(version) else ""
        last = entry[-1] if isinstance(entry[-1], str) else ""
        commit = _GIT.search(version)
        yield Locked(
            name=name,
            version=released,
            hashes=lockfiles.integrity(last),
            commit=commit[1] if commit else "",
            groups=groups.get(place, frozenset()),
            depends=tuple(sorted({_exact(found, entries) for found in _edges(place, entries)})),
            provides=(f"{name}@{released}",) if released else (),
        )


def _identity(entry: list[Any]) -> tuple[str, str]:
    value: str = entry[0]
    at = value.index("@", 1)
    return value[:at], value[at + 1 :]


def _exact(place: str, entries: Mapping[str, list[Any]]) -> str:
    name, version = _identity(entries[place])
    return f"{name}@{version}" if _NUMBER.fullmatch(version) else name


def _edges(place: str, entries: Mapping[str, list[Any]]) -> Iterator[str]:
    """The places an entry's dependencies are found at."""
    body = next((part for part in entries.get(place, ()) if isinstance(part, dict)), {})
    for kind in _EDGES:
        for name in table(body.get(kind)):
            if (found := _find(place, name, entries)) is not None:
                yield found


def _find(place: str, name: str, entries: Mapping[str, list[Any]]) -> str | None:
    """Node's own search: below the package itself, then below each that holds it, then at the root."""
    while place:
        if (inner := f"{place}/{name}") in entries:
            return inner
        outer, _, last = place.rpartition("/")
        above, _, scope = outer.rpartition("/")
        place = above if scope.startswith("@") and last else outer
    return name if name in entries else None


def _reached(lock: Mapping[str, Any], entries: Mapping[str, list[Any]]) -> dict[str, frozenset[str]]:
    roots: dict[str, list[str]] = {}
    for workspace in table(lock.get("workspaces")).values():
        member = text(table(workspace), "name")
        for kind, group in _GROUPS.items():
            for name in table(table(workspace).get(kind)):
                if (found := _find(member if member in entries else "", name, entries)) is not None:
                    roots.setdefault(group, []).append(found)
    return lockfiles.groups_of(roots, lambda place: _edges(place, entries))


CATALOGUER = Cataloguer(
    name="bun-lock",
    version=1,
    ecosystem="npm",
    wants=Wanted(names=frozenset(["bun.lock", _BINARY]), limit="lock_file_bytes"),
    catalogue=catalogue,
)
