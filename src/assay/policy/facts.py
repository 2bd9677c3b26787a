"""The fact document: what rules are asked about, made from evidence and from nothing else.

Sections carry `state` (`present`, `absent`, `failed`) and the digests of the evidence behind them. The document is
canonical JSON; its digest is the digest of the input. The time is recorded beside it and handed in as `input.now`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from assay.formats import image_facts, predicates, strictjson, vulns, wire
from assay.formats.vulns import Scan, ScanItem
from assay.model.digest import Digest
from assay.model.errors import MalformedError
from assay.model.evidence import Evidence
from assay.model.image import Subject
from assay.policy.signers import signer_facts
from assay.trust.newest import by, proven

if TYPE_CHECKING:
    from assay.trust.examine import Row
    from assay.trust.levels import BuilderRow

Section = dict[str, Any]
_ITEM_FIELDS = (
    "id", "component", "severity", "status", "fixable", "fixed_in", "exploited", "category", "origin", "coordinator",
    "deployer", "reach",
)  # fmt: skip

_WHERE_FOUND = frozenset({"provenance", "summaries", "builds", "rebuilds", "archives"})
"""Sections that stand in the document only where there is something to say: a missing one counts as absent."""
_OF_MAKING = (predicates.PROVENANCE, predicates.VSA, predicates.BUILD_RECORD)
"""Types of the evidence those sections are made of; `builds` has nothing to say without provenance."""
_LOST = frozenset({"DIGEST_MISMATCH", "SIZE_MISMATCH"})
"""Codes of rows whose bytes are not those that were attached: what was said is as unknown as if nothing had come."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """A fact document and what the engine needs to know of it without reading it."""

    document: bytes
    """Canonical JSON, without the time."""
    states: dict[str, str]
    evidence: dict[str, tuple[str, ...]]
    """Section to digests of the evidence behind it, sorted."""

    @property
    def digest(self) -> str:
        """sha256 of the document."""
        return str(Digest.of(self.document))

    def state(self, section: str) -> str:
        """State of a section; one that no evidence speaks of is `absent`."""
        return self.states.get(section, "absent")

    def at(self, now: str) -> bytes:
        """The engine's input: the document with `now`."""
        return b'{"now":' + strictjson.canonical(now) + b"," + self.document[1:]


class _Sources(msgspec.Struct, frozen=True):
    """Evidence about this subject, by kind of predicate."""

    subject: Subject
    usable: tuple[Evidence, ...]
    verifying: bool
    builders: Callable[[], Sequence[BuilderRow]] | None = None
    scans: list[list[tuple[Evidence, Scan]]] = []
    """What `_scans` found, once it has looked: four sections ask."""

    def of(self, *types: str) -> list[Evidence]:
        found = [e for e in self.usable if predicates.canonical_type(e.statement.predicate_type) in types]
        return sorted(found, key=lambda e: str(e.digest))


def build(
    evidence: Sequence[Evidence],
    subject: Subject,
    *,
    rows: Sequence[Row] | None = None,
    components: bool = False,
    builders: Callable[[], Sequence[BuilderRow]] | None = None,
    builds: Callable[[Sequence[Evidence]], Section] | None = None,
) -> Facts:
    """Make the fact document of one subject.

    Args:
        evidence: verified claims and own observations; one about another subject counts for nothing but is listed.
        subject: what is decided about.
        rows: what became of every candidate where the decision rests on attestations; None where this process decides
            on its own observations only (then signatures are not asked for).
        components: whether a selected rule declares the section `components`.
        builders: who may vouch for which builder, asked only if there is provenance; None takes the rows that come with
            the program.
        builds: judges the builds that evidence about this subject describes; None where nobody can. Asked only where
            there is provenance.
    """
    matching = tuple(e for e in evidence if _about(e, subject))
    sources = _Sources(subject, matching, rows is not None, builders)
    makers: dict[str, Callable[[_Sources], Section]] = {
        "image": _image,
        "sbom": _sbom,
        "findings": _findings,
        "vex": _vex,
        "base": _base,
        "locks": _locks,
        "lifetimes": _lifetimes,
        "suspicions": _suspicions,
        **({"components": _components} if components else {}),
    }
    if rows is not None or sources.of(*_OF_MAKING):  # a scan has none of it, and need not load its readers
        makers |= {
            "provenance": _provenance,
            "summaries": _summaries,
            "builds": partial(_builds, judge=builds),
            "rebuilds": _rebuilds,
            "archives": _archives,
        }
    sections = {"subject": _subject(subject), "signatures": _signatures(evidence, subject, rows)}
    sections |= {name: _guarded(make, sources) for name, make in makers.items()}
    if any(row.outcome == "unavailable" or row.code in _LOST for row in rows or ()):
        # What could not be had may be what is missing: nobody knows, so nothing is called absent. Or it is a newer
        # scan: an older one must not speak in its place.
        for name, section in sections.items():
            if section["state"] == "absent" or name == "findings":
                section |= {"state": "failed", "reason": "evidence could not be fetched"}
    sections = {n: section for n, section in sections.items() if n not in _WHERE_FOUND or section["state"] != "absent"}
    return Facts(
        document=strictjson.canonical(sections),
        states={name: section["state"] for name, section in sections.items()},
        evidence={name: tuple(sorted(section.get("evidence", ()))) for name, section in sections.items()},
    )


def _guarded(make: Callable[[_Sources], Section], sources: _Sources) -> Section:
    """A predicate that cannot be read makes its section `failed`, never absent."""
    try:
        return make(sources)
    except MalformedError as error:
        return {"state": "failed", "reason": error.line(), "evidence": []}


def _about(evidence: Evidence, subject: Subject) -> bool:
    """Whether a statement names this subject's digest or its index's; without a digest, whether it is our own."""
    digests = [d for d in (subject.digest, subject.index) if d is not None]
    if not digests:
        return evidence.signer.kind == "self"
    return any(s.digest.get(d.algorithm) == d.hex for s in evidence.statement.subject for d in digests)


def _subject(subject: Subject) -> Section:
    return {
        "state": "present",
        "name": subject.name,
        "kind": subject.kind,
        "digest": str(subject.digest or ""),
        "index": str(subject.index or ""),
        "platform": str(subject.platform or ""),
    }


def _signatures(evidence: Sequence[Evidence], subject: Subject, rows: Sequence[Row] | None) -> Section:
    signed = [e for e in evidence if e.signer.kind != "self"]
    attestations = [
        {
            "predicate_type": e.statement.predicate_type,
            **signer_facts(e),
            "subject_matches": _about(e, subject),
            "evidence": str(e.digest),
        }
        for e in sorted(evidence, key=lambda e: str(e.digest))
    ]
    rejected = [
        {"place": row.place, "outcome": row.outcome, "code": row.code}
        for row in sorted(rows or (), key=lambda row: row.place)
        if row.outcome != "verified"
    ]
    # A purely local decision asks nobody's signature, so the section is complete; a verification without one lacks it.
    return {
        "state": "present" if signed or rows is None else "absent",
        "verifying": rows is not None,
        "attestations": attestations,
        "rejected": rejected,
        "evidence": sorted({str(e.digest) for e in evidence}),
    }


def _provenance(sources: _Sources) -> Section:
    from assay.policy import origins

    found = sources.of(predicates.PROVENANCE)
    return origins.provenance(found, sources.builders() if found and sources.builders else None)


def _summaries(sources: _Sources) -> Section:
    from assay.policy import origins

    operators_count = _guarded(_provenance, sources).get("operators_count", 0)
    return origins.summaries(sources.of(predicates.VSA), operators_count)


def _rebuilds(sources: _Sources) -> Section:
    from assay.policy import rebuilt

    return rebuilt.rebuilds(sources.of(predicates.VSA))


def _archives(sources: _Sources) -> Section:
    from assay.policy import rebuilt

    return rebuilt.archives(sources.of(predicates.BUILD_RECORD))


def _builds(sources: _Sources, judge: Callable[[Sequence[Evidence]], Section] | None) -> Section:
    """Builds and whether they were hermetic, judged by whoever knows builds: another room."""
    if judge is None or not sources.of(predicates.PROVENANCE):
        return {"state": "absent", "items": [], "evidence": []}
    return judge(sources.of(predicates.PROVENANCE, predicates.RUNTIME_TRACE))


def _image(sources: _Sources) -> Section:
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


def _locks(sources: _Sources) -> Section:
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


def _sbom(sources: _Sources) -> Section:
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


def _components(sources: _Sources) -> Section:
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


def _scans(sources: _Sources) -> list[tuple[Evidence, Scan]]:
    """The newest scans of each signer: an older one, attached again, hides no newer one.

    By the time proven for each signature; where one of a signer's has none, by the times they claim. Of several of one
    second each counts, and so does one without a time. Freshness is judged by a rule.
    """
    if not sources.scans:
        sources.scans.append(_newest_scans(sources))
    return sources.scans[0]


def _newest_scans(sources: _Sources) -> list[tuple[Evidence, Scan]]:
    by_signer: dict[tuple[str, ...], list[tuple[Evidence, Scan]]] = {}
    for evidence in sources.of(predicates.VULNS):
        scan = vulns.read(evidence.statement.predicate, where=str(evidence.digest))
        by_signer.setdefault(by(evidence.signer), []).append((evidence, scan))
    found = []
    for _, scans in sorted(by_signer.items()):
        moments = [proven(evidence) for evidence, _ in scans]
        if "" in moments:
            moments = [wire.instant(scan.finished) if wire.is_instant(scan.finished) else "" for _, scan in scans]
        found += [pair for moment, pair in zip(moments, scans, strict=True) if moment in {"", max(moments)}]
    return found


def _findings(sources: _Sources) -> Section:
    scans = _scans(sources)
    states = {scan.state for _, scan in scans}
    state = next((word for word in ("failed", "absent") if word in states), "present") if scans else "absent"
    return {
        "state": state if state in {"present", "absent"} else "failed",
        "reason": "; ".join(sorted({scan.reason for _, scan in scans if scan.reason})),
        "scans": [_scan(e, scan) for e, scan in scans],
        "evidence": [str(e.digest) for e, _ in scans],
    }


def _scan(evidence: Evidence, scan: Scan) -> Section:
    open_items = [item for item in scan.items if _is_open(item)]
    counts: dict[str, int] = {}
    for item in open_items:
        counts[item.severity] = counts.get(item.severity, 0) + 1
    return {
        "scanner": scan.scanner,
        "finished": scan.finished,
        "updated": scan.updated,
        "database": scan.database,
        "feeds": [{"name": name, "date": date} for name, date in scan.feeds],
        "open": [{name: getattr(item, name) for name in _ITEM_FIELDS} for item in open_items],
        "open_counts": counts,
        "suppressed_count": sum(bool(item.suppressed) for item in scan.items),
        "uncovered_count": scan.uncovered_count,
        "uncovered_os_count": scan.uncovered_os_count,
        "evidence": str(evidence.digest),
    }


def _is_open(item: ScanItem) -> bool:
    """Open unless someone answerable closed it: what cannot be compared is open too."""
    return item.status != "not_affected" and not item.suppressed


def _vex(sources: _Sources) -> Section:
    found = sources.of(predicates.OPENVEX)
    return {
        "state": "present" if found else "absent",
        "documents": [
            {
                "author": str(e.statement.predicate.get("author", "")),
                "id": str(e.statement.predicate.get("@id", "")),
                "signer": e.signer.name,
                "evidence": str(e.digest),
            }
            for e in found
        ],
        "evidence": [str(e.digest) for e in found],
    }


def _base(sources: _Sources) -> Section:
    """Lifecycle of the distribution, as the newest scan found it; nobody looked, or nobody knows: absent."""
    found = [(e, scan) for e, scan in _scans(sources) if not scan.distro or scan.lifecycle in {"supported", "ended"}]
    return {
        "state": "present" if found else "absent",
        "distributions": [
            {
                "name": scan.distro,
                "lifecycle": scan.lifecycle,
                "ends": scan.ends,
                "soon": scan.soon,
                "evidence": str(e.digest),
            }
            for e, scan in found
        ],
        "evidence": [str(e.digest) for e, _ in found],
    }


def _lifetimes(sources: _Sources) -> Section:
    """Releases of runtimes and frameworks that ended, soon end, or are unknown; nobody looked: absent."""
    found = [(e, scan.lifetimes) for e, scan in _scans(sources) if scan.lifetimes is not None]
    return {
        "state": "present" if found else "absent",
        "items": [
            {
                "name": one.name,
                "lifecycle": one.state,
                "soon": one.soon,
                "ends": one.ends,
                "components_count": one.components_count,
                "evidence": str(e.digest),
            }
            for e, listed in found
            for one in listed
        ],
        "evidence": [str(e.digest) for e, _ in found],
    }


def _suspicions(sources: _Sources) -> Section:
    """What the newest scans found worth a look: a rule may ask for it, no shipped rule does. Nobody looked: absent."""
    found = [(e, scan.suspicions) for e, scan in _scans(sources) if scan.suspicions is not None]
    return {
        "state": "present" if found else "absent",
        "items": [
            {
                "component": one.component,
                "level": one.level,
                "points": one.points,
                "kinds": list(one.kinds),
                "evidence": str(e.digest),
            }
            for e, listed in found
            for one in listed
        ],
        "evidence": [str(e.digest) for e, _ in found],
    }
