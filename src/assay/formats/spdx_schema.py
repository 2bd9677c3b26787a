"""The shape of SPDX 2.2 and 2.3 JSON, as far as we read it or hold a document to it.

The structs are the check: a document that does not fit is refused with the JSON path of the place.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from assay.formats import wire
from assay.model.errors import MalformedError, UnsupportedError

_WHAT = "not a valid SPDX document"
Id = Annotated[str, Meta(min_length=1)]


class Checksum(msgspec.Struct, rename="camel"):
    """`checksums[]`; MD2 to ADLER32 are allowed by the schema and kept under their own names."""

    algorithm: Literal[
        "SHA1", "BLAKE3", "SHA3-384", "SHA256", "SHA384", "BLAKE2b-512", "BLAKE2b-256", "SHA3-512", "MD2", "ADLER32",
        "MD4", "SHA3-256", "BLAKE2b-384", "SHA512", "MD6", "MD5", "SHA224",
    ]  # fmt: skip
    checksum_value: str


class Annotation(msgspec.Struct, rename="camel"):
    """`annotations[]`."""

    annotation_date: str
    annotation_type: Literal["OTHER", "REVIEW"]
    annotator: str
    comment: str


class ExternalRef(msgspec.Struct, rename="camel"):
    """`externalRefs[]`; 2.2 wrote the categories with an underscore, and tools still do."""

    reference_category: Literal[
        "OTHER", "PERSISTENT-ID", "SECURITY", "PACKAGE-MANAGER", "PERSISTENT_ID", "PACKAGE_MANAGER"
    ]
    reference_locator: str
    reference_type: str


class Package(msgspec.Struct, rename="camel"):
    """`packages[]`."""

    name: str
    download_location: str
    spdx_id: Id = msgspec.field(name="SPDXID")
    version_info: str = ""
    supplier: str = ""
    originator: str = ""
    source_info: str = ""
    license_declared: str = ""
    license_concluded: str = ""
    checksums: list[Checksum] = []
    external_refs: list[ExternalRef] = []
    annotations: list[Annotation] = []
    primary_package_purpose: str = ""
    files_analyzed: bool = True


class File(msgspec.Struct, rename="camel"):
    """`files[]` and `snippets[]`: known, not read."""

    spdx_id: Id = msgspec.field(name="SPDXID")


class Relationship(msgspec.Struct, rename="camel"):
    """`relationships[]`."""

    spdx_element_id: Id
    related_spdx_element: Id
    relationship_type: str
    comment: str = ""


class CreationInfo(msgspec.Struct):
    """`creationInfo`."""

    created: str
    creators: Annotated[list[str], Meta(min_length=1)]

    def __post_init__(self) -> None:
        if not wire.is_instant(self.created):
            raise ValueError("created is no RFC 3339 date-time")


class Document(msgspec.Struct, rename="camel"):
    """The document."""

    spdx_version: str
    data_license: str
    name: str
    creation_info: CreationInfo
    spdx_id: Id = msgspec.field(name="SPDXID")
    """`SPDXRef-DOCUMENT` (6.3); Bitnami's documents bear that of the package they describe (`load`)."""
    document_namespace: str = ""
    document_describes: list[str] = []
    annotations: list[Annotation] = []
    packages: list[Package] = []
    files: list[File] = []
    snippets: list[File] = []
    relationships: list[Relationship] = []


DOCUMENT = "SPDXRef-DOCUMENT"
VERSIONS = frozenset({"SPDX-2.2", "SPDX-2.3"})


def load(document: Any, *, where: str) -> Document:
    """Check a decoded document.

    Raises:
        MalformedError: it does not fit, or two packages have one identifier.
        UnsupportedError: a version of SPDX other than 2.2 and 2.3.
    """
    version = document.get("spdxVersion") if isinstance(document, dict) else None
    if isinstance(version, str) and version not in VERSIONS:
        raise UnsupportedError(
            "an SPDX version this program does not read",
            where=where,
            why=f"spdxVersion {version[:20]!a}",
            remedy="convert it to SPDX 2.3 JSON",
        )
    result = wire.convert(document, Document, where=where, what=_WHAT)
    seen: set[str] = set()
    for number, package in enumerate(result.packages):
        if package.spdx_id in seen:
            raise MalformedError(
                _WHAT,
                where=f"{where} $.packages[{number}].SPDXID",
                why=f"the identifier {package.spdx_id[:100]!a} stands twice",
                remedy="ask its author for a valid document",
            )
        seen.add(package.spdx_id)
    if result.spdx_id != DOCUMENT and (result.spdx_id not in seen or result.spdx_id not in result.document_describes):
        raise MalformedError(
            _WHAT,
            where=f"{where} $.SPDXID",
            why=f"{result.spdx_id[:100]!a} is neither {DOCUMENT} nor the package the document describes",
            remedy="ask its author for a valid document",
        )
    return result
