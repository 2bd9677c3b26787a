"""Evidence about one subject, and the sections of the fact document that are made of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from assay.formats import predicates
from assay.model.errors import MalformedError
from assay.model.evidence import Evidence
from assay.model.image import Subject

if TYPE_CHECKING:
    from assay.formats.vulns import Scan
    from assay.trust.levels import BuilderRow

Section = dict[str, Any]


class Sources(msgspec.Struct, frozen=True):
    """Evidence about this subject, by kind of predicate."""

    subject: Subject
    usable: tuple[Evidence, ...]
    verifying: bool
    builders: Callable[[], Sequence[BuilderRow]] | None = None
    scans: list[list[tuple[Evidence, Scan]]] = []
    """The newest scans, once somebody has looked for them (`policy.weaknesses`): four sections ask."""

    def of(self, *types: str) -> list[Evidence]:
        """What has a predicate of one of these types, in a fixed order."""
        found = [e for e in self.usable if predicates.canonical_type(e.statement.predicate_type) in types]
        return sorted(found, key=lambda e: str(e.digest))


def guarded(make: Callable[[Sources], Section], sources: Sources) -> Section:
    """A predicate that cannot be read makes its section `failed`, never absent."""
    try:
        return make(sources)
    except MalformedError as error:
        return {"state": "failed", "reason": error.line(), "evidence": []}


def is_about(evidence: Evidence, subject: Subject) -> bool:
    """Whether a statement names this subject's digest or its index's; without a digest, whether it is our own."""
    digests = [d for d in (subject.digest, subject.index) if d is not None]
    if not digests:
        return evidence.signer.kind == "self"
    return any(s.digest.get(d.algorithm) == d.hex for s in evidence.statement.subject for d in digests)
