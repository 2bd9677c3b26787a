"""OpenVEX 0.2 documents to statements (openvex/spec, OPENVEX-SPEC.md); those of 0.0.1 are read too.

Facts of the document (author, timestamp) are repeated in each statement. A `not_affected` without justification or
impact statement is refused, for it would silence a finding without a cause; so is an unknown status or justification.
A statement without products stands with none: it applies to nothing by itself.
"""

from collections.abc import Iterable
from typing import Literal, get_args

import msgspec

from assay.formats import vex_notes, wire
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.limits import DEFAULT_LIMITS
from assay.model.vex import VexProduct, VexStatement, VexStatus

CONTEXT = "https://openvex.dev/ns/v0.2.0"
_CONTEXTS = frozenset(
    {CONTEXT, "https://openvex.dev/ns", "https://openvex.dev/ns/v0.0.1", "https://openvex.dev/ns/v0.0.2"}
)
_WHAT = "not a valid OpenVEX document"
_ADVICE = "ask its author for a valid document"
Justification = Literal[
    "component_not_present",
    "vulnerable_code_not_present",
    "vulnerable_code_not_in_execute_path",
    "vulnerable_code_cannot_be_controlled_by_adversary",
    "inline_mitigations_already_exist",
    "",
]
JUSTIFICATIONS = frozenset(get_args(Justification)) - {""}


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
    status_notes: str = ""
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
    if len(older) * len(item.products) > DEFAULT_LIMITS.openvex_parts_count:
        why = f"{len(item.products)} products, each with all of {len(older)} subcomponents"
        raise _bad(where, f"{why}, limit {DEFAULT_LIMITS.openvex_parts_count}")
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
        **vex_notes.unpack(item.status_notes),
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
