"""The fact document: what rules are asked about, made from evidence and from nothing else.

Sections carry `state` (`present`, `absent`, `failed`) and the digests of the evidence behind them. The document is
canonical JSON; its digest is the digest of the input. The time is recorded beside it and handed in as `input.now`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from assay.formats import predicates, strictjson
from assay.model.digest import Digest
from assay.model.evidence import Evidence
from assay.model.image import Subject
from assay.policy import contents, weaknesses
from assay.policy.about import Section, Sources, guarded, is_about
from assay.policy.signers import signer_facts

if TYPE_CHECKING:
    from assay.trust.examine import Row
    from assay.trust.levels import BuilderRow

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
    matching = tuple(e for e in evidence if is_about(e, subject))
    sources = Sources(subject, matching, rows is not None, builders)
    makers: dict[str, Callable[[Sources], Section]] = {
        "image": contents.image,
        "sbom": contents.sbom,
        "findings": weaknesses.findings,
        "vex": weaknesses.vex,
        "base": weaknesses.base,
        "locks": contents.locks,
        "lifetimes": weaknesses.lifetimes,
        "suspicions": weaknesses.suspicions,
        **({"components": contents.components} if components else {}),
    }
    if rows is not None or sources.of(*_OF_MAKING):  # a scan has none of it, and need not load its readers
        from assay.policy import making

        makers |= making.makers(builds)
    sections = {"subject": _subject(subject), "signatures": _signatures(evidence, subject, rows)}
    sections |= {name: guarded(make, sources) for name, make in makers.items()}
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
            "subject_matches": is_about(e, subject),
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
