"""`Inventory` to SPDX 2.3 JSON. What the format has no field for travels in annotations (`sbom_facts`)."""

import json
import re
from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

from assay.formats import sbom_facts, wire
from assay.model.direct import direct_record
from assay.model.image import Subject
from assay.model.inventory import Component, Distro, Inventory, Relation, RelationKind
from assay.model.tool import Tool

FACTS = "assay:facts:1 "
"""What the comment of our annotations begins with; a JSON array of [name, value] pairs follows."""
DOCUMENT, SUBJECT, SYSTEM = "SPDXRef-DOCUMENT", "SPDXRef-Subject", "SPDXRef-OperatingSystem"
OWNED_BY = "assay: the related package owns the files of this one"
KINDS: dict[RelationKind, str] = {
    "depends_on": "DEPENDS_ON",
    "contains": "CONTAINS",
    "built_from": "GENERATED_FROM",
    "owned_by": "OTHER",
}
"""Our relations in SPDX's words; `owned_by` has none and carries the comment `OWNED_BY`."""
CHECKSUMS = {
    "md5": ("MD5", 32),
    "sha1": ("SHA1", 40),
    "sha224": ("SHA224", 56),
    "sha256": ("SHA256", 64),
    "sha384": ("SHA384", 96),
    "sha512": ("SHA512", 128),
    "sha3-256": ("SHA3-256", 64),
    "sha3-384": ("SHA3-384", 96),
    "sha3-512": ("SHA3-512", 128),
    "blake2b-256": ("BLAKE2b-256", 64),
    "blake2b-384": ("BLAKE2b-384", 96),
    "blake2b-512": ("BLAKE2b-512", 128),
    "blake3": ("BLAKE3", 64),
}
_PURPOSES = {"image": "CONTAINER", "directory": "FILE", "rootfs": "OPERATING_SYSTEM"}
NAMESPACE = "urn:uuid:00000000-0000-0000-0000-000000000000"
"""Stands for the namespace until the bytes it is made from are there."""
_HEX = frozenset("0123456789abcdef")
_REFERENCE = re.compile(r"LicenseRef-[A-Za-z0-9.-]+", re.ASCII)
_ADDRESS = re.compile(r"([^<>()]+?)\s*<([^<>()]+)>")


def write(inventory: Inventory, *, tool: Tool, timestamp: str) -> bytes:
    """The inventory as an SPDX 2.3 document; the same input gives the same bytes.

    Args:
        inventory: what to write; nothing of it is lost.
        tool: the creator.
        timestamp: RFC 3339 time for `created`; "" gives the epoch, since the field is required (SPDX 2.3 §6.9).

    Raises:
        MalformedError: the timestamp is none.
    """
    return named(wire.encode(document(inventory, tool=tool, timestamp=timestamp)))


def named(data: bytes) -> bytes:
    """A document's bytes with the namespace that is made from them."""
    return data.replace(NAMESPACE.encode(), f"urn:uuid:{wire.uuid5(data)}".encode(), 1)


def document(inventory: Inventory, *, tool: Tool, timestamp: str) -> dict[str, Any]:
    """The document as plain values in the names of the JSON form, its namespace still `NAMESPACE`.

    Raises:
        MalformedError: the timestamp is none.
    """
    created = wire.instant(timestamp)
    note = _Annotator(f"Tool: {tool.name}-{tool.version}", created)
    ids = {c.key: spdx_id(c.key) for c in inventory.components}
    placed = [r for r in inventory.relations if r.source in ids and r.target in ids]
    unplaced = [r for r in inventory.relations if not (r.source in ids and r.target in ids)]
    packages = [_subject(inventory.subject)]
    if inventory.distro is not None:
        packages.append(_distro(inventory.distro))
    scopes = sbom_facts.of_scopes(placed)
    packages += [_package(c, ids[c.key], scopes.get(c.key, []), note) for c in inventory.components]
    result = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": DOCUMENT,
        "name": inventory.subject.name or "unnamed",
        "documentNamespace": NAMESPACE,
        "creationInfo": {"created": created, "creators": [note.annotator]},
        "annotations": [note(sbom_facts.of_inventory(inventory, unplaced))],
        "packages": packages,
        "relationships": _relationships(packages, placed, ids, inventory.components),
    }
    extracted = _extracted(inventory.components)
    if extracted:
        result["hasExtractedLicensingInfos"] = extracted
    return result


def spdx_id(key: str) -> str:
    """The identifier of a component (SPDX 2.3 §7.2 allows letters, digits, dot and dash): a hash of its key."""
    return "SPDXRef-Package-" + blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


class _Annotator:
    """Makes annotations of facts."""

    def __init__(self, annotator: str, date: str) -> None:
        self.annotator, self.date = annotator, date

    def __call__(self, facts: sbom_facts.Facts) -> dict[str, str]:
        return {
            "annotationDate": self.date,
            "annotationType": "OTHER",
            "annotator": self.annotator,
            "comment": FACTS + json.dumps(facts, ensure_ascii=False, separators=(",", ":")),
        }


def _bare(spdx: str, name: str, version: str, purpose: str) -> dict[str, Any]:
    value = {"name": name, "SPDXID": spdx}
    if version:
        value["versionInfo"] = version
    return value | {
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "copyrightText": "NOASSERTION",
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": "NOASSERTION",
        "primaryPackagePurpose": purpose,
    }


def _subject(subject: Subject) -> dict[str, Any]:
    value = _bare(SUBJECT, subject.name, str(subject.digest or ""), _PURPOSES.get(subject.kind, "OTHER"))
    if subject.digest is not None:
        algorithm = CHECKSUMS[subject.digest.algorithm][0]
        value["checksums"] = [{"algorithm": algorithm, "checksumValue": subject.digest.hex}]
    return value


def _distro(distro: Distro) -> dict[str, Any]:
    """For other readers; ours takes the distribution from the document's facts."""
    return _bare(SYSTEM, distro.id, distro.version_id, "OPERATING_SYSTEM")


def _package(c: Component, spdx: str, scopes: sbom_facts.Facts, note: _Annotator) -> dict[str, Any]:
    value = _bare(spdx, c.name, c.version, "LIBRARY")
    facts = [("assay:key", c.key)]
    if c.maintainer:
        # A maintainer originated the package, and is not who supplied this copy.
        value["originator"] = _person(c.maintainer)
        facts.append(("assay:maintainer", c.maintainer))
    if c.supplier:
        value["supplier"] = f"Organization: {c.supplier}"
        facts.append(("assay:supplier", c.supplier))
    if c.removed_by is not None:
        value["comment"] = f"in a lower layer, removed above by layer {c.removed_by}"
    if c.source is not None:
        value["sourceInfo"] = f"built package from: {c.source.name} {c.source.version}"
    if c.licence.expression:
        value["licenseDeclared"] = c.licence.expression
    if c.licence.concluded:
        value["licenseConcluded"] = c.licence.concluded
    comment = "; ".join(filter(None, (c.licence.reason, *c.licence.declared)))
    if comment and not c.licence.expression:
        value["licenseComments"] = comment
    if c.purl:
        purl = {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": c.purl}
        value["externalRefs"] = [purl]
    facts += sbom_facts.of_component(c)
    checksums = []
    for text in c.hashes:
        algorithm, _, content = text.partition(":")
        name, length = CHECKSUMS.get(algorithm, ("", 0))
        if name and len(content) == length and set(content) <= _HEX:
            checksums.append({"algorithm": name, "checksumValue": content})
        else:
            facts.append(("assay:hash", text))
    if checksums:
        value["checksums"] = checksums
    facts += [sbom_facts.of_occurrence(o) for o in c.occurrences]
    facts += scopes
    value["annotations"] = [note(facts)]
    return value


def _person(maintainer: str) -> str:
    """SPDX 2.3 §7.6: `Person: name (address)`."""
    match = _ADDRESS.fullmatch(maintainer)
    return f"Person: {match[1]} ({match[2]})" if match else f"Person: {maintainer}"


def _relationships(
    packages: list[dict[str, Any]], placed: Iterable[Relation], ids: dict[str, str], components: Iterable[Component]
) -> list[dict[str, str]]:
    """The subject contains everything, and depends on what a record says was asked for."""
    entries = [_relationship(DOCUMENT, "DESCRIBES", SUBJECT)]
    entries += [_relationship(SUBJECT, "CONTAINS", package["SPDXID"]) for package in packages[1:]]
    asked = [c.key for c in components if c.removed_by is None and direct_record(c)]
    entries += [_relationship(SUBJECT, "DEPENDS_ON", ids[key]) for key in asked]
    for relation in placed:
        entry = _relationship(ids[relation.source], KINDS[relation.kind], ids[relation.target])
        if relation.kind == "owned_by":
            entry["comment"] = OWNED_BY
        entries.append(entry)
    return entries


def _relationship(source: str, kind: str, target: str) -> dict[str, str]:
    return {"spdxElementId": source, "relationshipType": kind, "relatedSpdxElement": target}


def _extracted(components: Iterable[Component]) -> list[dict[str, str]]:
    """SPDX 2.3 §10: every `LicenseRef-` used is explained, here by what the package itself declares."""
    texts: dict[str, str] = {}
    for c in components:
        for expression in (c.licence.expression, c.licence.concluded):
            for reference in _REFERENCE.findall(expression) if "LicenseRef-" in expression else ():
                texts.setdefault(reference, "; ".join(c.licence.declared) or "NOASSERTION")
    return [{"licenseId": name, "extractedText": texts[name]} for name in sorted(texts)]
