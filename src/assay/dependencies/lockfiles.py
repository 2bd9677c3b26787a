"""What readers of lock files share: shapes, integrity values, commits, groups, and the way to a `Package`.

A lock file is somebody else's text: a value of another shape than its tool writes counts as absent, and a document
whose frame is wrong is malformed.
"""

import binascii
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from assay.dependencies.cataloger import File, Package
from assay.dependencies.names import canonical_name
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.inventory import Licence
from assay.model.patterns import lazy

HASH_BYTES = {"md5": 16, "sha1": 20, "sha256": 32, "sha384": 48, "sha512": 64}
_HEX = lazy(r"[0-9a-f]+")
_COMMIT = lazy(r"[0-9a-f]{40}|[0-9a-f]{64}")
_URL_COMMIT = lazy(r"(?:[#@=]|/tar\.gz/|/archive/|[#&][a-z]+:)([0-9a-f]{40})(?![0-9A-Za-z])")
_GROUPS_COUNT = 256
"""Every group is followed through the whole graph."""
_Place = TypeVar("_Place")


class Locked(msgspec.Struct, frozen=True, kw_only=True):
    """One package of a lock file, whatever the tool."""

    name: str
    version: str = ""
    hashes: tuple[str, ...] = ()
    commit: str = ""
    groups: frozenset[str] = frozenset()
    """Groups it is needed for when the project itself does not need it: `dev`, `optional`, `test`, …"""
    depends: tuple[str, ...] = ()
    scope: str = ""
    """What `depends` are for."""
    optional: frozenset[str] = frozenset()
    """Those of `depends` that may be missing, or that only an extra asks for."""
    provides: tuple[str, ...] = ()
    properties: tuple[tuple[str, str], ...] = ()
    licence: Licence = Licence(reason="the lock file records no licence")


def packages(file: File, ecosystem: str, found: Iterable[Locked]) -> tuple[Package, ...]:
    """One package for each name, version and commit, sorted; it is in a group only if every entry of it is.

    Raises:
        UnsupportedError: more entries than `packages_count`.
    """
    merged: dict[tuple[str, str, str], Locked] = {}
    for count, entry in enumerate(found):
        if count == file.limits.packages_count:
            raise UnsupportedError("the lock file has too many entries", where=file.path, why=f"limit {count}")
        key = (entry.name, entry.version, entry.commit)
        first = merged.get(key)
        merged[key] = entry if first is None else _merge(first, entry)
    return tuple(_package(ecosystem, merged[key]) for key in sorted(merged))


def _merge(first: Locked, other: Locked) -> Locked:
    return msgspec.structs.replace(
        first,
        groups=first.groups & other.groups,
        hashes=tuple(sorted({*first.hashes, *other.hashes})),
        depends=tuple(sorted({*first.depends, *other.depends})),
        # What one entry needs outright is needed outright.
        optional=(first.optional | other.optional)
        - (frozenset(first.depends) - first.optional)
        - (frozenset(other.depends) - other.optional),
        provides=tuple(sorted({*first.provides, *other.provides})),
        properties=tuple(sorted({*first.properties, *other.properties})),
    )


def _package(ecosystem: str, entry: Locked) -> Package:
    properties = {*entry.properties, *((f"{ecosystem}:{group[:100]}", "true") for group in entry.groups if group)}
    if entry.commit:
        properties.add((f"{ecosystem}:commit", entry.commit))
    namespace, purl_name = "", ""
    if ecosystem == "npm":
        namespace, _, base = entry.name.rpartition("/")
        purl_name = base if namespace else ""
    elif ecosystem == "pypi":
        purl_name = canonical_name("PyPI", entry.name)
    provides = (purl_name,) if ecosystem == "pypi" and purl_name != entry.name else ()
    return Package(
        ecosystem=ecosystem,
        name=entry.name,
        version=entry.version,
        namespace=namespace,
        purl_name=purl_name,
        licence=entry.licence,
        hashes=entry.hashes,
        properties=tuple(sorted(properties)),
        kind="lock-file",
        confidence="strong" if entry.version else "weak",
        depends=entry.depends,
        scope=entry.scope,
        scoped=tuple((name, "optional") for name in sorted(entry.optional)),
        provides=tuple(sorted({*entry.provides, *provides})),
    )


def malformed(file: File, what: str, why: str) -> MalformedError:
    """The error of a document whose frame is wrong: `what` names the tool's file."""
    return MalformedError(f"not a {what}", where=file.path, why=why[:200], remedy="let its tool write the file anew")


def table(value: Any) -> Mapping[str, Any]:
    """A table, or an empty one for any other shape."""
    return value if isinstance(value, dict) else {}


def tables(value: Any) -> Iterator[Mapping[str, Any]]:
    """The tables of a list; nothing for any other shape."""
    return (item for item in value if isinstance(item, dict)) if isinstance(value, list) else iter(())


def texts(value: Any) -> tuple[str, ...]:
    """The texts of a list; nothing for any other shape."""
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def text(body: Mapping[str, Any], key: str) -> str:
    """A text, or an empty one for any other shape."""
    value = body.get(key)
    return value if isinstance(value, str) else ""


def hashed(value: str) -> str | None:
    """`sha256:<hex>` in lower case if it is one of the known kinds at its full length, else None."""
    kind, _, digits = value.strip().lower().partition(":")
    size = HASH_BYTES.get(kind)
    return f"{kind}:{digits}" if size and len(digits) == 2 * size and _HEX.fullmatch(digits) else None


def hashes(values: Iterable[str]) -> tuple[str, ...]:
    """The well-formed ones of `kind:hex`, sorted."""
    return tuple(sorted({found for value in values if (found := hashed(value))}))


def integrity(value: str) -> tuple[str, ...]:
    """W3C Subresource Integrity (`sha512-<base64>`, blanks between several) as `sha512:<hex>`, sorted."""
    found: set[str] = set()
    for item in value.split():
        kind, _, encoded = item.partition("-")
        try:
            raw = binascii.a2b_base64(encoded.partition("?")[0], strict_mode=True)
        except (binascii.Error, ValueError):
            continue
        if len(raw) == HASH_BYTES.get(kind):
            found.add(f"{kind}:{raw.hex()}")
    return tuple(sorted(found))


def commit(value: str) -> str:
    """The text if it is a whole commit id, else nothing."""
    return value if _COMMIT.fullmatch(value) else ""


def url_commit(url: str) -> str:
    """The commit a source URL is pinned to: behind `#`, or in the path of an archive; else nothing."""
    match = _URL_COMMIT.search(url)
    return match[1] if match else ""


def groups_of(
    roots: Mapping[str, Sequence[_Place]], edges: Callable[[_Place], Iterable[_Place]], main: str = ""
) -> dict[_Place, frozenset[str]]:
    """For each entry that is reached: the groups that need it, or none if the project's own (`main`) does.

    Args:
        roots: group → the entries it names.
        edges: entry → the entries it needs.
        main: the name of the group that is the project itself.

    Raises:
        UnsupportedError: more groups than any project has.
    """
    if len(roots) > _GROUPS_COUNT:
        raise UnsupportedError("the lock file has too many groups", why=f"{len(roots)}, limit {_GROUPS_COUNT}")
    reached: dict[_Place, set[str]] = {}
    for group, starts in roots.items():
        stack = list(starts)
        while stack:
            place = stack.pop()
            known = reached.setdefault(place, set())
            if group not in known:
                known.add(group)
                stack.extend(edges(place))
    return {place: frozenset() if main in known else frozenset(known) for place, known in reached.items()}
