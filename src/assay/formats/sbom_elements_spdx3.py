"""What an SPDX 3.0.1 document itself says, element by element (profiles core, software, licensing).

A package's file is the `software_File` that `hasDistributionArtifact` names (BSI TR-03183-2, 2.1.0, mapping to SPDX 3);
its name, digest and purposes count as the package's.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from assay.formats.sbom_described import UNSAID, Described, Document, contact_in, listed, numbers

Node = Mapping[str, Any]
_PACKAGES = frozenset({"software_Package", "ai_AIPackage", "dataset_DatasetPackage"})
_LINKS = frozenset({"Relationship", "LifecycleScopedRelationship"})
_TOLD = frozenset({"complete", "incomplete"})
"""`completeness` of a relationship; `noAssertion` says nothing."""
_NEEDS = frozenset({"dependsOn", "contains", "hasOptionalDependency", "hasProvidedDependency", "hasStaticLink"})
_NAMES = frozenset({"packageUrl", "cpe22", "cpe23", "swid", "gitoid", "swhid"})
_NO_LICENCE = ("NoAssertionLicense", "NoneLicense", "NoAssertion", "NOASSERTION", "NONE")


class _Links(msgspec.Struct):
    """What the relationships say of elements, by identifier."""

    related: set[str] = msgspec.field(default_factory=set)
    judged: set[str] = msgspec.field(default_factory=set)
    licences: dict[str, list[str]] = msgspec.field(default_factory=dict)
    files: dict[str, list[str]] = msgspec.field(default_factory=dict)


def read(document: Node) -> Document:
    """The elements of a document that `spdx3_read` has accepted."""
    graph = listed(document, "@graph")
    nodes = {key: node for node in graph if isinstance(key := node.get("spdxId", node.get("@id")), str)}
    root = next((n for n in graph if n.get("type") == "SpdxDocument"), {})
    info = _one(root.get("creationInfo"), nodes)
    agents = [_one(agent, nodes) for agent in _all(info.get("createdBy"))]
    people = [agent for agent in agents if agent.get("type") != "SoftwareAgent"]
    tools = [_one(tool, nodes) for tool in _all(info.get("createdUsing"))]
    links = _links(graph)
    packages = [node for node in graph if _text(node, "type") in _PACKAGES and isinstance(node.get("spdxId"), str)]
    subjects = set(_subjects(root, nodes))
    if len(packages) > len(subjects):
        packages = [node for node in packages if node["spdxId"] not in subjects]
    return Document(
        form="SPDX",
        version=numbers(_text(info, "specVersion")),
        author=next((name for name in (_said(one, "name") for one in [*people, *agents, *tools]) if name), ""),
        author_contact=next((found for found in (_contact(one, nodes) for one in people) if found), ""),
        timestamp=_text(info, "created"),
        components=tuple(
            _package(node, nodes, links)
            for node in packages
            if node.get("software_primaryPurpose") != "operatingSystem"
        ),
    )


def _links(graph: list[dict[str, Any]]) -> _Links:
    links = _Links()
    for node in graph:
        source, kind = node.get("from"), _text(node, "relationshipType")
        if _text(node, "type") not in _LINKS or not isinstance(source, str) or kind == "describes":
            continue
        targets = [one for one in _all(node.get("to")) if isinstance(one, str)]
        if kind in ("hasDeclaredLicense", "hasConcludedLicense"):
            links.licences.setdefault(source, []).extend(targets)
        elif kind == "hasDistributionArtifact":
            links.files.setdefault(source, []).extend(targets)
        else:
            links.related.update((source, *targets))
            if kind in _NEEDS and _text(node, "completeness") in _TOLD:
                links.judged.add(source)
    return links


def _subjects(root: Node, nodes: Mapping[str, Node]) -> Iterator[str]:
    """What the document is about, through the bill of materials that may stand between."""
    for key in _all(root.get("rootElement")):
        inner = nodes.get(key, {}) if isinstance(key, str) else {}
        yield from (one for one in _all(inner.get("rootElement", key)) if isinstance(one, str))


def _package(node: Node, nodes: Mapping[str, Node], links: _Links) -> Described:
    key = str(node["spdxId"])
    files = [nodes.get(one, {}) for one in links.files.get(key, ())]
    purposes = {
        str(purpose)
        for file in files
        for purpose in (file.get("software_primaryPurpose"), *_all(file.get("software_additionalPurpose")))
    }
    makers = [_one(one, nodes) for one in (*_all(node.get("originatedBy")), node.get("suppliedBy"))]
    others = [_one(one, nodes) for one in _all(node.get("externalIdentifier"))]
    names = [_text(one, "identifier") for one in others if _text(one, "externalIdentifierType") in _NAMES]
    digests = [_one(one, nodes) for part in (node, *files) for one in _all(part.get("verifiedUsing"))]
    return Described(
        label=key,
        name=_said(node, "name"),
        version=_said(node, "software_packageVersion"),
        supplier=_said(_one(node.get("suppliedBy"), nodes), "name"),
        creator_contact=next((found for found in (_contact(one, nodes) for one in makers) if found), ""),
        identifiers=tuple(filter(None, (_text(node, "software_packageUrl"), *names))),
        licensed=any(_is_licence(one, nodes) for one in links.licences.get(key, ())),
        hash_algorithms=frozenset(_text(one, "algorithm").upper() for one in digests),
        related=key in links.related,
        completeness=key in links.judged,
        filename=next((name for name in (_said(file, "name") for file in files) if name), ""),
        executable="executable" if "executable" in purposes else "",
        archive="archive" if "archive" in purposes else "",
    )


def _is_licence(key: str, nodes: Mapping[str, Node]) -> bool:
    """An expression, a listed licence (whose text need not stand in the document), or a set of them."""
    node = nodes.get(key)
    if node is None or "simplelicensing_licenseExpression" not in node:
        return not key.endswith(_NO_LICENCE) and (node is not None or key.startswith("https://spdx.org/licenses/"))
    return _text(node, "simplelicensing_licenseExpression") not in UNSAID


def _contact(agent: Node, nodes: Mapping[str, Node]) -> str:
    """An e-mail address or URL among the agent's identifiers, else in its name."""
    found = [_text(_one(one, nodes), "identifier") for one in _all(agent.get("externalIdentifier"))]
    return contact_in(" ".join([*found, _text(agent, "name")]))


def _one(value: Any, nodes: Mapping[str, Node]) -> Node:
    """A node, whether it stands in place or is named."""
    if isinstance(value, dict):
        return value
    return nodes.get(value, {}) if isinstance(value, str) else {}


def _all(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _text(node: Node, key: str) -> str:
    value = node.get(key)
    return value if isinstance(value, str) else ""


def _said(node: Node, key: str) -> str:
    text = _text(node, key).strip()
    return "" if text in UNSAID else text
