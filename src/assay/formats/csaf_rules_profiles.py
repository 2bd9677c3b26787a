"""Mandatory tests of the profiles (CSAF 2.0 §6.1.26 and 6.1.27.1-6.1.27.11)."""

import re

from assay.formats.csaf_problem import Found
from assay.formats.csaf_rules_products import groups_of, members, vulnerabilities
from assay.formats.csaf_schema import Document

INCIDENT = "csaf_security_incident_response"
INFORMATIONAL = "csaf_informational_advisory"
ADVISORY = "csaf_security_advisory"
VEX = "csaf_vex"
PROFILES = ("csaf_base", INCIDENT, INFORMATIONAL, ADVISORY, VEX)
_NAMES = frozenset(
    name
    for profile in PROFILES
    for name in (profile.replace("_", ""), profile.removeprefix("csaf_").replace("_", ""))
    if name != "base"
)
_SEPARATORS = re.compile(r"[\s_.-]+")
_VEX_STATES = ("fixed", "known_affected", "known_not_affected", "under_investigation")


def lookalike_category(document: Document) -> Found:
    """6.1.26: a category of one's own does not look like a profile's name."""
    category = document.document.category
    if category not in PROFILES and _SEPARATORS.sub("", category).casefold() in _NAMES:
        yield "$.document.category", f"{category[:80]!a} looks like the name of a profile"


def _is(document: Document, *profiles: str) -> bool:
    return document.document.category in profiles


def document_notes(document: Document) -> Found:
    """6.1.27.1."""
    told = {note.category for note in document.document.notes} & {"description", "details", "general", "summary"}
    if _is(document, INCIDENT, INFORMATIONAL) and not told:
        yield "$.document.notes", "no note describes, summarises or details"


def document_references(document: Document) -> Found:
    """6.1.27.2."""
    outside = any(reference.category == "external" for reference in document.document.references)
    if _is(document, INCIDENT, INFORMATIONAL) and not outside:
        yield "$.document.references", "no external reference"


def no_vulnerabilities(document: Document) -> Found:
    """6.1.27.3."""
    if _is(document, INFORMATIONAL) and document.vulnerabilities is not None:
        yield "$.vulnerabilities", "an informational advisory has none"


def product_tree(document: Document) -> Found:
    """6.1.27.4."""
    if _is(document, ADVISORY, VEX) and document.product_tree is None:
        yield "$.product_tree", "the profile needs one"


def vulnerability_notes(document: Document) -> Found:
    """6.1.27.5."""
    for place, item in vulnerabilities(document):
        if _is(document, ADVISORY, VEX) and not item.notes:
            yield f"{place}.notes", "the profile needs notes"


def product_status(document: Document) -> Found:
    """6.1.27.6."""
    for place, item in vulnerabilities(document):
        if _is(document, ADVISORY) and item.product_status is None:
            yield f"{place}.product_status", "the profile needs it"


def vex_status(document: Document) -> Found:
    """6.1.27.7."""
    for place, item in vulnerabilities(document):
        if _is(document, VEX) and not any(getattr(item.product_status, field, ()) for field in _VEX_STATES):
            yield f"{place}.product_status", "none of " + ", ".join(_VEX_STATES)


def vulnerability_id(document: Document) -> Found:
    """6.1.27.8."""
    for place, item in vulnerabilities(document):
        if _is(document, VEX) and item.cve is None and not item.ids:
            yield place, "neither cve nor ids"


def impact_statement(document: Document) -> Found:
    """6.1.27.9: `known_not_affected` needs a flag or a threat of category `impact`."""
    groups = groups_of(document)
    for place, item in vulnerabilities(document):
        if not _is(document, VEX) or item.product_status is None:
            continue
        told: set[str] = set()
        for flag in item.flags:
            told |= members(flag, groups)
        for threat in item.threats:
            told |= members(threat, groups) if threat.category == "impact" else set()
        for number, identifier in enumerate(item.product_status.known_not_affected):
            if identifier not in told:
                where = f"{place}.product_status.known_not_affected[{number}]"
                yield where, f"the product {identifier[:120]!a} has neither justification nor impact statement"


def action_statement(document: Document) -> Found:
    """6.1.27.10: `known_affected` needs a remediation."""
    groups = groups_of(document)
    for place, item in vulnerabilities(document):
        if not _is(document, VEX) or item.product_status is None:
            continue
        told: set[str] = set()
        for remediation in item.remediations:
            told |= members(remediation, groups)
        for number, identifier in enumerate(item.product_status.known_affected):
            if identifier not in told:
                where = f"{place}.product_status.known_affected[{number}]"
                yield where, f"the product {identifier[:120]!a} has no action statement"


def some_vulnerabilities(document: Document) -> Found:
    """6.1.27.11."""
    if _is(document, ADVISORY, VEX) and not document.vulnerabilities:
        yield "$.vulnerabilities", "the profile needs some"
