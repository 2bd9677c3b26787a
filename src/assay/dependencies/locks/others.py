"""Ecosystems of which presence and digests are told; what their manifest asks for is not read, and so is unknown."""

import re
from collections.abc import Callable

import msgspec

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Wanted
from assay.dependencies.catalogers import (
    gradle_lock,
    haskell_lock,
    swift_resolved,
)
from assay.dependencies.locks import reading
from assay.dependencies.sheets import Sheet


class _Kind(msgspec.Struct, frozen=True):
    """Lock and manifest names of one tool; `asks` = what a manifest holds that names packages."""

    ecosystem: str
    tool: str
    locks: tuple[str, ...]
    manifests: tuple[str, ...]
    asks: re.Pattern[bytes]
    catalogue: Callable[[File], Fragment] | None
    hashable: bool


_KINDS = (
    _Kind("maven", "maven", (), ("pom.xml",), re.compile(rb"<dependency>"), None, False),
    _Kind("maven", "gradle", ("gradle.lockfile",), ("build.gradle", "build.gradle.kts"),
          re.compile(rb"\b(?:implementation|api|compile|runtimeOnly)\b"), gradle_lock.CATALOGUER.catalogue, False),
    _Kind("swift", "swiftpm", ("Package.resolved",), ("Package.swift",), re.compile(rb"\.package\("),
          swift_resolved.CATALOGUER.catalogue, True),
    _Kind("hackage", "cabal", ("cabal.project.freeze", "stack.yaml.lock"), ("stack.yaml",),
          re.compile(rb"(?m)^extra-deps:"), haskell_lock.CATALOGUER.catalogue, False),
)  # fmt: skip
_BY_NAME = {name: kind for kind in _KINDS for name in (*kind.locks, *kind.manifests) if not name.startswith(".")}
_BY_SUFFIX = {name: kind for kind in _KINDS for name in kind.manifests if name.startswith(".")}


def catalogue(file: File) -> Fragment:
    """One manifest or lock.

    Raises:
        MalformedError, UnsupportedError: as the lock's cataloguer.
    """
    base = file.path.rpartition("/")[2]
    kind = _BY_NAME.get(base) or _BY_SUFFIX.get("." + base.rpartition(".")[2].lower())
    if kind is None or reading.foreign(file.path) or {".build", "deps", "META-INF"} & set(file.path.split("/")[:-1]):
        return Fragment()
    if base in kind.locks:
        found = reading.entries(file, kind.catalogue) if kind.catalogue is not None else ()
        return reading.fragment(
            Sheet(role="lock", ecosystem=kind.ecosystem, tool=kind.tool, entries=found, hashable=kind.hashable)
        )
    if kind.asks.search(file.data()) is None:
        return Fragment()
    said = f"what {base if base in _BY_NAME else 'the project file'} asks for is not read"
    return reading.fragment(Sheet(role="manifest", ecosystem=kind.ecosystem, tool=kind.tool, undecided=(said,)))


ROW = Cataloguer(
    name="locks-others",
    version=2,
    ecosystem="",
    wants=Wanted(names=frozenset(_BY_NAME), suffixes=frozenset(_BY_SUFFIX), limit="lock_file_bytes"),
    catalogue=catalogue,
)
