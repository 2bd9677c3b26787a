"""What an SBOM document itself says, element by element, as the minimum-element profiles ask for it.

Read from the document and not from an `Inventory`: a reader joins supplier, author and publisher into one maintainer,
and a maintainer is not a supplier. JSON forms only (CycloneDX 1.x, SPDX 2.x, SPDX 3.0.1).
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from assay.formats import sbom, sbom_elements_spdx3, wire
from assay.formats.sbom_described import UNSAID, Described, Document, contact_in, listed, numbers
from assay.model.errors import UnsupportedError
from assay.model.limits import DEFAULT_LIMITS

_NO_COMPLETENESS = frozenset({"", "unknown", "not_specified"})
"""CycloneDX `compositions.aggregate` that tells nothing; all others say complete, or in which way incomplete."""


def read(data: bytes, name: str) -> Document:
    """The elements of a document; it is read whole first, so an invalid one is refused as everywhere.

    Raises:
        UnsupportedError: not a JSON form. MalformedError: as `sbom.read`.
    """
    form = sbom.sniff(data, name)
    if form not in _FORMS:
        raise UnsupportedError(
            "only JSON documents are scored", where=name, why=form, remedy="score the JSON form its author publishes"
        )
    sbom.read(data, name)
    document = wire.decode(data, where=name, limit=DEFAULT_LIMITS.sbom_bytes)
    return _FORMS[form](document)


def _cyclonedx(bom: Mapping[str, Any]) -> Document:
    metadata = bom.get("metadata") or {}
    tools = listed(metadata, "tools")
    for key in ("components", "services"):
        tools += listed(metadata.get("tools"), key)
    makers = [*listed(metadata, "authors"), *(metadata.get(k) for k in ("manufacturer", "manufacture", "supplier"))]
    related: set[str] = set()
    for entry in bom.get("dependencies") or []:
        related.update([str(entry.get("ref")), *map(str, entry.get("dependsOn") or [])])
    judged = {
        str(one)
        for entry in listed(bom, "compositions")
        if str(entry.get("aggregate") or "") not in _NO_COMPLETENESS and isinstance(entry.get("dependencies"), list)
        for one in entry["dependencies"]
    }
    return Document(
        form="CycloneDX",
        version=numbers(str(bom.get("specVersion", ""))),
        author=next((n for n in map(_name, [*makers, *tools]) if n), ""),
        author_contact=next((c for c in map(_contact, makers) if c), ""),
        timestamp=str(metadata.get("timestamp") or ""),
        components=tuple(_component(item, related, judged) for item in _flat(bom.get("components") or [])),
    )


def _flat(items: list[Any]) -> Iterator[Mapping[str, Any]]:
    """Every component, nested ones too; files and the operating system are not packages."""
    pending = list(reversed(items))
    while pending:
        item = pending.pop()
        pending += reversed(item.get("components") or [])
        if item.get("type") not in ("operating-system", "file") or (item.get("type") == "file" and item.get("purl")):
            yield item


def _component(item: Mapping[str, Any], related: set[str], judged: set[str]) -> Described:
    properties = {p.get("name"): str(p.get("value", "")) for p in listed(item, "properties")}
    hashes = listed(item, "hashes")
    for reference in listed(item, "externalReferences"):
        hashes += listed(reference, "hashes") if reference.get("type") == "distribution" else []
    makers = [item.get("manufacturer"), item.get("supplier"), *listed(item, "authors")]
    makers += [item.get("author"), item.get("publisher")]
    licences = [c.get("expression") or (c.get("license") or {}).get("id") for c in listed(item, "licenses")]
    return Described(
        label=str(item.get("bom-ref") or item.get("purl") or item.get("name", "")),
        name=str(item.get("name", "")),
        version=str(item.get("version") or ""),
        supplier=_name(item.get("supplier")),
        creator_contact=next((c for c in map(_contact, makers) if c), ""),
        identifiers=tuple(str(item[key]) for key in ("purl", "cpe", "swid") if item.get(key)),
        licensed=any(text not in UNSAID for text in licences if text),
        hash_algorithms=frozenset(str(h.get("alg", "")).upper().replace("-", "") for h in hashes),
        related=str(item.get("bom-ref")) in related,
        completeness=str(item.get("bom-ref")) in judged,
        filename=properties.get("bsi:component:filename", ""),
        executable=properties.get("bsi:component:executable", ""),
        archive=properties.get("bsi:component:archive", ""),
        structured=properties.get("bsi:component:structured", ""),
    )


def _spdx(document: Mapping[str, Any]) -> Document:
    info = document.get("creationInfo") or {}
    creators = [c for c in info.get("creators") or [] if isinstance(c, str)]
    people = [c for c in creators if not c.startswith("Tool:")]
    related: set[str] = set()
    judged: set[str] = set()
    described = {str(one) for one in document.get("documentDescribes") or []}
    for entry in document.get("relationships") or []:
        ends = str(entry.get("spdxElementId")), str(entry.get("relatedSpdxElement"))
        if entry.get("relationshipType") == "DESCRIBES":
            described.add(ends[1])
        else:
            related.update(ends)
            # SPDX 2.3, 11.2: DEPENDS_ON NONE says that there is no other.
            if entry.get("relationshipType") == "DEPENDS_ON" and ends[1] == "NONE":
                judged.add(ends[0])
    subjects = {one for one in described if len(document.get("packages") or []) > len(described)}
    packages = [p for p in document.get("packages") or [] if p.get("SPDXID") not in subjects]
    return Document(
        form="SPDX",
        version=numbers(str(document.get("spdxVersion", "")).removeprefix("SPDX-")),
        author=next(iter([*people, *creators]), ""),
        author_contact=next((c for c in map(_contact, people) if c), ""),
        timestamp=str(info.get("created") or ""),
        components=tuple(
            _package(p, related, judged) for p in packages if p.get("primaryPackagePurpose") != "OPERATING_SYSTEM"
        ),
    )


def _package(item: Mapping[str, Any], related: set[str], judged: set[str]) -> Described:
    supplier = str(item.get("supplier") or "")
    references = [r for r in listed(item, "externalRefs") if str(r.get("referenceType")) in ("purl", *_OTHER_NAMES)]
    licences = [str(item.get(key) or "") for key in ("licenseConcluded", "licenseDeclared")]
    return Described(
        label=str(item.get("SPDXID") or item.get("name", "")),
        name=str(item.get("name", "")),
        version=_said(item.get("versionInfo")),
        supplier=_said(supplier),
        creator_contact=_contact(item.get("originator")) or _contact(supplier),
        identifiers=tuple(str(r.get("referenceLocator")) for r in references),
        licensed=any(text not in UNSAID for text in licences),
        hash_algorithms=frozenset(str(c.get("algorithm", "")) for c in listed(item, "checksums")),
        related=item.get("SPDXID") in related,
        completeness=item.get("SPDXID") in judged,
        filename=str(item.get("packageFileName") or ""),
    )


_OTHER_NAMES = ("cpe22Type", "cpe23Type", "swid", "gitoid", "swh")


def _said(value: Any) -> str:
    return value if isinstance(value, str) and value not in UNSAID else ""


def _name(value: Any) -> str:
    if isinstance(value, dict):
        value = value.get("name") or next((c["name"] for c in listed(value, "contact") if c.get("name")), "")
    return value.strip() if isinstance(value, str) else ""


def _contact(value: Any) -> str:
    """The first e-mail address or URL a text or an entity gives."""
    if isinstance(value, dict):
        url = value.get("url")
        texts: list[Any] = [value.get("email"), *(url if isinstance(url, list) else [url])]
        texts += [c.get("email") for c in listed(value, "contact")]
        value = " ".join(str(text) for text in texts if text)
    return contact_in(value) if isinstance(value, str) else ""


_FORMS: Mapping[str, Callable[[Mapping[str, Any]], Document]] = {
    "cyclonedx": _cyclonedx,
    "spdx": _spdx,
    "spdx3": sbom_elements_spdx3.read,
}
