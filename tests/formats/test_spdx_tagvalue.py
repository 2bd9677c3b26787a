"""SPDX tag-value: a document as people write it is read as its JSON form would be; a damaged one names the line."""

import pytest

from assay.formats import sbom, spdx_tagvalue
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.inventory import Relation, SourcePackage

HEAD = """\
# by hand
SPDXVersion: SPDX-2.2
DataLicense: CC0-1.0
SPDXID: SPDXRef-DOCUMENT
DocumentName: sample
DocumentNamespace: https://example.org/sample
Creator: Person: Jane (jane@example.org)
Creator: Tool: something-1
Created: 2026-01-02T03:04:05Z
DocumentComment: <text>two
lines: of # comment</text>
"""
PACKAGES = """
##### a package

PackageName: a
SPDXID: SPDXRef-a
PackageVersion:\t1.0
PackageDownloadLocation: NOASSERTION
FilesAnalyzed: false
PackageOriginator: Person: Someone (some@example.org)
PackageChecksum: SHA1: 85ed0817af83a24ad8da68c2b5094de69833983c
PackageChecksum: MD5:624c1abb3664f4b35547e7c73864ad24
PackageSourceInfo: <text>built package from: src 0.9</text>
PackageLicenseDeclared: MIT
ExternalRef: PACKAGE-MANAGER purl pkg:deb/debian/a@1.0
ExternalRefComment: seen
Relationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-a

FileName: ./x.c
SPDXID: SPDXRef-File
FileChecksum: SHA1: 85ed0817af83a24ad8da68c2b5094de69833983c
LicenseConcluded: NOASSERTION

PackageName: b
SPDXID: SPDXRef-b
PackageDownloadLocation: NONE
PackageLicenseDeclared: NOASSERTION

Relationship: SPDXRef-a DEPENDS_ON SPDXRef-b
RelationshipComment: why
Relationship: SPDXRef-a CONTAINS SPDXRef-File
Annotator: Person: Jane
AnnotationDate: 2026-01-02T03:04:05Z
AnnotationType: REVIEW
SPDXREF: SPDXRef-b
AnnotationComment: <text></text>
LicenseID: LicenseRef-1
ExtractedText: <text>
PackageName: not one
</text>
"""


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("version", ["SPDX-2.2", "SPDX-2.3"])
def test_a_document_is_read(end: str, version: str) -> None:
    text = (HEAD + PACKAGES).replace("SPDX-2.2", version).replace("\n", end)
    inventory = sbom.read(text.encode(), "x")
    a, b = inventory.components
    assert (a.name, a.version, a.ecosystem) == ("a", "1.0", "deb")
    assert a.hashes == ("md5:624c1abb3664f4b35547e7c73864ad24", "sha1:85ed0817af83a24ad8da68c2b5094de69833983c")
    assert a.source == SourcePackage("src", "0.9")
    assert a.licence.expression == "MIT"
    assert a.maintainer == "Someone (some@example.org)"
    assert (b.name, b.version, b.licence.expression) == ("b", "", "")
    assert inventory.relations == (Relation(a.key, "depends_on", b.key),)
    assert inventory.created == "2026-01-02T03:04:05Z"
    assert [gap.path for gap in inventory.gaps] == ["$.packages[1]"]


@pytest.mark.parametrize(
    ("text", "place", "why"),
    [
        (HEAD + "no tag here\n", "line 12", "Tag: value"),
        (HEAD + "PackageNome: x\n", "line 12", "PackageNome"),
        (HEAD + "PackageName: x\nPackageName: y\n", "$.packages[0]", ""),
        (HEAD + "PackageName: x\nPackageVersion: 1\nPackageVersion: 2\n", "line 14", "twice"),
        (HEAD + "PackageVersion: 1\n", "line 12", "PackageVersion"),
        (HEAD + "PackageChecksum: SHA1: 00\n", "line 12", "outside"),
        (HEAD + "PackageName: x\nPackageChecksum: SHA1\n", "line 13", "ALGORITHM"),
        (HEAD + "PackageName: x\nPackageChecksum: CRC: 1\n", "$.packages[0]", ""),
        (HEAD + "PackageName: x\nExternalRef: purl\n", "line 13", "CATEGORY"),
        (HEAD + "Relationship: a CONTAINS\n", "line 12", "ELEMENT"),
        (HEAD + "DocumentComment: <text>open\n\n", "line 12", "not closed"),
        (HEAD + "DocumentComment: <text>a</text> b\n", "line 12", "after"),
        (HEAD + "PackageName: x\nSPDXID: SPDXRef-x\n", "$.packages[0]", "downloadLocation"),
        (HEAD.replace("Created: 2026", "Created: x"), "$.creationInfo", "created"),
        (HEAD.replace("SPDXID: SPDXRef-DOCUMENT\n", ""), "x", "SPDXID"),
        ("SPDXVersion: SPDX-2.3\n\udcff", "x", "UTF-8"),
    ],
)
def test_a_damaged_document_names_the_place(text: str, place: str, why: str) -> None:
    with pytest.raises(MalformedError) as caught:
        sbom.read(text.encode("utf-8", "surrogateescape"), "x")
    assert place in caught.value.where
    assert why in caught.value.why


def test_another_version_is_unsupported() -> None:
    with pytest.raises(UnsupportedError):
        spdx_tagvalue.read(HEAD.replace("2.2", "9.9").encode(), "x")
