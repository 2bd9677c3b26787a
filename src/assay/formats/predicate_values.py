"""One table: predicate type to the typed value it is read into. A type nobody knows is `Custom`, as it came."""

from collections.abc import Mapping

import msgspec

from assay.formats import claims, predicates, slsa
from assay.model import predicates as values
from assay.model.errors import MalformedError
from assay.model.provenance import Provenance
from assay.model.statement import Statement
from assay.model.summary import SimpleResult, VerificationSummary

_READ: dict[str, tuple[type[msgspec.Struct], str]] = {
    predicates.VSA: (VerificationSummary, "a verification summary"),
    predicates.SVR: (SimpleResult, "a simple verification result"),
    predicates.TEST_RESULT: (values.TestResult, "a test result"),
    predicates.SCAI: (values.AttributeReport, "an attribute report"),
    predicates.RELEASE: (values.Release, "a release"),
    predicates.LINK: (values.Link, "a link"),
    predicates.RUNTIME_TRACE: (values.RuntimeTrace, "a runtime trace"),
    predicates.REFERENCE: (values.Reference, "a reference"),
    predicates.VULNS: (values.VulnerabilityScan, "a vulnerability scan"),
    predicates.COSIGN_VULNS: (values.VulnerabilityScan, "a vulnerability scan"),
    predicates.COSIGN_SIGN: (values.ImageSignature, "an image signature"),
}
"""By canonical type. SBOM and VEX documents have their own readers and come as `Custom` here."""


def read(statement: Statement, *, where: str) -> msgspec.Struct:
    """The typed value of a statement's predicate.

    Raises:
        MalformedError: the predicate lacks what its type demands, or a field has another type.
    """
    kind = predicates.canonical_type(statement.predicate_type)
    if kind == predicates.PROVENANCE:
        return slsa.read(statement.predicate_type, statement.predicate, where=where)
    if kind not in _READ:
        return values.Custom(value=statement.predicate)
    struct, what = _READ[kind]
    value: msgspec.Struct = claims.read(_renamed(kind, statement.predicate), struct, where=where, what=what)
    if (why := _flaw(value)) is not None:
        raise MalformedError(f"not {what}", where=where, why=why, remedy="ask its author for a valid one")
    return value


def write(value: msgspec.Struct) -> dict[str, object]:
    """The predicate of a typed value, as the newest version of its type spells it.

    Raises:
        UnsupportedError: provenance of v0.2.
    """
    if isinstance(value, Provenance):
        return slsa.write(value)
    if isinstance(value, values.Custom):
        return dict(value.value)
    return claims.write(value)


def _renamed(kind: str, predicate: Mapping[str, object]) -> Mapping[str, object]:
    """Release v0.1 called it `releaseId` (release.md, v0.2: "Renamed the `releaseId` predicate field")."""
    if kind == predicates.RELEASE and "releaseId" in predicate and "packageId" not in predicate:
        return {**predicate, "packageId": predicate["releaseId"]}
    return predicate


def _flaw(value: msgspec.Struct) -> str | None:
    """What a specification demands beyond types; None where nothing is missing."""
    if isinstance(value, values.RuntimeTrace):
        log = value.monitor_log
        if log.process is None and log.network is None and log.file_access is None:
            return "monitorLog has neither process, network nor fileAccess"  # runtime-trace.md, monitorLog
    if isinstance(value, values.Link) and value.materials is not None:
        names = [material.name for material in value.materials]
        if "" in names or len(set(names)) != len(names) or not all(m.digest for m in value.materials):
            return "a material has no name, a name twice, or no digest"  # link.md, materials
    if isinstance(value, values.Reference) and not all(r.download_location and r.media_type for r in value.references):
        return "a reference has no downloadLocation or no mediaType"  # reference.md, references
    return None
