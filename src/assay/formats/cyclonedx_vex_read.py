"""CycloneDX VEX, JSON and XML 1.4 to 1.7, to statements: `vulnerabilities[].analysis`.

A vulnerability without an analysis says nothing; a document without any is an SBOM, not a VEX. What a reference
means: a component inside another is a subcomponent of the outermost one; a component of a document that is about
something (`metadata.component`) is a subcomponent of that; else it is the product itself. A BOM-Link stands for itself,
and for the package URL in its fragment.
"""

from collections.abc import Iterator
from typing import Any, Literal
from urllib.parse import unquote

import msgspec

from assay.formats import cyclonedx_schema, vex_notes, wire
from assay.formats import purl as purls
from assay.formats.cyclonedx_schema import Component
from assay.formats.vex_words import ours, responses_of, theirs
from assay.model.digest import Digest
from assay.model.errors import MalformedError
from assay.model.limits import DEFAULT_LIMITS
from assay.model.vex import VexProduct, VexStatement

WHAT = "not a valid CycloneDX VEX document"
ADVICE = "ask its author for a valid document"
NOTES = "assay:vex:notes"
JUSTIFICATION = "assay:vex:justification"
IDENTIFIER = "assay:vex:identifier"
ACTION = "assay:vex:action"
NAME = "assay:vex:name"
"""Names of properties for what CycloneDX has no field for."""
STATUSES = ours("cyclonedx", "status")
JUSTIFICATIONS = ours("cyclonedx", "justification")
RESPONSES = ours("cyclonedx", "response")
_BACK = theirs("cyclonedx", "justification")

State = Literal["resolved", "resolved_with_pedigree", "exploitable", "in_triage", "false_positive", "not_affected"]
Reason = Literal[
    "code_not_present", "code_not_reachable", "requires_configuration", "requires_dependency", "requires_environment",
    "protected_by_compiler", "protected_at_runtime", "protected_at_perimeter", "protected_by_mitigating_control",
]  # fmt: skip
Response = Literal["can_not_fix", "will_not_fix", "update", "rollback", "workaround_available"]


class _Analysis(msgspec.Struct, rename="camel"):
    state: State | None = None
    justification: Reason | None = None
    response: list[Response] = []
    detail: str = ""
    first_issued: str = ""
    last_updated: str = ""


class _Version(msgspec.Struct):
    version: str = ""
    range: str = ""
    status: Literal["affected", "unaffected", "unknown"] = "affected"


class _Affect(msgspec.Struct):
    ref: str
    versions: list[_Version] = []


class _Source(msgspec.Struct):
    name: str = ""


class _Reference(msgspec.Struct):
    id: str
    source: _Source | None = None


class _Property(msgspec.Struct):
    name: str = ""
    value: str = ""


class _Vulnerability(msgspec.Struct):
    id: str = ""
    references: list[_Reference] = []
    analysis: _Analysis | None = None
    affects: list[_Affect] = []
    recommendation: str = ""
    workaround: str = ""
    updated: str = ""
    properties: list[_Property] = []

    def told(self, name: str) -> list[str]:
        """Values of one of our properties."""
        return [item.value for item in self.properties if item.name == name]


def read(data: bytes, name: str) -> tuple[VexStatement, ...]:
    """Read a document's statements, in its order.

    Raises:
        MalformedError: neither strict JSON nor acceptable XML, not CycloneDX, without any analysis, or a reference
            that no component is called.
        UnsupportedError: a version of CycloneDX outside 1.2-1.7.
    """
    return tuple(said for _, said in read_placed(data, name))


def read_placed(data: bytes, name: str) -> tuple[tuple[str, VexStatement], ...]:
    """`read`, each statement with the JSON path of its vulnerability; the same errors."""
    value = _decoded(data, name)
    bom = cyclonedx_schema.load(value, where=name)
    found = wire.convert(bom.vulnerabilities, list[_Vulnerability], where=f"{name} $.vulnerabilities", what=WHAT)
    reader = _Reader(bom, value, name, str(Digest.of(data)))
    placed = [(number, said) for number, item in enumerate(found) for said in reader.of(item, number)]
    if not placed:
        why = "no vulnerability has an analysis and something it affects: it is an SBOM"
        raise MalformedError("no VEX in this CycloneDX document", where=name, why=why, remedy=ADVICE)
    return tuple((f"$.vulnerabilities[{number}]", said) for number, said in placed)


def _decoded(data: bytes, name: str) -> Any:
    """The document as plain values in the shape of the JSON form."""
    if not is_xml(data):
        return wire.decode(data, where=name, limit=DEFAULT_LIMITS.vex_bytes)
    from assay.formats.cyclonedx_xml_read import as_json

    value = as_json(data, name, limit=DEFAULT_LIMITS.vex_bytes)
    for item in value.get("vulnerabilities", ()):
        analysis = item.get("analysis")
        if analysis is not None and "responses" in analysis:
            analysis["response"] = analysis.pop("responses")
    return value


def is_xml(data: bytes) -> bool:
    """Whether the bytes begin as XML does; no JSON document begins so."""
    return data[:256].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


class _Reader:
    """One document while it is read."""

    def __init__(self, bom: cyclonedx_schema.Bom, value: Any, name: str, digest: str) -> None:
        self._name, self._digest = name, digest
        metadata = bom.metadata
        self._time = (metadata.timestamp if metadata else "") or ""
        self._author = _author(value.get("metadata"))
        self._document = f"{bom.serial_number}/{bom.version}" if bom.serial_number else ""
        self._root = metadata.component if metadata else None
        self._places = dict(_places(bom))

    def of(self, item: _Vulnerability, number: int) -> Iterator[VexStatement]:
        """The statements of one vulnerability: one per status and set of products."""
        place = f"{self._name} $.vulnerabilities[{number}]"
        analysis = item.analysis
        if analysis is None or analysis.state is None or not item.affects:
            return
        if not item.id:
            raise _bad(place, "the vulnerability has no id")
        named: dict[str, dict[tuple[tuple[str, ...], bool], set[str]]] = {}
        for affect in item.affects:
            for verdict, product in self._affected(affect, place):
                key = (product.identifiers, bool(product.subcomponents))
                named.setdefault(verdict, {}).setdefault(key, set()).update(product.subcomponents)
        for verdict, inside in named.items():
            products = tuple(VexProduct(whole, tuple(sorted(parts))) for (whole, _), parts in inside.items())
            yield self._statement(item, analysis, verdict, products, place)

    def _statement(
        self, item: _Vulnerability, analysis: _Analysis, verdict: str, products: tuple[VexProduct, ...], place: str
    ) -> VexStatement:
        state = analysis.state or "in_triage"
        status = {"affected": STATUSES[state], "unaffected": "not_affected", "unknown": "under_investigation"}[verdict]
        facts = vex_notes.unpack("\n".join(item.told(NOTES)))
        words = set(facts.pop("words", ())) | _words(analysis)
        time = analysis.last_updated or analysis.first_issued or item.updated or self._time
        if time and not wire.is_instant(time):
            raise _bad(place, f"{time[:40]!a} is no RFC 3339 time")
        names = {reference.id for reference in item.references} | set(item.told(NAME))
        said = {"justification": "", "impact": "", "action": ""}
        if verdict == "affected" and status == "not_affected":
            said["justification"] = _justification(analysis, item)
            said["impact"] = analysis.detail or ("" if said["justification"] else _own_words(analysis))
        elif status == "affected":
            said["action"] = _action(item, analysis)
        if tuple(analysis.response) == responses_of(said["action"]):
            words = {(name, word) for name, word in words if name != "cyclonedx:response"}
        if analysis.detail and analysis.detail not in said.values():
            facts["notes"] = "\n".join(filter(None, (facts.get("notes", ""), analysis.detail)))
        return msgspec.convert(
            {
                "vulnerability": item.id, "aliases": sorted(names - {item.id}), "products": products, "status": status,
                "timestamp": wire.instant(time), "author": self._author, "document": self._document,
                "digest": self._digest, "words": sorted(words),
            } | said | facts,
            VexStatement,
        )  # fmt: skip

    def _affected(self, affect: _Affect, place: str) -> Iterator[tuple[str, VexProduct]]:
        """(what is said of it, product); versions narrow the package down."""
        component, whole = self._places.get(affect.ref, (None, None))
        if component is None:
            if not affect.ref.startswith("urn:cdx:"):
                raise _bad(place, f"affects {affect.ref[:100]!a}, which no component is called")
            named = tuple(sorted({affect.ref, *_fragment(affect.ref)}))
        else:
            named = identifiers(component)
        for one in affect.versions or [_Version()]:
            texts = named
            if one.version or one.range:  # what names no package URL cannot be narrowed: then it meets nothing
                texts = tuple(sorted(_narrowed(named, one))) or (f"{named[0]} {one.version or one.range}",)
            yield one.status, VexProduct(texts) if whole is None else VexProduct(identifiers(whole), texts)


def _places(bom: cyclonedx_schema.Bom) -> Iterator[tuple[str, tuple[Component, Component | None]]]:
    """Each reference: its component, and the outermost one it is part of."""
    root = bom.metadata.component if bom.metadata else None
    waiting = [(component, root) for component in bom.components]
    if root is not None:
        waiting.append((root, None))
    while waiting:
        component, whole = waiting.pop()
        if component.bom_ref is not None:
            yield component.bom_ref, (component, whole)
        waiting += [(inner, whole or component) for inner in component.components]


def identifiers(component: Component) -> tuple[str, ...]:
    """What names a component: package URL, CPE, hashes, our own; else `name@version`, which only equal texts meet."""
    found = {text for text in (component.purl, component.cpe) if text}
    found.update(f"{h.alg.lower().replace('sha-', 'sha')}:{h.content.lower()}" for h in component.hashes)
    found.update(item.value for item in component.properties if item.name == IDENTIFIER and item.value)
    plain = f"{component.group}/{component.name}" if component.group else component.name
    return tuple(sorted(found)) or (f"{plain}@{component.version}" if component.version else plain,)


def _fragment(ref: str) -> tuple[str, ...]:
    """The package URL in a BOM-Link's fragment, if it is one."""
    text = unquote(ref.partition("#")[2])
    if not text.startswith("pkg:"):
        return ()
    try:
        return (purls.to_string(purls.parse(text)),)
    except MalformedError:
        return ()


def _narrowed(texts: tuple[str, ...], one: _Version) -> Iterator[str]:
    """Package URLs of one version or a range; any other identifier is of no use once versions are named."""
    for text in texts:
        if not text.startswith("pkg:"):
            continue
        try:
            purl = purls.parse(text)
        except MalformedError:
            continue
        kept = tuple(pair for pair in purl.qualifiers if pair[0] != "vers")
        if one.version:
            yield purls.to_string(msgspec.structs.replace(purl, version=one.version, qualifiers=kept))
        else:
            yield purls.to_string(msgspec.structs.replace(purl, version="", qualifiers=(*kept, ("vers", one.range))))


def _words(analysis: _Analysis) -> set[tuple[str, str]]:
    """The words of the analysis that ours do not give back."""
    words: set[tuple[str, str]] = {("cyclonedx:response", word) for word in analysis.response}
    if analysis.state in ("false_positive", "resolved_with_pedigree"):
        words.add(("cyclonedx:status", analysis.state))
    reason = analysis.justification
    if reason is not None and _BACK.get(JUSTIFICATIONS[reason]) != reason:
        words.add(("cyclonedx:justification", reason))
    return words


def _justification(analysis: _Analysis, item: _Vulnerability) -> str:
    """One of the five; our own property may name one CycloneDX has no word for, or that its word leaves open."""
    word = JUSTIFICATIONS[analysis.justification] if analysis.justification else ""
    told = "".join(item.told(JUSTIFICATION)[:1])
    return told if told in UNSPOKEN and not word else word


UNSPOKEN = frozenset({"component_not_present", "vulnerable_code_cannot_be_controlled_by_adversary"})
"""Justifications without a word in CycloneDX."""


def _own_words(analysis: _Analysis) -> str:
    """An impact statement out of the words alone: `false_positive`, `requires_environment`."""
    found: list[str] = [analysis.justification] if analysis.justification else []
    if analysis.state == "false_positive":
        found.append(analysis.state)
    return f"CycloneDX: {', '.join(found)}." if found else ""


def _action(item: _Vulnerability, analysis: _Analysis) -> str:
    told = item.told(ACTION) or [text for text in (item.recommendation, item.workaround) if text]
    return "\n".join(told) or " ".join(RESPONSES[word] for word in analysis.response) or analysis.detail


def _author(metadata: Any) -> str:
    """Who wrote it: the authors, else the manufacturer or supplier of the document, else nobody."""
    if not isinstance(metadata, dict):
        return ""
    authors = metadata.get("authors")
    people = authors if isinstance(authors, list) else []
    for entry in (*people, metadata.get("manufacturer"), metadata.get("manufacture"), metadata.get("supplier")):
        name = entry.get("name") or entry.get("email") if isinstance(entry, dict) else None
        if isinstance(name, str) and name:
            return name
    return ""


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError(WHAT, where=where, why=why, remedy=ADVICE)
