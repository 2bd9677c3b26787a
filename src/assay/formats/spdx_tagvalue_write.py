"""`Inventory` to SPDX 2.3 tag-value: the same document as in JSON, in the other form (SPDX 2.3 §5.1).

Every value stands on one line: what a line cannot hold is escaped (`wire.escape_line`), and our reader undoes it.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from assay.formats import spdx_write, wire
from assay.model.inventory import Inventory
from assay.model.tool import Tool

Lines = Iterator[tuple[str, str]]

_PACKAGE = (
    ("PackageName", "name"),
    ("SPDXID", "SPDXID"),
    ("PackageVersion", "versionInfo"),
    ("PackageSupplier", "supplier"),
    ("PackageOriginator", "originator"),
    ("PackageDownloadLocation", "downloadLocation"),
    ("FilesAnalyzed", "filesAnalyzed"),
    ("PackageSourceInfo", "sourceInfo"),
    ("PackageLicenseConcluded", "licenseConcluded"),
    ("PackageLicenseDeclared", "licenseDeclared"),
    ("PackageLicenseComments", "licenseComments"),
    ("PackageCopyrightText", "copyrightText"),
    ("PackageComment", "comment"),
    ("PrimaryPackagePurpose", "primaryPackagePurpose"),
)
"""Tag → name in JSON, in the order of SPDX 2.3 clause 7."""
_REFERENCE = "ExternalRef"
_TEXT = frozenset(
    {"PackageSourceInfo", "PackageLicenseComments", "PackageComment", "ExtractedText", "AnnotationComment"}
    | {"RelationshipComment"}
)
"""Tags whose value is free text and stands between `<text>` and `</text>`."""


def write(inventory: Inventory, *, tool: Tool, timestamp: str) -> bytes:
    """The inventory as an SPDX 2.3 tag-value document; the same input gives the same bytes.

    Args:
        inventory: what to write; nothing of it is lost.
        tool: the creator.
        timestamp: RFC 3339 time for `Created`; "" gives the epoch.

    Raises:
        MalformedError: the timestamp is none.
    """
    document = spdx_write.document(inventory, tool=tool, timestamp=timestamp)
    sections = [_header(document)]
    sections += [_package(p) for p in document["packages"]]
    sections += [_extracted(x) for x in document.get("hasExtractedLicensingInfos", ())]
    sections.append(_all(document["relationships"], _relationship))
    annotated = [(spdx_write.DOCUMENT, document), *((p["SPDXID"], p) for p in document["packages"])]
    sections += [_annotation(a, target) for target, value in annotated for a in value.get("annotations", ())]
    text = "\n".join("".join(f"{tag}: {_value(tag, value)}\n" for tag, value in lines) for lines in sections)
    return spdx_write.named(text.encode())


def _value(tag: str, value: str) -> str:
    if tag == _REFERENCE:  # its locator is one word, and escaped as one already
        return value
    line = wire.escape_line(value)
    return f"<text>{line}</text>" if tag in _TEXT else line


def _header(document: dict[str, Any]) -> Lines:
    yield "SPDXVersion", document["spdxVersion"]
    yield "DataLicense", document["dataLicense"]
    yield "SPDXID", document["SPDXID"]
    yield "DocumentName", document["name"]
    yield "DocumentNamespace", document["documentNamespace"]
    for creator in document["creationInfo"]["creators"]:
        yield "Creator", creator
    yield "Created", document["creationInfo"]["created"]


def _package(package: dict[str, Any]) -> Lines:
    for tag, name in _PACKAGE:
        if name in package:
            value = package[name]
            yield tag, str(value).lower() if isinstance(value, bool) else value
    for checksum in package.get("checksums", ()):
        yield "PackageChecksum", f"{checksum['algorithm']}: {checksum['checksumValue']}"
    for ref in package.get("externalRefs", ()):
        yield (
            _REFERENCE,
            f"{ref['referenceCategory']} {ref['referenceType']} {wire.escape_word(ref['referenceLocator'])}",
        )


def _extracted(info: dict[str, str]) -> Lines:
    yield "LicenseID", info["licenseId"]
    yield "ExtractedText", info["extractedText"]


def _relationship(entry: dict[str, str]) -> Lines:
    yield "Relationship", f"{entry['spdxElementId']} {entry['relationshipType']} {entry['relatedSpdxElement']}"
    if "comment" in entry:
        yield "RelationshipComment", entry["comment"]


def _annotation(annotation: dict[str, str], target: str) -> Lines:
    yield "Annotator", annotation["annotator"]
    yield "AnnotationDate", annotation["annotationDate"]
    yield "AnnotationType", annotation["annotationType"]
    yield "SPDXREF", target
    yield "AnnotationComment", annotation["comment"]


def _all(entries: Iterable[dict[str, str]], section: Callable[[dict[str, str]], Lines]) -> Lines:
    for entry in entries:
        yield from section(entry)
