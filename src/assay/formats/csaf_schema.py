"""The shape of a CSAF document, 2.0 and 2.1 (§3), as far as we read it or hold it to the mandatory tests.

The structs are the check of form: a document that does not fit is refused with the JSON path of the place. Fields we
neither read nor check are skipped. CVSS objects stay plain values: mandatory test 6.1.8 judges them and has a name.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from assay.formats import wire
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.limits import DEFAULT_LIMITS

WHAT = "not a valid CSAF document"
ADVICE = "ask its author for a valid document"
VERSIONS = ("2.0", "2.1")
NOTES = "assay:vex"
"""Title of the notes that hold what CSAF has no field for; the first line lists the products."""
_PLACE_BYTES = 64

Text = Annotated[str, Meta(min_length=1)]
Ids = Annotated[list[Text], Meta(min_length=1)]
Version = Annotated[
    str,
    Meta(
        max_length=200,
        pattern=r"^(?:(?:0|[1-9][0-9]*)|(?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)"
        r"(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)\Z",
    ),
]
Label = Literal[
    "component_not_present",
    "vulnerable_code_not_present",
    "vulnerable_code_not_in_execute_path",
    "vulnerable_code_cannot_be_controlled_by_adversary",
    "inline_mitigations_already_exist",
]

Remedy = Literal[
    "fix_planned", "mitigation", "no_fix_planned", "none_available", "optional_patch", "vendor_fix", "workaround"
]


class FileHash(msgspec.Struct):
    """`file_hashes[]`."""

    algorithm: Text
    value: Annotated[str, Meta(pattern=r"^[0-9A-Fa-f]{32,}\Z")]


class Hashes(msgspec.Struct):
    """`product_identification_helper/hashes[]`."""

    file_hashes: Annotated[list[FileHash], Meta(min_length=1)]
    filename: Text


class Helper(msgspec.Struct):
    """`product_identification_helper`; 2.0 has one `purl`, 2.1 several `purls`."""

    cpe: str = ""
    purl: str = ""
    purls: list[str] = []
    hashes: list[Hashes] = []


class FullName(msgspec.Struct):
    """`full_product_name_t`."""

    name: Text
    product_id: Text
    product_identification_helper: Helper | None = None


class Branch(msgspec.Struct):
    """`branches_t[]`: exactly one of further branches and a product."""

    category: Text
    name: Text
    branches: "list[Branch]" = []
    product: FullName | None = None

    def __post_init__(self) -> None:
        if bool(self.branches) == (self.product is not None):
            raise ValueError("a branch has either branches or a product")


class Relationship(msgspec.Struct):
    """`relationships[]`."""

    category: Text
    full_product_name: FullName
    product_reference: Text
    relates_to_product_reference: Text


class Group(msgspec.Struct):
    """`product_groups[]`."""

    group_id: Text
    product_ids: Annotated[list[Text], Meta(min_length=2)]


class Tree(msgspec.Struct):
    """`product_tree`."""

    branches: list[Branch] = []
    full_product_names: list[FullName] = []
    relationships: list[Relationship] = []
    product_groups: list[Group] = []

    def names(self) -> "Iterator[tuple[str, FullName]]":
        """Every full product name with its place; no recursion."""
        waiting = [(f"$.product_tree.branches[{n}]", branch) for n, branch in enumerate(self.branches)]
        while waiting:
            place, branch = waiting.pop()
            if branch.product is not None:
                yield f"{place}.product", branch.product
            waiting += [(f"{place}.branches[{n}]", inner) for n, inner in enumerate(branch.branches)]
        for number, name in enumerate(self.full_product_names):
            yield f"$.product_tree.full_product_names[{number}]", name
        for number, item in enumerate(self.relationships):
            yield f"$.product_tree.relationships[{number}].full_product_name", item.full_product_name


class Publisher(msgspec.Struct):
    """`document/publisher`."""

    category: Literal["coordinator", "discoverer", "multiplier", "other", "translator", "user", "vendor"]
    name: Text
    namespace: Text


class Revision(msgspec.Struct):
    """`revision_history[]`."""

    date: str
    number: Version
    summary: Text

    def __post_init__(self) -> None:
        _instant(self.date)


class Tracking(msgspec.Struct):
    """`document/tracking`."""

    current_release_date: str
    id: Text
    initial_release_date: str
    revision_history: Annotated[list[Revision], Meta(min_length=1)]
    status: Literal["draft", "final", "interim"]
    version: Version

    def __post_init__(self) -> None:
        _instant(self.current_release_date)
        _instant(self.initial_release_date)


class Note(msgspec.Struct):
    """`notes_t[]`."""

    category: Text
    text: Text
    title: str = ""


class Reference(msgspec.Struct):
    """`references_t[]`."""

    summary: Text
    url: Text
    category: Literal["external", "self"] = "external"


class Head(msgspec.Struct):
    """`document`."""

    category: Annotated[str, Meta(min_length=1)]
    csaf_version: str
    publisher: Publisher
    title: Text
    tracking: Tracking
    lang: str | None = None
    source_lang: str | None = None
    notes: list[Note] = []
    references: list[Reference] = []


class Cwe(msgspec.Struct):
    """`cwe`, and `cwes[]` of 2.1."""

    id: Annotated[str, Meta(pattern=r"^CWE-[1-9][0-9]{0,5}\Z")]
    name: Text


class Flag(msgspec.Struct):
    """`flags[]`."""

    label: Label
    product_ids: list[Text] = []
    group_ids: list[Text] = []
    date: str = ""


class Involvement(msgspec.Struct):
    """`involvements[]`."""

    party: Text
    status: Text
    date: str = ""


class Status(msgspec.Struct):
    """`product_status`; `unknown` is of 2.1."""

    first_affected: list[Text] = []
    first_fixed: list[Text] = []
    fixed: list[Text] = []
    known_affected: list[Text] = []
    known_not_affected: list[Text] = []
    last_affected: list[Text] = []
    recommended: list[Text] = []
    under_investigation: list[Text] = []
    unknown: list[Text] = []


class Remediation(msgspec.Struct):
    """`remediations[]`; `fix_planned` and `optional_patch` are of 2.1."""

    category: Remedy
    details: Text
    product_ids: list[Text] = []
    group_ids: list[Text] = []
    date: str = ""
    url: str = ""


class Threat(msgspec.Struct):
    """`threats[]`."""

    category: Literal["exploit_status", "impact", "target_set"]
    details: Text
    product_ids: list[Text] = []
    group_ids: list[Text] = []
    date: str = ""


class Metric(msgspec.Struct):
    """One of `scores[]` (2.0), or of `metrics[]` (2.1, where the CVSS objects stand in `content`)."""

    products: Ids
    cvss_v2: dict[str, Any] | None = None
    cvss_v3: dict[str, Any] | None = None
    content: dict[str, Any] = {}
    source: str = ""

    def cvss(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """(field, object) of each CVSS score in it."""
        for field, value in (("cvss_v2", self.cvss_v2), ("cvss_v3", self.cvss_v3)):
            if value is not None:
                yield field, value
        for field in ("cvss_v2", "cvss_v3", "cvss_v4"):
            inner = self.content.get(field)
            if isinstance(inner, dict):
                yield f"content.{field}", inner


class Identifier(msgspec.Struct):
    """`ids[]`."""

    system_name: Text
    text: Text


class Vulnerability(msgspec.Struct):
    """`vulnerabilities[]`."""

    cve: Annotated[str, Meta(pattern=r"^CVE-[0-9]{4}-[0-9]{4,}\Z")] | None = None
    cwe: Cwe | None = None
    cwes: list[Cwe] = []
    flags: list[Flag] = []
    ids: list[Identifier] = []
    involvements: list[Involvement] = []
    metrics: list[Metric] = []
    notes: list[Note] = []
    product_status: Status | None = None
    remediations: list[Remediation] = []
    scores: list[Metric] = []
    threats: list[Threat] = []
    title: str = ""


class Document(msgspec.Struct):
    """The whole."""

    document: Head
    product_tree: Tree | None = None
    vulnerabilities: list[Vulnerability] | None = None


def load(value: Any, *, where: str) -> Document:
    """Check a decoded document's form.

    Raises:
        MalformedError: it does not fit. UnsupportedError: a version of CSAF outside 2.0 and 2.1.
    """
    head = value.get("document") if isinstance(value, dict) else None
    version = head.get("csaf_version") if isinstance(head, dict) else None
    if isinstance(version, str) and version not in VERSIONS:
        raise UnsupportedError(
            "a CSAF version this program does not read",
            where=f"{where} $.document.csaf_version",
            why=f"{version[:20]!a}",
            remedy="ask its author for CSAF 2.0 or 2.1",
        )
    try:
        document = wire.convert(value, Document, where=where, what=WHAT)
    except RecursionError as error:
        raise MalformedError(WHAT, where=where, why="branches nested too deep", remedy=ADVICE) from error
    if (said := _said_bytes(document)) > DEFAULT_LIMITS.csaf_said_bytes:
        why = f"product by product it says {said} bytes, limit {DEFAULT_LIMITS.csaf_said_bytes}"
        raise MalformedError(WHAT, where=f"{where} $.vulnerabilities", why=why, remedy=ADVICE)
    return document


def _said_bytes(document: Document) -> int:
    """How much is said of single products: a few megabytes of groups named often can stand for terabytes of it."""
    groups = document.product_tree.product_groups if document.product_tree else []
    sizes = {group.group_id: len(group.product_ids) for group in groups}
    total = 0
    for item in document.vulnerabilities or ():
        told: list[Flag | Remediation | Threat] = [*item.flags, *item.remediations, *item.threats]
        for one in told:
            products = len(one.product_ids) + sum(sizes.get(group, 0) for group in one.group_ids)
            total += products * (_PLACE_BYTES + (0 if isinstance(one, Flag) else len(one.details)))
        for note in item.notes:  # ours list products in their first line
            if note.title == NOTES:
                line, _, text = note.text.partition("\n")
                total += (line.count(" ") + 1) * (_PLACE_BYTES + len(text))
    return total


def _instant(text: str) -> None:
    if not wire.is_instant(text):
        raise ValueError("no RFC 3339 date-time")
