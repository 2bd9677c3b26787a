"""What a CycloneDX document names, as identities that can be compared between tools.

The purl specification leaves room: an epoch stands in the version or in a qualifier, a Go path of several elements in
the name or in the sub-path, a version with or without its `v`. Only such spellings are levelled here; names that are
really different stay different, and `differences` has to say why.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

from packaging.utils import canonicalize_name

_INSIDE = re.compile(r"(\.(?:jar|war|ear))[:/](?!!)")


@dataclass(frozen=True, order=True)
class Identity:
    """An ecosystem (the purl type), a name within it and a version ("" when none is given)."""

    ecosystem: str
    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}".strip()


@dataclass
class Named:
    """How one document names an identity: its purls, the places it gives, and the tool's own properties."""

    purls: set[str] = field(default_factory=set)
    paths: set[str] = field(default_factory=set)
    facts: dict[str, str] = field(default_factory=dict)


@dataclass
class Account:
    """One tool's account of an image: the tool, its version, what it names, and what it could not read (gaps)."""

    tool: str
    version: str
    packages: dict[Identity, Named]
    gaps: dict[str, str] = field(default_factory=dict)

    def ecosystems(self) -> set[str]:
        """The purl types that occur."""
        return {identity.ecosystem for identity in self.packages}


def identity(purl: str) -> Identity:
    """A purl without what only its writer chose."""
    rest, _, subpath = purl.removeprefix("pkg:").partition("#")
    rest, _, query = rest.partition("?")
    kind, _, rest = rest.partition("/")
    rest, _, version = rest.rpartition("@") if "@" in rest[1:] else (rest, "", "")
    name, version = unquote(rest), unquote(version)
    kind = kind.lower()
    epoch = parse_qs(query).get("epoch", [""])[0]
    if epoch and epoch != "0" and ":" not in version:
        version = f"{epoch}:{version}"
    return Identity(kind, *SPELLINGS.get(kind, _plain)(name, version, unquote(subpath)))


def _plain(name: str, version: str, subpath: str) -> tuple[str, str]:
    return name, version


def _distribution(name: str, version: str, subpath: str) -> tuple[str, str]:
    """A namespace that is the distribution's name says nothing inside one image."""
    return name.rpartition("/")[2].lower(), version.removeprefix("0:")


def _python(name: str, version: str, subpath: str) -> tuple[str, str]:
    return canonicalize_name(name), version


def _go(name: str, version: str, subpath: str) -> tuple[str, str]:
    """Paths of several elements are put in the sub-path by some; the standard library's version has no `v`."""
    name = f"{name}/{subpath}" if subpath else name
    bare = version.removeprefix("go").removeprefix("v") if name == "stdlib" else version
    return name.lower(), bare


SPELLINGS = {"deb": _distribution, "rpm": _distribution, "apk": _distribution, "pypi": _python, "golang": _go}


def read(tool: str, path: Path) -> Account:
    """The account a tool wrote as CycloneDX JSON.

    Raises:
        ValueError: it is no such document or names no package (a failed run can look like that).
    """
    document = json.loads(path.read_text(encoding="utf-8"))
    components = {c.get("bom-ref", ""): c for c in document.get("components", ())}
    files = _files_of(document, components)
    packages: dict[Identity, Named] = {}
    for reference, component in components.items():
        purl, facts = component.get("purl", ""), _facts(component)
        if not purl or "assay:removed-by" in facts:
            continue
        named = packages.setdefault(identity(purl), Named())
        named.purls.add(purl)
        named.paths |= _innermost({*_paths(component, facts), *files.get(reference, ())})
        named.facts.update(facts)
    if not packages:
        raise ValueError(f"{tool} named no package: its run failed")
    told = document["metadata"].get("tools", {})
    version = next((t["version"] for t in _tools(told) if t.get("name") == tool), "unknown")
    return Account(tool, version, packages, dict(_gaps(document["metadata"])))


def _tools(told: Any) -> Iterable[dict[str, str]]:
    """CycloneDX 1.5 has an object, earlier versions a list."""
    found: Iterable[dict[str, str]] = told.get("components", ()) if isinstance(told, dict) else told
    return found


def _facts(component: dict[str, Any]) -> dict[str, str]:
    return {p["name"]: p.get("value", "") for p in component.get("properties", ())}


def _paths(component: dict[str, Any], facts: dict[str, str]) -> Iterable[str]:
    for place in component.get("evidence", {}).get("occurrences", ()):
        yield place["location"]
    for name, value in facts.items():
        if name.endswith(":path") or name in ("aquasecurity:trivy:FilePath", "syft:metadata:virtualPath"):
            yield value


def _innermost(paths: set[str]) -> set[str]:
    """Places in one spelling (`a.jar!/b.jar`); that of an archive is dropped for the one inside it."""
    plain = {_INSIDE.sub(r"\1!/", path.lstrip("/")) for path in paths}
    return {path for path in plain if not any(other.startswith(f"{path}!/") for other in plain)}


def _files_of(document: dict[str, Any], components: dict[str, Any]) -> dict[str, set[str]]:
    """Trivy names a program or a lock file as an application that leads to what was found in it."""
    edges = {node["ref"]: node.get("dependsOn", []) for node in document.get("dependencies", ())}
    found: dict[str, set[str]] = {}
    for reference, component in components.items():
        if component.get("type") == "application" and not component.get("purl"):
            waiting = list(edges.get(reference, ()))
            while waiting:
                places = found.setdefault(child := waiting.pop(), set())
                if component["name"] not in places:
                    places.add(component["name"])
                    waiting += edges.get(child, ())
    return found


def _gaps(metadata: dict[str, Any]) -> Iterable[tuple[str, str]]:
    """Path and reason of what our own scan could not read."""
    for item in metadata.get("properties", ()):
        if item["name"] == "assay:gap":
            gap = json.loads(item["value"])
            yield gap.get("path", ""), gap.get("reason", "")
