"""OpenVEX 0.2 in and out (openvex/spec, OPENVEX-SPEC.md); documents of 0.0.1 are read too.

Read: facts of the document (author, timestamp) are repeated in each statement. A `not_affected` without justification
or impact statement is refused, for it would silence a finding without a cause; so is an unknown status or
justification. A statement without products stands with none: it applies to nothing by itself.

Written from a report: what was suppressed or found not affected, with its cause; what is affected, with the action;
what is undetermined as `under_investigation`. The product is the image by digest, the subcomponents are packages.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import msgspec

from assay.formats import purl as purls
from assay.formats import wire
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.finding import Finding
from assay.model.image import Subject
from assay.model.limits import DEFAULT_LIMITS
from assay.model.purl import Purl
from assay.model.report import Report
from assay.model.vex import VexProduct, VexStatement, VexStatus

CONTEXT = "https://openvex.dev/ns/v0.2.0"
_CONTEXTS = frozenset(
    {CONTEXT, "https://openvex.dev/ns", "https://openvex.dev/ns/v0.0.1", "https://openvex.dev/ns/v0.0.2"}
)
_WHAT = "not a valid OpenVEX document"
_ADVICE = "ask its author for a valid document"
_ID = "urn:uuid:00000000-0000-0000-0000-000000000000"
JUSTIFICATIONS = frozenset(
    {
        "component_not_present",
        "vulnerable_code_not_present",
        "vulnerable_code_not_in_execute_path",
        "vulnerable_code_cannot_be_controlled_by_adversary",
        "inline_mitigations_already_exist",
    }
)

Justification = Literal[
    "component_not_present",
    "vulnerable_code_not_present",
    "vulnerable_code_not_in_execute_path",
    "vulnerable_code_cannot_be_controlled_by_adversary",
    "inline_mitigations_already_exist",
    "",
]


class _Vulnerability(msgspec.Struct):
    name: str
    aliases: list[str] = []


class _Part(msgspec.Struct):
    """A product or a subcomponent: an IRI, identifiers, hashes."""

    id: str = msgspec.field(name="@id", default="")
    identifiers: dict[str, str] = {}
    hashes: dict[str, str] = {}
    subcomponents: "list[_Part | str]" = []


class _Statement(msgspec.Struct):
    vulnerability: _Vulnerability | str
    status: VexStatus
    products: list[_Part | str] = []
    subcomponents: list[_Part | str] = []
    """0.0.1 only."""
    justification: Justification = ""
    impact_statement: str = ""
    action_statement: str = ""
    timestamp: str = ""
    last_updated: str = ""


class _Document(msgspec.Struct):
    context: str = msgspec.field(name="@context")
    id: str = msgspec.field(name="@id")
    author: str
    timestamp: str
    statements: list[_Statement]
    version: int | str = 1
    last_updated: str = ""


def read(data: bytes, name: str) -> tuple[VexStatement, ...]:
    """Read a document's statements, in its order.

    Args:
        data: its bytes; each statement carries their digest.
        name: what it is called, for errors.

    Raises:
        MalformedError: not strict JSON, not OpenVEX, or a statement that says too little; the place is a JSON path.
        UnsupportedError: a version of OpenVEX we do not know.
    """
    value = wire.decode(data, where=name, limit=DEFAULT_LIMITS.vex_bytes)
    context = value.get("@context") if isinstance(value, dict) else None
    if not isinstance(context, str) or not context.startswith("https://openvex.dev/ns"):
        raise MalformedError(
            "not an OpenVEX document", where=f"{name} $.@context", why="no OpenVEX context", remedy=_ADVICE
        )
    if context not in _CONTEXTS:
        raise UnsupportedError(
            "an OpenVEX version this program does not read",
            where=name,
            why=f"{context[:60]!a}",
            remedy="convert it to OpenVEX 0.2",
        )
    document = wire.convert(value, _Document, where=name, what=_WHAT)
    digest = str(Digest.of(data))
    return tuple(
        _statement(s, document, digest, f"{name} $.statements[{n}]") for n, s in enumerate(document.statements)
    )


def _statement(item: _Statement, document: _Document, digest: str, where: str) -> VexStatement:
    """One statement; clauses of "Status labels" in the specification."""
    if item.status == "not_affected" and not (item.justification or item.impact_statement):
        raise _bad(where, "not_affected needs a justification or an impact_statement")
    if item.status == "affected" and not item.action_statement and document.context == CONTEXT:
        raise _bad(where, "affected needs an action_statement")
    if isinstance(item.vulnerability, str):
        name, aliases = item.vulnerability, []
    else:
        name, aliases = item.vulnerability.name, item.vulnerability.aliases
    if not name:
        raise _bad(where, "the vulnerability has no name")
    older = _identifiers(item.subcomponents, where)
    timestamp = item.last_updated or item.timestamp or document.last_updated or document.timestamp
    if not wire.is_instant(timestamp):
        raise _bad(where, f"{timestamp[:40]!a} is no RFC 3339 time")
    return VexStatement(
        vulnerability=name,
        aliases=tuple(sorted(set(aliases))),
        products=tuple(_product(p, older, f"{where}.products[{n}]") for n, p in enumerate(item.products)),
        status=item.status,
        justification=item.justification,
        impact=item.impact_statement,
        action=item.action_statement,
        timestamp=wire.instant(timestamp),
        author=document.author,
        document=document.id,
        digest=digest,
    )


def _product(part: _Part | str, older: tuple[str, ...], where: str) -> VexProduct:
    own = _identifiers([part], where)
    if not own:
        raise _bad(where, "a product has neither @id nor identifiers")
    inner = [] if isinstance(part, str) else part.subcomponents
    return VexProduct(own, tuple(sorted({*older, *_identifiers(inner, where)})))


def _identifiers(parts: Iterable[_Part | str], where: str) -> tuple[str, ...]:
    """Every identifier of the parts: IRIs, package URLs, CPEs, and hashes as `sha256:…`."""
    found: set[str] = set()
    for part in parts:
        if isinstance(part, str):
            found.add(part)
            continue
        if not part.id and not part.identifiers:
            raise _bad(where, "a part has neither @id nor identifiers")
        found.update((part.id, *part.identifiers.values()))
        found.update(f"{name.replace('sha-', 'sha')}:{value.lower()}" for name, value in part.hashes.items())
    return tuple(sorted(found - {""}))


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError(_WHAT, where=where, why=why, remedy=_ADVICE)


def write(report: Report, *, author: str, timestamp: str) -> bytes:
    """A report's findings as an OpenVEX 0.2 document; the same report gives the same bytes.

    A report without findings gives a document without statements, which OpenVEX has no form for: readers in use
    accept it, the schema does not.

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
    product = _subject_identifiers(report.subject)
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


def write_statements(said: Sequence[VexStatement], *, author: str, timestamp: str, tooling: str = "") -> bytes:
    """Statements as one OpenVEX 0.2 document; a statement's own time stays with it, its author becomes `author`.

    Raises:
        MalformedError: the timestamp is none.
    """
    document: dict[str, Any] = {
        "@context": CONTEXT,
        "@id": _ID,
        "author": author,
        "timestamp": wire.instant(timestamp),
        "version": 1,
    }
    if tooling:
        document["tooling"] = tooling
    document["statements"] = [_write_statement(s) for s in said]
    data = wire.encode(document)
    return data.replace(_ID.encode(), f"urn:uuid:{wire.uuid5(data)}".encode(), 1)


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


def _subject_identifiers(subject: Subject) -> tuple[str, ...]:
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
