"""Swift: `Package.resolved` of a source tree, versions 1 to 3 (Swift Package Manager, `PinsStorage`).

A package is its repository: `github.com/apple/swift-nio` (purl-spec, type swift; OSV ecosystem SwiftURL).
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Package, Wanted
from assay.dependencies.lockfiles import commit, malformed, table, tables, text
from assay.formats import strictjson
from assay.model.errors import UnsupportedError
from assay.model.inventory import Gap, Licence

_NO_LICENCE = Licence(reason="Package.resolved records no licence")


def catalogue(file: File) -> Fragment:
    """One lock; in an image it is a wish, and nothing is read.

    Raises:
        MalformedError: not JSON, or without pins. UnsupportedError: more than `packages_count`.
    """
    if file.installed:
        return Fragment()
    document = table(strictjson.loads(file.data(), where=file.path, limit=file.limits.metadata_bytes))
    pins = document.get("pins", table(document.get("object")).get("pins"))
    if not isinstance(pins, list):
        raise malformed(file, "Package.resolved", "a list of pins was expected")
    if len(pins) > file.limits.packages_count:
        raise UnsupportedError("the lock file has too many entries", where=file.path, why=f"{len(pins)}")
    found = [package for pin in tables(pins) if (package := _package(pin)) is not None]
    lost = len(pins) - len(found)
    why = f"{lost} pins without a location on a host: no package URL names them"
    gaps = (Gap("unreadable", file.path, None, why, "swift-resolved"),) if lost else ()
    return Fragment(packages=tuple(found), gaps=gaps)


def _package(pin: Mapping[str, Any]) -> Package | None:
    """A pin to a branch or commit has no version."""
    location, state = text(pin, "location") or text(pin, "repositoryURL"), table(pin.get("state"))
    registry = text(pin, "kind") == "registry"
    name = text(pin, "identity").replace(".", "/", 1) if registry else repository(location)
    namespace, _, base = name.rpartition("/")
    if not (namespace and base):
        return None
    facts = {
        "swift:branch": text(state, "branch"),
        "swift:commit": commit(text(state, "revision")),
        "swift:source": "registry" if registry else "",
    }
    version = text(state, "version")
    return Package(
        ecosystem="swift",
        name=name,
        version=version,
        namespace=namespace,
        purl_name=base,
        licence=_NO_LICENCE,
        properties=tuple((key, value) for key, value in sorted(facts.items()) if value),
        kind="lock-file",
        confidence="strong" if version else "weak",
    )


def repository(location: str) -> str:
    """Host and path of a repository, without scheme, user, port and `.git`; empty for a folder.

    >>> repository("https://github.com/apple/swift-nio.git"), repository("git@github.com:apple/swift-nio.git")
    ('github.com/apple/swift-nio', 'github.com/apple/swift-nio')
    """
    if "://" not in location:
        before, colon, path = location.partition(":")
        if not colon or "/" in before:
            return ""
        location = f"ssh://{before}/{path.lstrip('/')}"
    try:
        parts = urlsplit(location)
        host = parts.hostname or ""
    except ValueError:
        return ""
    path = parts.path.strip("/").removesuffix(".git").strip("/")
    return f"{host}/{path}" if host and path else ""


CATALOGUER = Cataloguer(
    name="swift-resolved",
    version=2,
    ecosystem="swift",
    wants=Wanted(names=frozenset(["Package.resolved"]), limit="metadata_bytes"),
    catalogue=catalogue,
)
