"""Gradle: build scripts, the version catalog `libs.versions.toml` (Gradle, "Version Catalogs"), `gradle.lockfile`."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Wanted
from assay.dependencies.catalogers import gradle_lock
from assay.dependencies.lockfiles import table, text, texts
from assay.dependencies.locks import gradle_scripts, reading
from assay.dependencies.locks.neighbours import PROPERTIES
from assay.dependencies.sheets import Sheet, Wish
from assay.model.patterns import lazy

_LOCK, _CATALOG, _PROPERTIES = "gradle.lockfile", "libs.versions.toml", "gradle.properties"
_PROPERTY = lazy(r"[ \t]*([\w.-]{0,100}version[\w.-]{0,100})[ \t]*[=:][ \t]*([0-9][\w.+-]{0,60})[ \t]*", re.IGNORECASE)
"""Only versions are taken out of a file in which passwords may stand."""
_ALIAS = lazy(r"[-_.]")
_TERMS = ("strictly", "require", "prefer")


def catalogue(file: File) -> Fragment:
    """One script, catalog, file of properties or lock.

    Raises:
        MalformedError, UnsupportedError: a damaged catalog or lock, more packages than any project has.
    """
    *folders, base = file.path.split("/")
    if reading.foreign(file.path) or {"META-INF", "buildSrc"} & set(folders):
        return Fragment()
    if base == _LOCK:
        return reading.fragment(_lock(file))
    if base == _CATALOG:
        recorded = tuple(_catalog(reading.toml_table(file)))
        return reading.fragment(Sheet(role="catalog", ecosystem="maven", tool="gradle", recorded=recorded))
    if base == _PROPERTIES:
        recorded = tuple(_properties(file))
        found = Sheet(role="catalog", ecosystem="maven", tool=PROPERTIES, recorded=recorded) if recorded else None
        return reading.fragment(found)
    return reading.fragment(_script(file))


def _properties(file: File) -> Iterator[tuple[str, tuple[Wish, ...]]]:
    """The versions that `gradle.properties` names, for scripts that use them."""
    found = {match[1]: match[2] for line in reading.lines(file) if (match := _PROPERTY.fullmatch(line))}
    for name, value in sorted(found.items())[: reading.WISHES_COUNT]:
        yield name, (Wish(name, value),)


def _lock(file: File) -> Sheet:
    found = reading.entries(file, gradle_lock.CATALOGUER.catalogue)
    return Sheet(
        role="lock", ecosystem="maven", tool="gradle", entries=found, hashable=False, groups=gradle_lock.locked(file)
    )


def _script(file: File) -> Sheet | None:
    undecided: list[str] = []
    if file.size > file.limits.description_bytes:
        undecided.append(f"it is {file.size} bytes long, and not read")
        group = version = ""
        found: tuple[Wish, ...] = ()
    else:
        written = file.data().decode("utf-8", "replace")
        group, version = gradle_scripts.project(written)
        found = reading.bounded(gradle_scripts.wishes(written, undecided), file)
    if not found and not undecided:
        return None
    said = tuple(sorted(set(undecided))[:20])
    return Sheet(
        role="manifest", ecosystem="maven", tool="gradle", wishes=found, undecided=said, project=(group, "", version)
    )


def _catalog(document: Mapping[str, Any]) -> Iterator[tuple[str, tuple[Wish, ...]]]:
    """Accessor (`spring.core`, `bundles.web`) → what it stands for."""
    versions = {name: _version(value, {}) for name, value in table(document.get("versions")).items()}
    libraries = {name: _library(value, versions) for name, value in table(document.get("libraries")).items()}
    found = {_ALIAS.sub(".", name): (wish,) for name, wish in libraries.items() if wish is not None}
    yield from sorted(found.items())
    for name, members in sorted(table(document.get("bundles")).items()):
        wishes = [libraries.get(member) for member in texts(members)]
        if all(wish is not None for wish in wishes):
            yield f"bundles.{_ALIAS.sub('.', name)}", tuple(wish for wish in wishes if wish is not None)


def _library(value: Any, versions: Mapping[str, str]) -> Wish | None:
    if isinstance(value, str):
        group, _, rest = value.partition(":")
        artifact, _, version = rest.partition(":")
        return Wish(f"{group}:{artifact}", version) if group and artifact else None
    body = table(value)
    name = text(body, "module") or f"{text(body, 'group')}:{text(body, 'name')}"
    return Wish(name, _version(body.get("version"), versions)) if name.strip(":") and ":" in name else None


def _version(value: Any, versions: Mapping[str, str]) -> str:
    """A plain version, a reference, or a rich one as its terms; `?` for what is none of these."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    body = table(value)
    if "ref" in body:
        return versions.get(text(body, "ref"), "?")
    terms = [f"{name} {text(body, name)}" for name in _TERMS if text(body, name)]
    terms += [f"reject {one}" for one in texts(body.get("reject"))]
    if body.get("rejectAll") is True:
        terms.append("reject +")
    return " and ".join(terms) or "?"


ROW = Cataloguer(
    name="locks-gradle",
    version=2,
    ecosystem="maven",
    wants=Wanted(
        names=frozenset(["build.gradle", "build.gradle.kts", _CATALOG, _PROPERTIES, _LOCK]), limit="metadata_bytes"
    ),
    catalogue=catalogue,
)
