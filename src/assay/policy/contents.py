"""Facts about what an image is and what is in it: its configuration, its SBOM documents, the locks of its projects."""

from typing import Any

import msgspec

from assay.formats import image_facts, predicates
from assay.model.errors import MalformedError
from assay.model.evidence import Evidence
from assay.policy.about import Section, Sources


def image(sources: Sources) -> Section:
    """Configuration of every image that facts speak of: its user, labels, distribution, base, and gaps."""
    found = sources.of(predicates.IMAGE_FACTS)
    configs = [(e, image_facts.read(e.statement.predicate, where=str(e.digest))) for e in found]
    return {
        "state": "present" if configs else "absent",
        "configs": [
            {
                "kind": facts.kind,
                "user": facts.user,
                "created": facts.created,
                "labels": facts.labels,
                "distro": facts.distro,
                "os_packages_count": facts.os_packages_count,
                "gaps": facts.gaps,
                "base": msgspec.to_builtins(facts.base),
                "evidence": str(e.digest),
            }
            for e, facts in configs
        ],
        "evidence": [str(e.digest) for e in found],
    }


def locks(sources: Sources) -> Section:
    """State of the projects' locks; an image whose facts do not speak of them was not looked at."""
    found = sources.of(predicates.IMAGE_FACTS)
    read = [(e, image_facts.read(e.statement.predicate, where=str(e.digest))) for e in found]
    looked = [(e, facts) for e, facts in read if facts.locks is not None]
    return {
        "state": "present" if looked else "absent",
        "images": [
            {
                "counts": facts.locks_counts,
                "locks": [msgspec.to_builtins(one) for one in facts.locks or ()],
                "evidence": str(e.digest),
            }
            for e, facts in looked
        ],
        "evidence": [str(e.digest) for e, _ in looked],
    }


def sbom(sources: Sources) -> Section:
    """SBOM documents; our own inventory of this very run counts as one where no attestation is asked for."""
    documents = [_document(e) for e in sources.of(predicates.CYCLONEDX, predicates.SPDX, predicates.SPDX3)]
    for e in sources.of(predicates.IMAGE_FACTS):
        if e.signer.kind == "self" and not sources.verifying:
            facts = image_facts.read(e.statement.predicate, where=str(e.digest))
            documents.append(_counts("inventory", facts.components_count, facts.unidentified_count, e))
    return {
        "state": "present" if documents else "absent",
        "documents": documents,
        "evidence": [document["evidence"] for document in documents],
    }


def _document(evidence: Evidence) -> Section:
    """Counts of an SBOM predicate, CycloneDX or SPDX."""
    predicate, where = evidence.statement.predicate, str(evidence.digest)
    kind = predicates.canonical_type(evidence.statement.predicate_type)
    if kind == predicates.SPDX3:
        return _document_spdx3(evidence)
    spdx = kind == predicates.SPDX
    items = _listed(predicate, "packages" if spdx else "components", where)
    named = sum(_identified(item, spdx=spdx) for item in items)
    return _counts("spdx" if spdx else "cyclonedx", len(items), len(items) - named, evidence)


def _document_spdx3(evidence: Evidence) -> Section:
    """SPDX 3 puts everything into one graph; its packages say themselves which package URL is theirs."""
    items = _listed(evidence.statement.predicate, "@graph", str(evidence.digest))
    packages = [item for item in items if item.get("type") == "software_Package"]
    named = sum(bool(item.get("software_packageUrl")) or _is_whole(item) for item in packages)
    return _counts("spdx3", len(packages), len(packages) - named, evidence)


def _is_whole(item: dict[str, Any]) -> bool:
    """An operating system or an image has no package URL by nature."""
    return item.get("software_primaryPurpose") in {"operatingSystem", "container", "file"}


def _listed(predicate: dict[str, object], name: str, where: str) -> list[dict[str, Any]]:
    items = predicate.get(name, [])
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise MalformedError("not an SBOM", where=where, why="its components are no list", remedy="attest it again")
    return items


def _identified(item: dict[str, Any], *, spdx: bool) -> bool:
    if not spdx:
        # Files and the operating system itself have no package URL by nature.
        return bool(item.get("purl")) or item.get("type") in {"operating-system", "file"}
    references = item.get("externalRefs", [])
    purl = any(isinstance(r, dict) and r.get("referenceType") == "purl" for r in references)
    return purl or item.get("primaryPackagePurpose") in {"OPERATING-SYSTEM", "CONTAINER", "FILE"}


def _counts(form: str, count: int, unidentified: int, evidence: Evidence) -> Section:
    return {
        "format": form,
        "components_count": count,
        "unidentified_count": unidentified,
        "evidence": str(evidence.digest),
    }


def components(sources: Sources) -> Section:
    """Name, version and package URL of every component of the CycloneDX documents, for rules that declare it."""
    found = sources.of(predicates.CYCLONEDX)
    items = [
        {name: str(item.get(name, "")) for name in ("name", "version", "purl")}
        for e in found
        if isinstance(listed := e.statement.predicate.get("components", []), list)
        for item in listed
        if isinstance(item, dict)
    ]
    return {
        "state": "present" if found else "absent",
        "items": sorted(items, key=lambda item: (item["purl"], item["name"], item["version"])),
        "evidence": [str(e.digest) for e in found],
    }
