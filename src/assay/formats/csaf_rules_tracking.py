"""Mandatory tests about languages, publisher, versions and the revision history (CSAF 2.0 §6.1.12-24, 28, 30)."""

from datetime import datetime
from itertools import pairwise

from assay.formats.csaf_problem import Found, twice
from assay.formats.csaf_rules_products import vulnerabilities
from assay.formats.csaf_schema import Document, Revision
from assay.formats.csaf_words import LANGUAGES

_Number = tuple[int, int, int, bool, tuple[tuple[int, int, str], ...]]


def invalid_language(document: Document) -> Found:
    """6.1.12: language codes are registered ones (BCP 47); of three-letter codes only the form is known here."""
    head = document.document
    for field, text in (("lang", head.lang), ("source_lang", head.source_lang)):
        if text is None:
            continue
        primary = text.split("-")[0].lower()
        plausible = primary in LANGUAGES or primary in ("i", "x") or (len(primary) == 3 and primary.isalpha())
        if not plausible or not primary.isascii():
            yield f"$.document.{field}", f"{text[:40]!a} is no language"


def number_of(text: str) -> _Number:
    """A version as something that can be compared: Semantic Versioning 2.0.0 §11, an integer as its major number."""
    bare, _, _ = text.partition("+")
    core, dash, pre = bare.partition("-")
    parts = [int(part) for part in core.split(".")] + [0, 0]
    marks = tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in pre.split(".")) if dash else ()
    return (parts[0], parts[1], parts[2], not dash, marks)


def _moment(revision: Revision) -> datetime:
    return datetime.fromisoformat(revision.date.upper().replace(":60", ":59"))


def _by_date(document: Document) -> list[Revision]:
    history = document.document.tracking.revision_history
    return sorted(history, key=lambda revision: (_moment(revision), number_of(revision.number)))


def unsorted_history(document: Document) -> Found:
    """6.1.14: sorted by date, the numbers ascend."""
    history = document.document.tracking.revision_history
    by_number = sorted(history, key=lambda revision: (number_of(revision.number), _moment(revision)))
    if [r.number for r in by_number] != [r.number for r in _by_date(document)]:
        yield "$.document.tracking.revision_history", "the numbers do not ascend with the dates"


def translator_without_source(document: Document) -> Found:
    """6.1.15: a translator names the language translated from."""
    if document.document.publisher.category == "translator" and document.document.source_lang is None:
        yield "$.document", "a translator's document needs source_lang"


def wrong_latest_version(document: Document) -> Found:
    """6.1.16: the document's version is that of the newest revision; a draft's pre-release part does not count."""
    tracking = document.document.tracking
    newest = _by_date(document)[-1].number
    drop = "-" if tracking.status == "draft" else "+"
    left, right = (text.partition("+")[0].partition(drop)[0] for text in (tracking.version, newest))
    if left != right:
        yield "$.document.tracking.version", f"{tracking.version!a}, but the newest revision is {newest!a}"


def status_not_draft(document: Document) -> Found:
    """6.1.17: version 0 or 0.y.z, or one with a pre-release part, is a draft."""
    tracking = document.document.tracking
    number = number_of(tracking.version)
    if (number[0] == 0 or not number[3]) and tracking.status != "draft":
        yield "$.document.tracking.status", f"version {tracking.version!a} is a draft's"


def released_history(document: Document) -> Found:
    """6.1.18: the history of a released document has no version 0 or 0.y.z."""
    tracking = document.document.tracking
    for place, revision in _revisions(document):
        if tracking.status in ("final", "interim") and number_of(revision.number)[0] == 0:
            yield place, f"{revision.number!a} in the history of a released document"


def history_prerelease(document: Document) -> Found:
    """6.1.19: no revision has a pre-release part."""
    for place, revision in _revisions(document):
        if not number_of(revision.number)[3]:
            yield place, f"{revision.number!a} has a pre-release part"


def prerelease_not_draft(document: Document) -> Found:
    """6.1.20: a released document's version has no pre-release part."""
    tracking = document.document.tracking
    if tracking.status != "draft" and not number_of(tracking.version)[3]:
        yield "$.document.tracking.version", f"{tracking.version!a} has a pre-release part"


def missing_revision(document: Document) -> Found:
    """6.1.21: the major numbers of the history begin with 0 or 1 and leave none out."""
    majors = sorted({number_of(r.number)[0] for r in document.document.tracking.revision_history})
    place = "$.document.tracking.revision_history"
    if majors[0] not in (0, 1):
        yield place, f"the history begins with version {majors[0]}"
    for before, after in pairwise(majors):
        if after != before + 1:
            yield place, f"version {before + 1} is missing"


def repeated_revision(document: Document) -> Found:
    """6.1.22: a version stands once in the history."""
    yield from twice([(place, revision.number) for place, revision in _revisions(document)], "the version")


def repeated_cve(document: Document) -> Found:
    """6.1.23: a CVE stands in one vulnerability."""
    yield from twice([(place, item.cve) for place, item in vulnerabilities(document) if item.cve], "the vulnerability")


def repeated_involvement(document: Document) -> Found:
    """6.1.24: a party is involved once at a time."""
    for place, item in vulnerabilities(document):
        found = [(f"{place}.involvements[{n}]", f"{i.party} {i.date}") for n, i in enumerate(item.involvements)]
        yield from twice(found, "the involvement")


def translation_of_itself(document: Document) -> Found:
    """6.1.28: a translation is in another language than its source."""
    head = document.document
    if head.lang is not None and head.source_lang is not None and head.lang.lower() == head.source_lang.lower():
        yield "$.document.lang", "source_lang and lang are the same"


def mixed_versioning(document: Document) -> Found:
    """6.1.30: versions are all integers, or all semantic."""
    found = [revision.number for _, revision in _revisions(document)] + [document.document.tracking.version]
    if len({"." in text for text in found}) > 1:
        yield "$.document.tracking", "integers and semantic versions are mixed"


def _revisions(document: Document) -> list[tuple[str, Revision]]:
    history = document.document.tracking.revision_history
    return [(f"$.document.tracking.revision_history[{n}]", revision) for n, revision in enumerate(history)]
