"""SPDX 2.2 and 2.3 tag-value to `Inventory`: lines to the shape of the JSON form, which `spdx_read` understands."""

import re
from collections.abc import Iterator
from typing import Any

from assay.formats import spdx_read, wire
from assay.model.errors import MalformedError
from assay.model.inventory import Inventory
from assay.model.limits import DEFAULT_LIMITS

Record = dict[str, Any]

_TAG = re.compile(r"([A-Za-z0-9]+):[ \t]*(.*)", re.DOTALL)
_GAP = re.compile(r"[ \t]+")
_OPEN, _CLOSE = "<text>", "</text>"
_DOCUMENT = "SPDXRef-DOCUMENT"
_BEGINS = {
    "PackageName": "packages",
    "FileName": "files",
    "SnippetSPDXIdentifier": "snippets",
    "SnippetSPDXID": "snippets",
    "LicenseID": "licences",
    "Annotator": "annotations",
    "Relationship": "relationships",
    "Reviewer": "reviews",
}
"""A tag that begins a section → where the section is kept."""
_SINGLE: dict[tuple[str, str], str] = {
    ("document", "SPDXVersion"): "spdxVersion",
    ("document", "DataLicense"): "dataLicense",
    ("document", "SPDXID"): "SPDXID",
    ("document", "DocumentName"): "name",
    ("document", "DocumentNamespace"): "documentNamespace",
    ("document", "Created"): "created",
    ("packages", "PackageName"): "name",
    ("packages", "SPDXID"): "SPDXID",
    ("packages", "PackageVersion"): "versionInfo",
    ("packages", "PackageSupplier"): "supplier",
    ("packages", "PackageOriginator"): "originator",
    ("packages", "PackageDownloadLocation"): "downloadLocation",
    ("packages", "PackageSourceInfo"): "sourceInfo",
    ("packages", "PackageLicenseConcluded"): "licenseConcluded",
    ("packages", "PackageLicenseDeclared"): "licenseDeclared",
    ("packages", "PrimaryPackagePurpose"): "primaryPackagePurpose",
    ("files", "SPDXID"): "SPDXID",
    ("snippets", "SnippetSPDXIdentifier"): "SPDXID",
    ("snippets", "SnippetSPDXID"): "SPDXID",
    ("annotations", "Annotator"): "annotator",
    ("annotations", "AnnotationDate"): "annotationDate",
    ("annotations", "AnnotationType"): "annotationType",
    ("annotations", "AnnotationComment"): "comment",
    ("annotations", "SPDXREF"): "element",
    ("relationships", "RelationshipComment"): "comment",
}
"""Section and tag → name in JSON, for tags that stand once in it."""
_FIELDS: dict[str, dict[str, str]] = {
    kind: {tag: field for (section, tag), field in _SINGLE.items() if section == kind}
    for kind in ("document", *_BEGINS.values())
}
_KNOWN = frozenset([
    "ExternalDocumentRef", "DocumentComment", "CreatorComment", "LicenseListVersion", "PackageFileName",
    "FilesAnalyzed", "PackageVerificationCode", "PackageHomePage", "PackageLicenseInfoFromFiles",
    "PackageLicenseComments", "PackageCopyrightText", "PackageSummary", "PackageDescription", "PackageComment",
    "ExternalRefComment", "PackageAttributionText", "ReleaseDate", "BuiltDate", "ValidUntilDate", "FileName",
    "FileType", "FileChecksum", "LicenseConcluded", "LicenseInfoInFile", "LicenseComments", "FileCopyrightText",
    "FileComment", "FileNotice", "FileContributor", "FileAttributionText", "FileDependency", "ArtifactOfProjectName",
    "ArtifactOfProjectHomePage", "ArtifactOfProjectURI", "SnippetFromFileSPDXID", "SnippetByteRange",
    "SnippetLineRange", "SnippetLicenseConcluded", "LicenseInfoInSnippet", "SnippetLicenseComments",
    "SnippetCopyrightText", "SnippetComment", "SnippetName", "SnippetAttributionText", "LicenseID", "ExtractedText",
    "LicenseName", "LicenseCrossReference", "LicenseComment", "Reviewer", "ReviewDate", "ReviewComment",
])  # fmt: skip
"""Tags of the specification that are known and not read."""


def read(data: bytes, name: str) -> Inventory:
    """Read an SPDX tag-value document.

    Args:
        data: its bytes.
        name: what it is called, for errors and where the document names no subject.

    Raises:
        MalformedError: not UTF-8, no such tag, a tag out of its place, or damaged facts of ours; the place is a line,
            or, past the form itself, a path as in the JSON form (`$.packages[3].SPDXID`).
        UnsupportedError: a version other than 2.2 and 2.3.
    """
    document = _Sections(name).document(_tags(_text(data, name), name))
    own = spdx_read.is_own(document)
    if own and b"\\u" in data:
        document = wire.change_all(document, wire.unescape_line)
    return spdx_read.interpret(document, name, own=own)


def _text(data: bytes, name: str) -> str:
    if len(data) > DEFAULT_LIMITS.sbom_bytes:
        raise _bad(name, f"{len(data)} bytes, limit {DEFAULT_LIMITS.sbom_bytes}")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _bad(name, f"not UTF-8 at byte {error.start}") from error


def _tags(text: str, name: str) -> Iterator[tuple[int, str, str]]:
    """Line number, tag and value; a text between `<text>` and `</text>` may take several lines."""
    lines = enumerate(text.split("\n"), 1)
    for number, line in lines:
        tag, colon, value = line.partition(":")
        if colon and tag in _TAGS:  # nearly every line; the rule below says the same of it, slower
            value = value.lstrip(" \t").rstrip(" \t\r")
        else:
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            match = _TAG.fullmatch(line.strip(" \t\r"))
            if match is None:
                raise _bad(f"{name} line {number}", "not `Tag: value`")
            tag, value = match.groups()
        if value.startswith(_OPEN):
            parts = [value[len(_OPEN) :]]
            while _CLOSE not in parts[-1]:
                _, more = next(lines, (0, None))
                if more is None:
                    raise _bad(f"{name} line {number}", "<text> is not closed")
                parts.append(more.rstrip("\r"))
            parts[-1], _, rest = parts[-1].partition(_CLOSE)
            if rest.strip():
                raise _bad(f"{name} line {number}", "something stands after </text>")
            value = "\n".join(parts)
        yield number, tag, value


class _Sections:
    """Gathers the lines of one document into the shape of the JSON form."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._at = 0
        self._document: Record = {}
        self._creators: list[str] = []
        self._lists: dict[str, list[Record]] = {kind: [] for kind in _BEGINS.values()}
        self._record = self._document
        self._element: tuple[str, Record] = "document", self._record
        """The document, package, file or snippet that an SPDXID or a package's tag belongs to."""

    def document(self, tags: Iterator[tuple[int, str, str]]) -> Record:
        fields = _FIELDS["document"]
        for self._at, tag, value in tags:
            kind = _BEGINS.get(tag)
            if kind is not None:
                self._begin(kind)
                fields = _FIELDS[kind]
            special = _SPECIAL.get(tag)
            if special is not None:
                special(self, value)
            elif tag in fields:
                self._put(fields[tag], value)
            elif tag in _FIELDS[self._element[0]]:
                kind, self._record = self._element
                fields = _FIELDS[kind]
                self._put(fields[tag], value)
            elif tag not in _KNOWN:
                raise self._bad(f"no tag {tag[:40]!a} here")
        return self._finished()

    def _begin(self, kind: str) -> None:
        self._record = {}
        self._lists[kind].append(self._record)
        if kind in {"packages", "files", "snippets"}:
            self._element = kind, self._record

    def _put(self, field: str, value: str) -> None:
        if field in self._record:
            raise self._bad(f"{field} stands twice in its section")
        self._record[field] = value

    def _package(self) -> Record:
        kind, record = self._element
        if kind != "packages":
            raise self._bad("a package's tag outside a package")
        return record

    def creator(self, value: str) -> None:
        self._creators.append(value)

    def checksum(self, value: str) -> None:
        algorithm, colon, digest = value.partition(":")
        if not colon:
            raise self._bad("a checksum is `ALGORITHM: value`")
        entry = {"algorithm": algorithm.strip(), "checksumValue": digest.strip()}
        self._package().setdefault("checksums", []).append(entry)

    def reference(self, value: str) -> None:
        words = _GAP.split(value, maxsplit=2)
        if len(words) != 3:
            raise self._bad("an external reference is `CATEGORY TYPE LOCATOR`")
        entry = {"referenceCategory": words[0], "referenceType": words[1], "referenceLocator": words[2]}
        self._package().setdefault("externalRefs", []).append(entry)

    def relationship(self, value: str) -> None:
        words = _GAP.split(value)
        if len(words) != 3:
            raise self._bad("a relationship is `ELEMENT TYPE ELEMENT`")
        record = self._record
        record["spdxElementId"], record["relationshipType"], record["relatedSpdxElement"] = words

    def _finished(self) -> Record:
        document = self._document
        info = {"creators": self._creators}
        if "created" in document:
            info["created"] = document.pop("created")
        document["creationInfo"] = info
        for kind in ("packages", "files", "snippets", "relationships"):
            document[kind] = self._lists[kind]
        by_id = {p["SPDXID"]: p for p in self._lists["packages"] if "SPDXID" in p}
        by_id[_DOCUMENT] = document
        for annotation in self._lists["annotations"]:
            target = by_id.get(annotation.pop("element", _DOCUMENT))
            if target is not None:  # one of a file or a snippet is not read
                target.setdefault("annotations", []).append(annotation)
        return document

    def _bad(self, why: str) -> MalformedError:
        return _bad(f"{self._name} line {self._at}", why)


_SPECIAL = {
    "Creator": _Sections.creator,
    "PackageChecksum": _Sections.checksum,
    "ExternalRef": _Sections.reference,
    "Relationship": _Sections.relationship,
}
"""Tags whose value has parts, or that repeat."""
_TAGS = frozenset({*_BEGINS, *_SPECIAL, *_KNOWN, *(tag for _, tag in _SINGLE)})
"""Every tag."""


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError(
        "not a valid SPDX tag-value document", where=where, why=why, remedy="ask its author for a valid document"
    )
