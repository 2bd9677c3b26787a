"""The shape of CycloneDX JSON 1.2 to 1.7, as far as we read it or hold a document to it.

The structs are the check: a document that does not fit is refused with the JSON path of the place. Fields we neither
read nor check are skipped, so a newer document with new fields is read too. Not checked: identifiers against the SPDX
list (it grows; an unknown one is read as a raw text with the reason).
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from assay.formats import wire
from assay.model.errors import MalformedError, UnsupportedError

Text = str | None
_WHAT = "not a valid CycloneDX document"
_ADVICE = "ask its author for a valid document"

Ref = Annotated[str, Meta(min_length=1)]
HashContent = Annotated[
    str, Meta(pattern=r"^([a-fA-F0-9]{32}|[a-fA-F0-9]{40}|[a-fA-F0-9]{64}|[a-fA-F0-9]{96}|[a-fA-F0-9]{128})\Z")
]
HashName = Literal[
    "MD5", "SHA-1", "SHA-256", "SHA-384", "SHA-512", "SHA3-256", "SHA3-384", "SHA3-512",
    "BLAKE2b-256", "BLAKE2b-384", "BLAKE2b-512", "BLAKE3", "Streebog-256", "Streebog-512",
]  # fmt: skip
ComponentType = Literal[
    "application", "framework", "library", "container", "platform", "operating-system", "device", "device-driver",
    "firmware", "file", "machine-learning-model", "data", "cryptographic-asset",
]  # fmt: skip
Acknowledgement = Literal["declared", "concluded"]
Flow = Literal["inbound", "outbound", "bi-directional", "unknown"]


class Hash(msgspec.Struct):
    """`hash`."""

    alg: HashName
    content: HashContent


class Attachment(msgspec.Struct):
    """`attachment`."""

    content: str
    encoding: Literal["base64"] = "base64"


class License(msgspec.Struct):
    """`license`: an SPDX identifier or a name, not both."""

    id: Text = None
    name: Text = None
    text: Attachment | None = None
    acknowledgement: Acknowledgement | None = None

    def __post_init__(self) -> None:
        if (self.id is None) == (self.name is None):
            raise ValueError("a license has either id or name")


class LicenseChoice(msgspec.Struct):
    """`licenseChoice`: a license or an expression, not both."""

    license: License | None = None
    expression: Text = None
    acknowledgement: Acknowledgement | None = None
    """Of the expression; that of a license stands in it."""

    def __post_init__(self) -> None:
        if (self.license is None) == (self.expression is None):
            raise ValueError("a license choice has either license or expression")


class Property(msgspec.Struct):
    """`property`; in 1.3 both fields may be absent."""

    name: str = ""
    value: str = ""


class Swid(msgspec.Struct, rename="camel"):
    """`swid`."""

    tag_id: str
    name: str
    text: Attachment | None = None


class Issue(msgspec.Struct):
    """`issue`, as a patch resolves it."""

    type: Literal["defect", "enhancement", "security"]


class Diff(msgspec.Struct):
    """`diff`."""

    text: Attachment | None = None


class Patch(msgspec.Struct):
    """`patch`."""

    type: Literal["unofficial", "monkey", "backport", "cherry-pick"]
    diff: Diff | None = None
    resolves: list[Issue] = []


class Pedigree(msgspec.Struct):
    """`pedigree`: where a component descends from."""

    ancestors: "list[Component]" = []
    descendants: "list[Component]" = []
    variants: "list[Component]" = []
    patches: list[Patch] = []


class Contact(msgspec.Struct):
    """`organizationalContact`, and `organizationalEntity` as far as we read it."""

    name: Text = None
    email: Text = None


class Occurrence(msgspec.Struct, rename="camel"):
    """`evidence.occurrences[]`."""

    location: str
    additional_context: str = ""


class Evidence(msgspec.Struct):
    """`componentEvidence`."""

    occurrences: list[Occurrence] = []
    licenses: list[LicenseChoice] = []


class ExternalReference(msgspec.Struct):
    """`externalReference`."""

    url: str
    type: str
    hashes: list[Hash] = []


class Component(msgspec.Struct, rename="camel"):
    """`component`."""

    type: ComponentType
    name: str
    bom_ref: Ref | None = msgspec.field(name="bom-ref", default=None)
    group: str = ""
    version: str = ""
    publisher: str = ""
    author: str = ""
    authors: list[Contact] = []
    supplier: Contact | None = None
    manufacturer: Contact | None = None
    description: str = ""
    scope: Literal["required", "optional", "excluded"] = "required"
    hashes: list[Hash] = []
    licenses: list[LicenseChoice] = []
    cpe: str = ""
    purl: str = ""
    swid: Swid | None = None
    pedigree: Pedigree | None = None
    external_references: list[ExternalReference] = []
    components: "list[Component]" = []
    evidence: Evidence | None = None
    properties: list[Property] = []


class DataFlow(msgspec.Struct):
    """`serviceData`."""

    flow: Flow
    classification: str


class Service(msgspec.Struct, rename="camel"):
    """`service`; checked, not read."""

    name: str
    bom_ref: Ref | None = msgspec.field(name="bom-ref", default=None)
    data: list[DataFlow] = []
    licenses: list[LicenseChoice] = []
    external_references: list[ExternalReference] = []
    services: "list[Service]" = []


class Dependency(msgspec.Struct, rename="camel"):
    """`dependency`."""

    ref: Ref
    depends_on: list[Ref] = []
    provides: list[Ref] = []


class Composition(msgspec.Struct):
    """`composition`: how complete the parts (`assemblies`) or the dependencies of those named are."""

    aggregate: Literal[
        "complete", "incomplete", "incomplete_first_party_only", "incomplete_first_party_proprietary_only",
        "incomplete_first_party_opensource_only", "incomplete_third_party_only",
        "incomplete_third_party_proprietary_only", "incomplete_third_party_opensource_only", "unknown",
        "not_specified",
    ]  # fmt: skip
    assemblies: list[str] = []
    dependencies: list[str] = []


class Metadata(msgspec.Struct):
    """`metadata`."""

    timestamp: Text = None
    component: Component | None = None
    supplier: Contact | None = None
    licenses: list[LicenseChoice] = []
    properties: list[Property] = []
    tools: dict[str, Any] | list[Any] = []

    def __post_init__(self) -> None:
        if self.timestamp is not None and not wire.is_instant(self.timestamp):
            raise ValueError("timestamp is no RFC 3339 date-time")


class Bom(msgspec.Struct, rename="camel"):
    """`bom`."""

    bom_format: Literal["CycloneDX"]
    spec_version: str
    serial_number: (
        Annotated[str, Meta(pattern=r"^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")] | None
    ) = None
    version: Annotated[int, Meta(ge=1)] = 1
    metadata: Metadata | None = None
    components: list[Component] = []
    services: list[Service] = []
    dependencies: list[Dependency] = []
    external_references: list[ExternalReference] = []
    compositions: list[Composition] = []
    vulnerabilities: list[dict[str, Any]] = []


VERSIONS = frozenset({"1.2", "1.3", "1.4", "1.5", "1.6", "1.7"})


def load(document: Any, *, where: str) -> Bom:
    """Check a decoded document.

    Raises:
        MalformedError: it does not fit, or names one `bom-ref` twice (the reference must be unique in the document).
        UnsupportedError: a version of CycloneDX outside 1.2-1.7.
    """
    if isinstance(document, dict) and document.get("bomFormat") == "CycloneDX":
        version = document.get("specVersion")
        if isinstance(version, str) and version not in VERSIONS:
            raise UnsupportedError(
                "a CycloneDX version this program does not read",
                where=where,
                why=f"specVersion {version[:20]!a}",
                remedy="convert it to CycloneDX 1.6 JSON",
            )
    bom = wire.convert(document, Bom, where=where, what=_WHAT)
    _unique(bom, where)
    return bom


def repeats_subject(bom: Bom, item: Component | Service) -> bool:
    """Whether a listed component is the document's subject once more: pip's own SBOM names it so, and others do.

    The reference alone does not make it that: name and group are the same, and no version speaks against it.
    """
    subject = bom.metadata.component if bom.metadata is not None else None
    if subject is None or subject.bom_ref is None or subject.bom_ref != item.bom_ref or isinstance(item, Service):
        return False
    same = (subject.name, subject.group) == (item.name, item.group)
    return same and (not subject.version or not item.version or subject.version == item.version)


def _unique(bom: Bom, where: str) -> None:
    seen: set[str] = set()
    repeated = False
    pending: list[tuple[str, Sequence[Component | Service]]] = [
        ("$.components", bom.components),
        ("$.services", bom.services),
    ]
    if bom.metadata is not None and bom.metadata.component is not None:
        pending.append(("$.metadata.component", [bom.metadata.component]))  # taken first: what repeats it comes later
    while pending:
        place, items = pending.pop()
        for number, item in enumerate(items):
            if item.bom_ref is not None:
                once_more = place == "$.components" and not repeated and repeats_subject(bom, item)
                repeated = repeated or once_more
                if item.bom_ref in seen and not once_more:
                    raise MalformedError(
                        _WHAT,
                        where=f"{where} {place}[{number}].bom-ref",
                        why=f"the reference {item.bom_ref[:100]!a} stands twice",
                        remedy=_ADVICE,
                    )
                seen.add(item.bom_ref)
            if isinstance(item, Component):
                pending.append((f"{place}[{number}].components", item.components))
            else:
                pending.append((f"{place}[{number}].services", item.services))
