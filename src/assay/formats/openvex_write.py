"""Findings and statements to OpenVEX 0.2 (openvex/spec, OPENVEX-SPEC.md).

From a report: what was suppressed or found not affected, with its cause; what is affected, with the action; what is
undetermined as `under_investigation`. The product is the image by digest, the subcomponents are packages.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from assay.formats import purl as purls
from assay.formats import vex_notes, wire
from assay.formats.openvex_read import CONTEXT, JUSTIFICATIONS
from assay.formats.vex_words import require_profile
from assay.model.finding import Finding
from assay.model.image import Subject
from assay.model.purl import Purl
from assay.model.report import Report
from assay.model.vex import VexProduct, VexStatement

_ID = "urn:uuid:00000000-0000-0000-0000-000000000000"


def write(report: Report, *, author: str, timestamp: str) -> bytes:
    """A report's findings as an OpenVEX 0.2 document; the same report gives the same bytes.

    A report without findings gives no bytes: the schema allows no document without statements, and one that says
    nothing of an image is no promise about it.

    Args:
        report: what was found.
        author: who says it.
        timestamp: RFC 3339 time of the document.

    Raises:
        MalformedError: the timestamp is none.
    """
    return write_statements(
        statements(report), author=author, timestamp=timestamp, tooling=f"{report.tool.name} {report.tool.version}"
    )


def statements(report: Report) -> tuple[VexStatement, ...]:
    """What a report's findings say, one statement for all components of which the same is said."""
    groups: dict[VexStatement, list[str]] = {}
    for finding in report.findings:
        groups.setdefault(_of_finding(finding), []).append(finding.purl)
    product = subject_identifiers(report.subject)
    result = []
    for said, found in groups.items():
        packages = tuple(sorted({p for p in found if p}))
        products = (VexProduct(product, packages),) if product else tuple(VexProduct((p,)) for p in packages)
        result.append(msgspec.structs.replace(said, products=products))
    return tuple(sorted(result, key=lambda s: (s.vulnerability, s.status, s.justification, s.impact, s.action)))


def _of_finding(finding: Finding) -> VexStatement:
    """The statement about a finding, without products, time and author."""
    said: dict[str, str] = {"status": "under_investigation"}
    suppressed = finding.suppressed
    if suppressed is not None and suppressed.status in {"not_affected", "fixed"}:
        known = suppressed.justification in JUSTIFICATIONS
        said = {"status": suppressed.status, "justification": suppressed.justification if known else ""}
        said["impact"] = " ".join(filter(None, (suppressed.impact, f"Stated by {suppressed.by}.")))
    elif finding.status == "not_affected":
        said = {"status": "not_affected", "impact": _last_reason(finding)}
    elif finding.status == "affected":
        fixed = " or ".join(finding.fixed_in)
        action = f"Update {finding.name} to {fixed}." if fixed else "No fixed version is known."
        said = {"status": "affected", "action": action}
    return msgspec.convert(
        {"vulnerability": finding.id, "aliases": sorted(set(finding.aliases) - {finding.id})} | said, VexStatement
    )


def _last_reason(finding: Finding) -> str:
    says = [step.says for step in finding.reasons]
    return says[-1] if says else "The scan found it not affected."


def write_statements(
    said: Sequence[VexStatement],
    *,
    author: str,
    timestamp: str,
    tooling: str = "",
    identifier: str = "",
    version: int = 1,
    last_updated: str = "",
) -> bytes:
    """Statements as one OpenVEX 0.2 document; a statement's own time stays with it, its author becomes `author`.

    No statements give no bytes: OpenVEX has no form for a document that says nothing (`minItems` of `statements`).

    Raises:
        MalformedError: the timestamp is none, or a statement lacks its justification or action.
    """
    if not said:
        return b""
    require_profile(said, "OpenVEX", products=False)  # products may stand in an attestation around it
    document: dict[str, Any] = {
        "@context": CONTEXT,
        "@id": identifier or _ID,
        "author": author,
        "timestamp": wire.instant(timestamp),
        "version": version,
    }
    if last_updated:
        document["last_updated"] = wire.instant(last_updated)
    if tooling:
        document["tooling"] = tooling
    document["statements"] = [_write_statement(s) for s in dict.fromkeys(said)]
    data = wire.encode(document)
    return data if identifier else data.replace(_ID.encode(), f"urn:uuid:{wire.uuid5(data)}".encode(), 1)


def _write_statement(said: VexStatement) -> dict[str, Any]:
    vulnerability: dict[str, Any] = {"name": said.vulnerability}
    if said.aliases:
        vulnerability["aliases"] = list(said.aliases)
    value: dict[str, Any] = {"vulnerability": vulnerability}
    if said.timestamp:
        value["timestamp"] = said.timestamp
    products = []
    for product in said.products:
        part = _part(product.identifiers)
        if product.subcomponents:
            part["subcomponents"] = [_part((identifier,)) for identifier in product.subcomponents]
        products.append(part)
    if products:
        value["products"] = products
    value["status"] = said.status
    texts = (
        ("justification", said.justification),
        ("impact_statement", said.impact),
        ("action_statement", said.action),
        ("status_notes", vex_notes.pack(said)),
    )
    return value | {name: text for name, text in texts if text}


_HASHES = {"sha256": "sha-256", "sha384": "sha-384", "sha512": "sha-512", "sha1": "sha1", "md5": "md5"}


def _part(identifiers: Sequence[str]) -> dict[str, Any]:
    """Identifiers in the field each belongs to; the first IRI (a package URL is one) is the `@id`."""
    part: dict[str, Any] = {}
    named: dict[str, str] = {}
    hashes: dict[str, str] = {}
    for text in identifiers:
        algorithm, _, content = text.partition(":")
        if algorithm in _HASHES:
            hashes[_HASHES[algorithm]] = content
        elif text.startswith("cpe:2.3:"):
            named["cpe23"] = text
        elif text.startswith("cpe:/"):
            named["cpe22"] = text
        elif "@id" not in part:
            part["@id"] = text
        elif text.startswith("pkg:"):
            named["purl"] = text
    if not part and not named:
        part["@id"] = next(iter(identifiers))
    if named:
        part["identifiers"] = named
    if hashes:
        part["hashes"] = hashes
    return part


def subject_identifiers(subject: Subject) -> tuple[str, ...]:
    """An image by its digest, as a package URL of type oci and as a hash; nothing for what has no digest."""
    if subject.digest is None:
        return ()
    name, _, _ = subject.name.partition("@")
    path, _, last = name.rpartition("/")
    base, _, tag = last.partition(":")
    qualifiers = []
    if path:
        qualifiers.append(("repository_url", f"{path}/{base}"))
    if tag:
        qualifiers.append(("tag", tag))
    purl = Purl("oci", "", base or "image", str(subject.digest), tuple(qualifiers))
    return (purls.to_string(purl), str(subject.digest))
