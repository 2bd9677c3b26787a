"""What of an SBOM does not survive being read and written again, named and counted (dep. 3.1).

A document of ours loses nothing. Of another tool's we keep what an `Inventory` has room for; everything else that
stands in the document is a loss. The tables name what is kept: a field nobody thought of is a loss, not silence.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from assay.formats import sbom, sbom_facts, wire
from assay.formats.spdx3_read import RELATIONSHIPS
from assay.model.inventory import Inventory
from assay.model.limits import DEFAULT_LIMITS


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_KEPT: Mapping[str, Mapping[str, frozenset[str]]] = {
    "cyclonedx": {
        "": frozenset(
            ["$schema", "bomFormat", "specVersion", "serialNumber", "version", "metadata", "components", "dependencies"]
        ),
        "metadata": frozenset(["timestamp", "component"]),
        "components[]": _names(
            "type bom-ref name group version publisher author authors supplier manufacturer description "
            "scope hashes licenses cpe purl evidence properties components"
        ),
        "dependencies[]": frozenset(["ref", "dependsOn"]),
    },
    "spdx": {
        "": _names(
            "spdxVersion dataLicense SPDXID name documentNamespace creationInfo documentDescribes "
            "packages relationships"
        ),
        "creationInfo": frozenset(["created"]),
        "packages[]": _names(
            "name SPDXID versionInfo downloadLocation filesAnalyzed copyrightText supplier originator "
            "sourceInfo licenseDeclared licenseConcluded checksums externalRefs primaryPackagePurpose "
            "annotations"
        ),
    },
}
"""By form and place: the fields that are read, or that say nothing but the form itself."""
_SPDX3: Mapping[str, frozenset[str]] = {
    "Agent": _names("name"),
    "CreationInfo": _names("@id created createdBy specVersion"),
    "LifecycleScopedRelationship": _names("from to relationshipType comment"),
    "Organization": _names("name"),
    "Person": _names("name"),
    "Relationship": _names("from to relationshipType comment"),
    "SoftwareAgent": _names("name"),
    "SpdxDocument": _names("name rootElement element dataLicense profileConformance"),
    "Tool": _names("name"),
    "simplelicensing_LicenseExpression": _names("simplelicensing_licenseExpression"),
    "software_Package": _names(
        "name software_packageVersion software_sourceInfo software_primaryPurpose originatedBy suppliedBy "
        "software_packageUrl externalIdentifier verifiedUsing"
    ),
    "software_Sbom": _names("rootElement element profileConformance"),
}
"""SPDX 3, by the type of a node of the graph; every node may bear the first three names of all."""
_EVERY_NODE = _names("type spdxId creationInfo")
_EMPTY: tuple[object, ...] = ("", "NOASSERTION", "NONE", [], {}, None)
_PEERS = ("aquasecurity:trivy:", "syft:", "assay:")
_ROLES = ("manufacturer", "author", "authors", "publisher", "originator")


def losses(data: bytes, name: str, inventory: Inventory) -> tuple[str, ...]:
    """One line a kind of loss, sorted.

    Args:
        data: the document as it came.
        name: for errors.
        inventory: what was read of it; its gaps from reading are losses too.

    Raises:
        UnsupportedError, MalformedError: as `sbom.read`.
    """
    lines = [f"{gap.path}: {gap.reason}" for gap in inventory.gaps if gap.by == "sbom"]
    if _is_own(data):
        return tuple(sorted(lines))
    form = sbom.sniff(data, name)
    if form == "spdx3":
        graph = wire.decode(data, where=name, limit=DEFAULT_LIMITS.sbom_bytes).get("@graph", [])
        lines += [f"{path}: {count} dropped" for path, count in Counter(_of_graph(graph)).items()]
        return tuple(sorted(lines))
    if form not in _KEPT:
        lines.append(f"{form}: fields that Assay does not read are dropped and cannot be listed")
        return tuple(sorted(lines))
    document = wire.decode(data, where=name, limit=DEFAULT_LIMITS.sbom_bytes)
    counts = Counter(_unread(document, _KEPT[form]))
    counts.update(_of_packages(document, form))
    lines += [f"{path}: {count} dropped" for path, count in counts.items()]
    return tuple(sorted(lines))


def _of_graph(graph: list[Mapping[str, Any]]) -> Iterator[str]:
    """SPDX 3: nodes of a type that is not read, relationships of a kind that is not, and fields of the others."""
    for node in graph:
        kind = str(node.get("type", ""))
        kept = _SPDX3.get(kind)
        if kept is None:
            yield f"@graph[].{kind or '(without a type)'}"
            continue
        if "relationshipType" in kept and node.get("relationshipType") not in RELATIONSHIPS:
            yield f"@graph[].{kind} of relationshipType {node.get('relationshipType')}"
            continue
        yield from (
            f"@graph[].{kind}.{name}"
            for name in node
            if name not in kept and name not in _EVERY_NODE and node[name] not in _EMPTY
        )


def _is_own(data: bytes) -> bool:
    """Whether the document carries our facts (a foreign one that quotes their name is spared its list, no more)."""
    return sbom_facts.FORMAT.encode() in data


def _unread(document: Mapping[str, Any], kept: Mapping[str, frozenset[str]]) -> Iterator[str]:
    """The path of every field that is not kept, once an occurrence."""
    for place, names in kept.items():
        key = place.removesuffix("[]")
        value = document if not key else document.get(key)
        for item in _nested(value) if place.endswith("[]") else [value]:
            if isinstance(item, dict):
                yield from (
                    f"{place}.{name}".lstrip(".") for name in item if name not in names and item[name] not in _EMPTY
                )


def _nested(items: Any) -> Iterator[Mapping[str, Any]]:
    """Objects of a list, with the components inside components."""
    pending = list(items) if isinstance(items, list) else []
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            yield item
            inner = item.get("components")
            pending += inner if isinstance(inner, list) else []


def _of_packages(document: Mapping[str, Any], form: str) -> Iterator[str]:
    """Fields that are read but not kept whole: several roles become one maintainer, a type becomes `library`."""
    place = "components[]" if form == "cyclonedx" else "packages[]"
    for item in _nested(document.get(place.removesuffix("[]"))):
        roles = [role for role in _ROLES if item.get(role) not in _EMPTY]
        if len(roles) > 1 or roles == ["manufacturer"]:
            yield f"{place}.{'/'.join(roles)} (kept as one maintainer)"
        if item.get("type") not in (None, "library", "operating-system", "file"):
            yield f"{place}.type {item['type']} (written as library)"
        if item.get("description") not in _EMPTY and item.get("type") != "operating-system":
            yield f"{place}.description"
        for entry in item.get("properties") or []:
            name = str(entry.get("name", "")) if isinstance(entry, dict) else ""
            if not name.startswith(_PEERS):
                yield f"{place}.properties of other tools"
        if any(item.get(k) not in _EMPTY for k in ("downloadLocation", "copyrightText")):
            yield f"{place}.downloadLocation/copyrightText"
