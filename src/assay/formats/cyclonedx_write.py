"""`Inventory` to CycloneDX 1.4-1.7 JSON (1.6 is ECMA-424). What a version has no field for travels as `sbom_facts`."""

from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from assay.formats import cyclonedx_compositions, sbom_facts, wire
from assay.model.direct import direct_record
from assay.model.errors import UnsupportedError
from assay.model.image import Subject
from assay.model.inventory import Component, Confidence, Distro, Inventory, Licence, Occurrence, Relation
from assay.model.tool import Tool

SERIAL = "urn:uuid:00000000-0000-0000-0000-000000000000"
"""Stands for the serial number until the bytes it is made from are there."""
_SUBJECT_TYPES = {"image": "container", "directory": "file", "rootfs": "operating-system"}
HASHES = {
    "md5": ("MD5", 32),
    "sha1": ("SHA-1", 40),
    "sha256": ("SHA-256", 64),
    "sha384": ("SHA-384", 96),
    "sha512": ("SHA-512", 128),
    "sha3-256": ("SHA3-256", 64),
    "sha3-384": ("SHA3-384", 96),
    "sha3-512": ("SHA3-512", 128),
    "blake2b-256": ("BLAKE2b-256", 64),
    "blake2b-384": ("BLAKE2b-384", 96),
    "blake2b-512": ("BLAKE2b-512", 128),
    "blake3": ("BLAKE3", 64),
}
"""Our algorithm name → CycloneDX's and the length of its hexadecimal text."""
_TECHNIQUES = {
    "package-database": "manifest-analysis",
    "package-metadata": "manifest-analysis",
    "lock-file": "manifest-analysis",
    "build-info": "binary-analysis",
    "classifier": "binary-analysis",
    "elf-note": "binary-analysis",
    "archive": "binary-analysis",
    "sbom": "attestation",
}
_CONFIDENCE: dict[Confidence, float] = {"certain": 1, "strong": 0.8, "weak": 0.4}


class Edition(msgspec.Struct, frozen=True, kw_only=True):
    """What one version of the specification can hold."""

    version: str
    tool_components: bool = True
    """`metadata.tools` is an object of components, else a list of tools (before 1.5)."""
    evidence: bool = True
    """`evidence.identity` and `evidence.occurrences` (since 1.5)."""
    identities: bool = True
    """`evidence.identity` is a list (since 1.6), else one object."""
    context: bool = True
    """`occurrences[].additionalContext` (since 1.6)."""
    acknowledgement: bool = True
    """Whether a licence is declared or concluded (since 1.6)."""


DEFAULT_VERSION = "1.6"
EDITIONS = {
    e.version: e
    for e in (
        Edition(
            version="1.4",
            tool_components=False,
            evidence=False,
            identities=False,
            context=False,
            acknowledgement=False,
        ),
        Edition(version="1.5", identities=False, context=False, acknowledgement=False),
        Edition(version="1.6"),
        Edition(version="1.7"),
    )
}


def edition(version: str) -> Edition:
    """The edition of a version as people write it, `1.5`.

    Raises:
        UnsupportedError: no version this program writes.
    """
    if version not in EDITIONS:
        raise UnsupportedError(
            "a CycloneDX version this program does not write",
            why=f"{version[:20]!a}",
            remedy=f"choose among {', '.join(EDITIONS)}",
        )
    return EDITIONS[version]


def write(inventory: Inventory, *, tool: Tool, timestamp: str, version: str = DEFAULT_VERSION) -> bytes:
    """The inventory as a CycloneDX JSON document; the same input gives the same bytes.

    Args:
        inventory: what to write; nothing of it is lost in any version.
        tool: named in `metadata.tools`.
        timestamp: RFC 3339 time for `metadata.timestamp`; "" leaves it out.
        version: of the specification, 1.4 to 1.7.

    Raises:
        MalformedError: the timestamp is none.
        UnsupportedError: another version.
    """
    data = wire.encode(document(inventory, edition(version), tool=tool, timestamp=timestamp))
    return data.replace(SERIAL.encode(), f"urn:uuid:{wire.uuid5(data)}".encode(), 1)


def document(inventory: Inventory, edition: Edition, *, tool: Tool, timestamp: str) -> dict[str, Any]:
    """The document as plain values in the names of the JSON form, its serial number still `SERIAL`.

    Raises:
        MalformedError: the timestamp is none.
    """
    components = inventory.components
    keys = {c.key for c in components}
    root = _unused("subject", keys)
    placed = [r for r in inventory.relations if r.source in keys and r.target in keys]
    unplaced: list[Relation] = []
    if len(placed) < len(inventory.relations):
        unplaced = [r for r in inventory.relations if not (r.source in keys and r.target in keys)]
    beside: dict[str, list[tuple[str, str]]] = {}
    for relation in placed:
        if relation.kind != "depends_on":
            beside.setdefault(relation.source, []).append(sbom_facts.of_relation(relation))
    for source, scopes in sbom_facts.of_scopes(placed).items():
        beside.setdefault(source, []).extend(scopes)
    metadata: dict[str, Any] = {"timestamp": wire.instant(timestamp)} if timestamp else {}
    metadata |= {
        "tools": _tools(tool, edition),
        "component": _subject(inventory.subject, root),
        "properties": _properties(sbom_facts.of_inventory(inventory, unplaced)),
    }
    shared = _Shared()
    listed = [_component(c, beside.get(c.key, ()), edition, shared) for c in components]
    if inventory.distro is not None:
        listed.append(_distro(inventory.distro, _unused("operating-system", keys)))
    return {
        "$schema": f"http://cyclonedx.org/schema/bom-{edition.version}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": edition.version,
        "serialNumber": SERIAL,
        "version": 1,
        "metadata": metadata,
        "components": listed,
        "dependencies": _dependencies(components, placed, root),
        "compositions": cyclonedx_compositions.write(inventory, root),
    }


def _tools(tool: Tool, edition: Edition) -> Any:
    if edition.tool_components:
        return {"components": [{"type": "application", "name": tool.name, "version": tool.version}]}
    return [{"name": tool.name, "version": tool.version}]


def _subject(subject: Subject, ref: str) -> dict[str, Any]:
    value: dict[str, Any] = {
        "type": _SUBJECT_TYPES.get(subject.kind, "application"),
        "bom-ref": ref,
        "name": subject.name,
    }
    if subject.digest is not None:
        value["version"] = str(subject.digest)
        value["hashes"] = [{"alg": HASHES[subject.digest.algorithm][0], "content": subject.digest.hex}]
    return value


def _distro(distro: Distro, ref: str) -> dict[str, Any]:
    """For other readers; ours takes the distribution from the document's facts."""
    value = {"type": "operating-system", "bom-ref": ref, "name": distro.id, "version": distro.version_id}
    if distro.name:
        value["description"] = distro.name
    return value


class _Shared(dict[tuple[str, str], dict[str, str]]):
    """A fact as a property, made once for all components that have it: they differ in few."""

    def __missing__(self, fact: tuple[str, str]) -> dict[str, str]:
        """One that is new."""
        made = self[fact] = {"name": fact[0], "value": fact[1]}
        return made


def _component(c: Component, relations: Iterable[tuple[str, str]], edition: Edition, shared: _Shared) -> dict[str, Any]:
    value: dict[str, Any] = {"type": "library", "bom-ref": c.key}
    if c.supplier:
        value["supplier"] = {"name": c.supplier}
    if c.maintainer:
        value["publisher"] = c.maintainer
    value["name"] = c.name
    if c.version:
        value["version"] = c.version
    if c.removed_by is not None:
        value["scope"] = "excluded"  # it lies in a lower layer only: nothing in the final root is this component
    hashes, other = _hashes(c.hashes) if c.hashes else ([], [])
    if hashes:
        value["hashes"] = hashes
    licences = _licences(c.licence, edition)
    if licences:
        value["licenses"] = licences
    if c.purl:
        value["purl"] = c.purl
    evidence = _evidence(c.purl, c.occurrences, edition) if c.occurrences and edition.evidence else {}
    if c.licence.concluded:
        evidence["licenses"] = [_expression(c.licence.concluded, "concluded", edition)]
    if evidence:
        value["evidence"] = evidence
    facts = sbom_facts.of_component(c)
    facts += other
    facts += relations
    if not edition.context:
        facts += [sbom_facts.of_occurrence(o) for o in c.occurrences]
    if facts:
        value["properties"] = [shared[fact] for fact in facts]
    return value


def _hashes(hashes: Iterable[str]) -> tuple[list[dict[str, str]], sbom_facts.Facts]:
    known, other = [], []
    for text in hashes:
        algorithm, _, content = text.partition(":")
        name, length = HASHES.get(algorithm, ("", 0))
        if len(content) == length and content.isalnum() and set(content) <= _HEX:
            known.append({"alg": name, "content": content})
        else:
            other.append(("assay:hash", text))
    return known, other


_HEX = frozenset("0123456789abcdef")


def _licences(licence: Licence, edition: Edition) -> list[dict[str, Any]]:
    """One expression: before 1.7 there is room for no second, and before 1.6 none that says it is only concluded.

    Every conclusion also stands in `evidence.licenses`, which is where ours are read from.
    """
    if licence.expression:
        return [_expression(licence.expression, "declared", edition)]
    if licence.concluded and edition.acknowledgement:
        return [_expression(licence.concluded, "concluded", edition)]
    stance = {"acknowledgement": "declared"} if edition.acknowledgement else {}
    return [{"license": {"name": text, **stance}} for text in licence.declared if text]


def _expression(text: str, acknowledgement: str, edition: Edition) -> dict[str, str]:
    if edition.acknowledgement:
        return {"expression": text, "acknowledgement": acknowledgement}
    return {"expression": text}


def _evidence(purl: str, occurrences: tuple[Occurrence, ...], edition: Edition) -> dict[str, Any]:
    value: dict[str, Any] = {}
    if purl:
        identity = _identity(frozenset([(o.kind, o.confidence) for o in occurrences]))
        value["identity"] = [identity] if edition.identities else identity
    value["occurrences"] = [
        {"location": o.path, "additionalContext": _place(o)} if edition.context else {"location": o.path}
        for o in occurrences
    ]
    return value


@lru_cache(maxsize=256)  # a few kinds of evidence bear witness to all components of an image
def _identity(kinds: frozenset[tuple[str, Confidence]]) -> Mapping[str, Any]:
    """How surely a package URL is the right one, by the best of each technique that led to it."""
    best: dict[str, float] = {}
    for kind, confidence in kinds:
        technique = _TECHNIQUES.get(kind, "other")
        best[technique] = max(best.get(technique, 0), _CONFIDENCE[confidence])
    methods = [{"technique": t, "confidence": best[t]} for t in sorted(best)]
    return {"field": "purl", "confidence": max(best.values()), "methods": methods}


def _place(o: Occurrence) -> str:
    """What an occurrence has no field for; `cyclonedx_read` takes it apart again."""
    return f"layer={'-' if o.layer is None else o.layer} confidence={o.confidence} kind={o.kind}"


def _dependencies(components: Collection[Component], placed: Iterable[Relation], root: str) -> list[dict[str, Any]]:
    """One entry a component, also for those that need nothing; the subject needs what a record says was asked for."""
    needs: dict[str, set[str]] = {c.key: set() for c in components}
    for relation in placed:
        if relation.kind == "depends_on":
            needs[relation.source].add(relation.target)
    asked = {c.key for c in components if c.removed_by is None and direct_record(c)}
    every = [(root, asked), *sorted(needs.items())]
    return [{"ref": key, "dependsOn": sorted(targets)} if targets else {"ref": key} for key, targets in every]


def _properties(facts: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in facts]


def _unused(name: str, keys: set[str]) -> str:
    while name in keys:
        name += "-"
    return name
