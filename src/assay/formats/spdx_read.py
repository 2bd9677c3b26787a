"""SPDX 2.2 and 2.3 JSON to `Inventory`: our own documents whole, those of other tools as far as they tell."""

import json
import re
from typing import Any

import msgspec

from assay.formats import edges, foreign, sbom_facts, wire
from assay.formats import spdx_schema as schema
from assay.formats.spdx_write import CHECKSUMS, FACTS, KINDS, OWNED_BY, SUBJECT, SYSTEM
from assay.model.errors import MalformedError
from assay.model.image import Subject
from assay.model.inventory import Component, Gap, Inventory, Relation, RelationKind, SourcePackage
from assay.model.limits import DEFAULT_LIMITS

_ALGORITHMS = {name: ours for ours, (name, _) in CHECKSUMS.items()}
_OWN_KINDS = {word: kind for kind, word in KINDS.items() if word != "OTHER"}
_UNSAID = frozenset({"", "NOASSERTION", "NONE"})
_BUILT_FROM = re.compile(r"built package from: (\S+) (\S+)")
_KINDS: dict[str, tuple[RelationKind, bool]] = {
    "DEPENDS_ON": ("depends_on", False),
    "DEPENDENCY_OF": ("depends_on", True),
    "RUNTIME_DEPENDENCY_OF": ("depends_on", True),
    "OPTIONAL_DEPENDENCY_OF": ("depends_on", True),
    "PROVIDED_DEPENDENCY_OF": ("depends_on", True),
    "HAS_PREREQUISITE": ("depends_on", False),
    "PREREQUISITE_FOR": ("depends_on", True),
    "DYNAMIC_LINK": ("depends_on", False),
    "STATIC_LINK": ("depends_on", False),
    "CONTAINS": ("contains", False),
    "CONTAINED_BY": ("contains", True),
    "GENERATED_FROM": ("built_from", False),
    "GENERATES": ("built_from", True),
}
"""SPDX's relationship → ours, and whether its ends change places."""
_SCOPES = {
    "RUNTIME_DEPENDENCY_OF": "runtime",
    "OPTIONAL_DEPENDENCY_OF": "optional",
    "PROVIDED_DEPENDENCY_OF": "provided",
}
_OWNERSHIP = "ownership-by-file-overlap"
"""How Syft begins the comment of an OTHER relationship from an owner to what it owns."""


def read(data: bytes, name: str) -> Inventory:
    """Read an SPDX document.

    Args:
        data: its bytes.
        name: what it is called, for errors and where the document names no subject.

    Raises:
        MalformedError: not strict JSON, not SPDX, or damaged facts of ours; the place is a JSON path.
        UnsupportedError: a version other than 2.2 and 2.3.
    """
    return read_document(wire.decode(data, where=name, limit=DEFAULT_LIMITS.sbom_bytes), data, name)


def read_document(document: Any, data: bytes, name: str) -> Inventory:
    """As `read`, for a document decoded already; `data` are its bytes."""
    own = is_own(document)
    if own:
        document = wire.unescape_all(document, data)
    return interpret(document, name, own=own)


def interpret(document: Any, name: str, *, own: bool) -> Inventory:
    """The inventory of a document in the names of the JSON form, whatever form it came in; `own` as `is_own` says."""
    spdx = schema.load(document, where=name)
    return _own(spdx, name) if own else _foreign(spdx, name)


def is_own(document: Any) -> bool:
    """Whether the document carries facts of ours."""
    annotations = document.get("annotations") if isinstance(document, dict) else None
    if not isinstance(annotations, list):
        return False
    return any(isinstance(a, dict) and str(a.get("comment", "")).startswith(FACTS) for a in annotations)


_PAIRS = msgspec.json.Decoder(list[tuple[str, str]])


def _facts(annotations: list[schema.Annotation], place: str) -> list[tuple[str, str]]:
    for annotation in annotations:
        if annotation.comment.startswith(FACTS):
            try:
                return _PAIRS.decode(annotation.comment[len(FACTS) :])
            except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError):
                pass  # a lone surrogate, or an error: the slow way takes the one and tells the other
            try:
                return msgspec.convert(json.loads(annotation.comment[len(FACTS) :]), list[tuple[str, str]])
            except (ValueError, RecursionError) as error:  # msgspec.ValidationError is a ValueError
                raise _damaged(place, f"its annotation: {error}") from error
    raise _damaged(place, "no annotation with facts")


def _own(spdx: schema.Document, name: str) -> Inventory:
    base = sbom_facts.read_inventory(_facts(spdx.annotations, f"{name} $"), f"{name} $.annotations")
    components = []
    keys: dict[str, str] = {}
    known: dict[str, sbom_facts.ComponentFacts] = {}
    for number, item in enumerate(spdx.packages):
        if item.spdx_id in {SUBJECT, SYSTEM}:
            continue
        place = f"{name} $.packages[{number}]"
        facts = sbom_facts.read_component(_facts(item.annotations, place), place)
        key = facts.one.get("assay:key")
        if key is None:
            raise _damaged(place, "no key")
        keys[item.spdx_id] = key
        known[key] = facts
        components.append(_own_component(item, facts, place))
    relations = list(base.relations)
    for number, entry in enumerate(spdx.relationships):
        source, target = keys.get(entry.spdx_element_id), keys.get(entry.related_spdx_element)
        if source is None or target is None:
            continue
        kind: RelationKind | None = _OWN_KINDS.get(entry.relationship_type)
        if entry.relationship_type == "OTHER" and entry.comment == OWNED_BY:
            kind = "owned_by"
        if kind is None:
            raise _damaged(f"{name} $.relationships[{number}]", "a relationship Assay does not write")
        relations.append(known[source].relation(source, kind, target))
    return Inventory(
        subject=base.subject,
        distro=base.distro,
        components=tuple(components),
        relations=tuple(sorted(relations)),
        gaps=base.gaps,
        layers=base.layers,
        created=base.created,
        properties=base.properties,
        locks=base.locks,
        base=base.base,
    )


def _own_component(item: schema.Package, facts: sbom_facts.ComponentFacts, place: str) -> Component:
    return facts.component(
        key=facts.one["assay:key"],
        name=item.name,
        version=item.version_info,
        purl=_locator(item, "purl"),
        maintainer=facts.one.get("assay:maintainer", ""),
        supplier=facts.one.get("assay:supplier", ""),
        expression="" if item.license_declared in _UNSAID else item.license_declared,
        concluded="" if item.license_concluded in _UNSAID else item.license_concluded,
        hashes=tuple(sorted((*facts.hashes, *_hashes(item)))) if item.checksums else facts.hashes,
        occurrences=facts.occurrences,
        where=place,
    )


def _damaged(place: str, why: str) -> MalformedError:
    return MalformedError("damaged Assay SBOM", where=place, why=why[:300], remedy="write the SBOM anew")


def _hashes(item: schema.Package) -> list[str]:
    return [f"{_ALGORITHMS.get(c.algorithm) or c.algorithm.lower()}:{c.checksum_value.lower()}" for c in item.checksums]


def _locator(item: schema.Package, kind: str) -> str:
    for reference in item.external_refs:
        if reference.reference_type == kind:
            return reference.reference_locator
    return ""


def _foreign(spdx: schema.Document, name: str) -> Inventory:
    described = {
        r.related_spdx_element
        for r in spdx.relationships
        if r.relationship_type == "DESCRIBES" and r.spdx_element_id == spdx.spdx_id
    } | set(spdx.document_describes)
    root: schema.Package | None = None
    distro = None
    packages: dict[str, foreign.Package] = {}
    for number, item in enumerate(spdx.packages):
        if root is None and item.spdx_id in described and _is_root(item):
            root = item
        elif distro is None and item.primary_package_purpose in {"OPERATING_SYSTEM", "OPERATING-SYSTEM"}:
            distro = foreign.distro(item.name, item.version_info, "", {})
        else:
            packages[item.spdx_id] = _package(item, f"$.packages[{number}]")
    related, owners, dangling = _relations(spdx, packages.keys())
    components: list[Component] = []
    gaps: list[Gap] = []
    for key, package in packages.items():
        component, gap = foreign.component(package)
        components.append(msgspec.structs.replace(component, owner=owners[key]) if key in owners else component)
        if gap is not None:
            gaps.append(gap)
    if dangling:
        reason = f"{dangling} relationships name no element of the document"
        gaps.append(Gap(kind="skipped", path="$.relationships", layer=None, reason=reason, by="sbom"))
    return Inventory(
        subject=_subject(root, name),
        distro=distro or foreign.distro_of_purls(components),
        components=tuple(sorted(components, key=lambda c: c.key)),
        relations=edges.one_each(related),
        gaps=foreign.bounded(gaps),
        created=spdx.creation_info.created,
    )


def _relations(spdx: schema.Document, keys: Any) -> tuple[set[Relation], dict[str, str], int]:
    """Relations between packages, owners by owned key, and how many relationships name what is not there."""
    relations: set[Relation] = set()
    owners: dict[str, str] = {}
    known = {item.spdx_id for item in spdx.packages} | {item.spdx_id for item in (*spdx.files, *spdx.snippets)}
    known.add(spdx.spdx_id)
    dangling = 0
    for entry in spdx.relationships:
        source, target = entry.spdx_element_id, entry.related_spdx_element
        if not all(end in known or end in _UNSAID or end.startswith("DocumentRef-") for end in (source, target)):
            dangling += 1
        if source not in keys or target not in keys:
            continue
        if entry.relationship_type == "OTHER" and entry.comment.startswith(_OWNERSHIP):
            relations.add(Relation(target, "owned_by", source))
            owners.setdefault(target, source)
        elif entry.relationship_type in _KINDS:
            kind, turned = _KINDS[entry.relationship_type]
            ends = (target, kind, source) if turned else (source, kind, target)
            relations.add(Relation(*ends, scope=_SCOPES.get(entry.relationship_type, "")))
    return relations, owners, dangling


def _is_root(item: schema.Package) -> bool:
    """Whether a described package is what the document is about, and not itself a package of the inventory."""
    purl = _locator(item, "purl")
    return (
        item.primary_package_purpose == "CONTAINER"
        or purl.startswith(("pkg:oci/", "pkg:docker/"))
        or (not purl and item.spdx_id.startswith("SPDXRef-DocumentRoot"))
    )


def _subject(root: schema.Package | None, name: str) -> Subject:
    if root is None:
        return Subject(name=name, kind="sbom")
    notes = _notes(root)
    return foreign.subject(
        root.name, (*notes.get("aquasecurity:trivy:RepoDigest", ()), root.version_info, _locator(root, "purl"))
    )


def _package(item: schema.Package, place: str) -> foreign.Package:
    source = _BUILT_FROM.fullmatch(item.source_info)
    return foreign.Package(
        key=item.spdx_id,
        place=place,
        name=item.name,
        version="" if item.version_info in _UNSAID else item.version_info,
        purl=_locator(item, "purl"),
        maintainer=_actor(item.originator),
        supplier=_actor(item.supplier),
        licence=foreign.licence([item.license_declared], [], [item.license_concluded]),
        hashes=tuple(_hashes(item)),
        source=SourcePackage(source[1], source[2]) if source else None,
        cpe=_locator(item, "cpe23Type"),
        notes=_notes(item),
        references=(item.download_location,),
    )


def _actor(text: str) -> str:
    """`Person: name (address)` without its first word."""
    if text in _UNSAID:
        return ""
    word, _, rest = text.partition(": ")
    return rest if word in {"Person", "Organization", "Tool"} else text


def _notes(item: schema.Package) -> dict[str, list[str]]:
    """Trivy's annotations, `Name: value`, under the names it uses in CycloneDX."""
    notes: dict[str, list[str]] = {}
    for annotation in item.annotations:
        if annotation.annotator.startswith("Tool: trivy"):
            key, _, value = annotation.comment.partition(": ")
            notes.setdefault(f"aquasecurity:trivy:{key}", []).append(value)
    return notes
