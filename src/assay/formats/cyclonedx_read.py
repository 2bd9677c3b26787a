"""CycloneDX JSON 1.2-1.7 to `Inventory`: our own documents whole, those of other tools as far as they tell."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, cast

from assay.formats import cyclonedx_compositions, foreign, sbom_facts, wire
from assay.formats import cyclonedx_schema as schema
from assay.formats.cyclonedx_write import HASHES
from assay.model.errors import MalformedError
from assay.model.image import Subject
from assay.model.inventory import Component, Confidence, Gap, Inventory, Occurrence, Relation
from assay.model.limits import DEFAULT_LIMITS

_ALGORITHMS = {name: ours for ours, (name, _) in HASHES.items()}
_PLACE = re.compile(r"layer=(-|\d{1,9}) confidence=(certain|strong|weak) kind=(.*)", re.DOTALL | re.ASCII)
_SHORT = 100
"""Longer texts are not kept."""


def read(data: bytes, name: str) -> Inventory:
    """Read a CycloneDX document.

    Args:
        data: its bytes.
        name: what it is called, for errors and where the document names no subject.

    Raises:
        MalformedError: not strict JSON, not CycloneDX, or damaged facts of ours; the place is a JSON path.
        UnsupportedError: a version outside 1.2-1.7.
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
    bom = schema.load(document, where=name)
    return _own(bom, name) if own else _foreign(bom, name)


def is_own(document: object) -> bool:
    """Whether the document carries facts of ours."""
    metadata = document.get("metadata") if isinstance(document, dict) else None
    properties = metadata.get("properties") if isinstance(metadata, dict) else None
    if not isinstance(properties, list):
        return False
    return any(isinstance(p, dict) and p.get("name") == sbom_facts.FORMAT for p in properties)


def _own(bom: schema.Bom, name: str) -> Inventory:
    where = f"{name} $.metadata.properties"
    metadata = bom.metadata or schema.Metadata()
    base = sbom_facts.read_inventory([(p.name, p.value) for p in metadata.properties], where)
    components = []
    relations = list(base.relations)
    known: dict[str, sbom_facts.ComponentFacts] = {}
    for number, item in enumerate(bom.components):
        if item.type == "operating-system":
            continue
        place = f"{name} $.components[{number}]"
        component, facts = _own_component(item, place)
        components.append(component)
        known[component.key] = facts
        relations += [facts.relation(component.key, kind, target) for kind, target in facts.relations]
    root = metadata.component.bom_ref if metadata.component is not None else None
    for entry in bom.dependencies:
        if entry.depends_on and entry.ref != root:  # what the subject needs follows from the components' records
            own = known.get(entry.ref, _NOTHING)
            relations += [own.relation(entry.ref, "depends_on", target) for target in entry.depends_on]
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


_NOTHING = sbom_facts.read_component([], "")


def _own_component(item: schema.Component, place: str) -> tuple[Component, sbom_facts.ComponentFacts]:
    if item.bom_ref is None:
        raise MalformedError("damaged Assay SBOM", where=place, why="no bom-ref", remedy="write the SBOM anew")
    facts = sbom_facts.read_component([(p.name, p.value) for p in item.properties], place)
    hashes = facts.hashes
    if item.hashes:
        found = _hashes(item.hashes)
        hashes = tuple(sorted((*hashes, *found))) if hashes or len(found) > 1 else tuple(found)
    # Before 1.6 a place in the evidence has no room for layer and confidence: there the facts hold it whole.
    occurrences, evidence = facts.occurrences, item.evidence
    if not occurrences and evidence is not None:
        occurrences = tuple([_occurrence(o, place) for o in evidence.occurrences])
    return facts.component(
        key=item.bom_ref,
        name=item.name,
        version=item.version,
        purl=item.purl,
        maintainer=item.publisher,
        supplier=(item.supplier.name or "") if item.supplier else "",
        expression=_expression(_parted(item.licenses)[0]) if item.licenses else "",
        concluded=_expression(evidence.licenses) if evidence is not None and evidence.licenses else "",
        hashes=hashes,
        occurrences=occurrences,
        where=place,
    ), facts


def _expression(choices: list[schema.LicenseChoice]) -> str:
    """The first expression among them."""
    return next((choice.expression for choice in choices if choice.expression), "")


def _occurrence(item: schema.Occurrence, place: str) -> Occurrence:
    text = item.additional_context
    found = _known_place(text) if len(text) < _SHORT else _place(text)
    if found is None:
        raise MalformedError(
            "damaged Assay SBOM",
            where=f"{place}.evidence.occurrences",
            why="additionalContext does not name layer, confidence and kind",
            remedy="write the SBOM anew",
        )
    return Occurrence(item.location, *found)


def _place(text: str) -> "tuple[int | None, str, Confidence] | None":
    """Layer, kind and confidence of an occurrence; None where the text does not tell them."""
    match = _PLACE.fullmatch(text)
    if match is None:
        return None
    layer, confidence, kind = match.groups()
    return None if layer == "-" else int(layer), kind, cast(Confidence, confidence)


_known_place = lru_cache(maxsize=256)(_place)
"""A document has few of them: thousands of components share each."""


def _hashes(items: Iterable[schema.Hash]) -> list[str]:
    return [f"{_ALGORITHMS.get(h.alg) or h.alg.lower()}:{h.content.lower()}" for h in items]


def _foreign(bom: schema.Bom, name: str) -> Inventory:
    components: list[Component] = []
    relations: set[Relation] = set()
    gaps: list[Gap] = []
    distro = None
    files = 0
    known = _references(bom)
    others = {bom.metadata.component.bom_ref} if bom.metadata and bom.metadata.component else set()
    for place, parent, item in _flat(bom.components):
        if parent is None and schema.repeats_subject(bom, item) and not (item.version or item.purl or item.cpe):
            continue  # with one of these advisories can be matched to it: then it is listed
        if item.type == "operating-system" and distro is None:
            distro = foreign.distro(item.name, item.version, item.description, _notes(item.properties))
            others.add(item.bom_ref)
            continue
        if item.type == "file" and not item.purl:
            files += 1
            others.add(item.bom_ref)
            continue
        if item.bom_ref is None:
            item.bom_ref = _new_key(item, known)
        component, gap = foreign.component(_package(item, item.bom_ref, place))
        components.append(component)
        if gap is not None:
            gaps.append(gap)
        if parent is not None and parent.bom_ref and parent.type not in {"operating-system", "file"}:
            relations.add(Relation(parent.bom_ref, "contains", item.bom_ref))
    keys = {c.key for c in components}
    dangling = 0
    for entry in bom.dependencies:
        for target in entry.depends_on:
            if entry.ref in keys and target in keys:
                relations.add(Relation(entry.ref, "depends_on", target))
            elif not {entry.ref, target} <= keys | others:
                dangling += 1
    if files:
        gaps.append(_gap(f"{files} components of type file are no packages"))
    if dangling:
        gaps.append(_gap(f"{dangling} dependencies name no component", "$.dependencies"))
    gaps += cyclonedx_compositions.claimed_gaps(bom.compositions)
    return Inventory(
        subject=_subject(bom, name),
        distro=distro or foreign.distro_of_purls(components),
        components=tuple(sorted(components, key=lambda c: c.key)),
        relations=tuple(sorted(r for r in relations if r.source in keys)),
        gaps=foreign.bounded(gaps),
        created=(bom.metadata.timestamp or "") if bom.metadata else "",
    )


def _gap(reason: str, path: str = "$.components") -> Gap:
    return Gap(kind="skipped", path=path, layer=None, reason=reason, by="sbom")


def _flat(items: list[schema.Component]) -> Iterator[tuple[str, schema.Component | None, schema.Component]]:
    """Every component with its JSON path and the component it stands in, in the document's order."""
    pending = [(f"$.components[{n}]", None, item) for n, item in reversed(list(enumerate(items)))]
    stack: list[tuple[str, schema.Component | None, schema.Component]] = list(pending)
    while stack:
        place, parent, item = stack.pop()
        yield place, parent, item
        stack += [(f"{place}.components[{n}]", item, child) for n, child in reversed(list(enumerate(item.components)))]


def _references(bom: schema.Bom) -> set[str]:
    return {item.bom_ref for _, _, item in _flat(bom.components) if item.bom_ref is not None}


def _new_key(item: schema.Component, known: set[str]) -> str:
    base = item.purl or "/".join(filter(None, (item.group, item.name))) + f"@{item.version}"
    key, number = base, 1
    while key in known:
        number += 1
        key = f"{base}#{number}"
    known.add(key)
    return key


def _package(item: schema.Component, key: str, place: str) -> foreign.Package:
    author = next((a.name for a in item.authors if a.name), "")
    evidence = item.evidence.occurrences if item.evidence is not None else ()
    declared, concluded = _parted(item.licenses)
    concluded += item.evidence.licenses if item.evidence is not None else []
    return foreign.Package(
        key=key,
        place=place,
        name=item.name,
        group=item.group,
        version=item.version,
        purl=item.purl,
        maintainer=item.publisher or item.author or author or ((item.manufacturer or schema.Contact()).name or ""),
        supplier=(item.supplier or schema.Contact()).name or "",
        licence=foreign.licence(
            [c.expression or (c.license.id if c.license else None) or "" for c in declared],
            [c.license.name for c in declared if c.license and c.license.name],
            [c.expression or (c.license and (c.license.id or c.license.name)) or "" for c in concluded],
        ),
        hashes=tuple(_hashes(item.hashes)),
        occurrences=tuple(sorted({Occurrence(o.location.lstrip("/"), None, "sbom", "strong") for o in evidence})),
        cpe=item.cpe,
        scope="" if item.scope == "required" else item.scope,
        notes=_notes(item.properties),
        references=tuple(reference.url for reference in item.external_references),
    )


def _parted(choices: list[schema.LicenseChoice]) -> tuple[list[schema.LicenseChoice], list[schema.LicenseChoice]]:
    """Declared and concluded licences; before 1.6 all count as declared, since nothing says otherwise."""
    declared: list[schema.LicenseChoice] = []
    concluded: list[schema.LicenseChoice] = []
    for choice in choices:
        stance = choice.license.acknowledgement if choice.license else choice.acknowledgement
        (concluded if stance == "concluded" else declared).append(choice)
    return declared, concluded


def _notes(properties: Iterable[schema.Property]) -> dict[str, list[str]]:
    notes: dict[str, list[str]] = {}
    for p in properties:
        notes.setdefault(p.name, []).append(p.value)
    return notes


def _subject(bom: schema.Bom, name: str) -> Subject:
    """The subject a foreign document claims; its digest only where it stands as one (Syft, Trivy, a purl)."""
    item = bom.metadata.component if bom.metadata else None
    if item is None:
        return Subject(name=name, kind="sbom")
    notes = _notes(item.properties)
    version = item.version if item.type == "container" else ""
    return foreign.subject(item.name, (*notes.get("aquasecurity:trivy:RepoDigest", ()), version, item.purl))
