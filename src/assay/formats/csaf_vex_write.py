"""VEX statements to a CSAF VEX document (profile `csaf_vex`, 2.0 §4.5; 2.1 on request).

A product is listed once, a subcomponent stands in it by a relationship `default_component_of`. One vulnerability holds
everything said of it, and a product has one status there (6.1.6): of several words the newest counts, at the same time
the more cautious.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from assay.formats import vex_notes, wire
from assay.formats.csaf_schema import NOTES, VERSIONS, Remedy
from assay.formats.csaf_vex_read import TIME, URIS
from assay.formats.vex_words import CAUTION, remedy_of, require_profile, theirs
from assay.model.errors import UnsupportedError
from assay.model.tool import Tool
from assay.model.vex import VexProduct, VexStatement

_STATUSES = theirs("csaf", "status")
_CVE = re.compile(r"CVE-[0-9]{4}-[0-9]{4,}")
_TIMELESS = frozenset({"fixed", "under_investigation"})
"""Statuses for which CSAF has no dated entry."""
_NAMESPACE = "urn:assay:vex"
_HASHES = frozenset({"md5", "sha1", "sha256", "sha384", "sha512"})


def write_statements(
    said: Sequence[VexStatement],
    *,
    author: str,
    timestamp: str,
    tool: Tool,
    version: str = "2.0",
    namespace: str = _NAMESPACE,
) -> bytes:
    """Statements as one document; the same statements give the same bytes. No statements give no bytes: CSAF has no
    VEX document without vulnerabilities (6.1.27.11).

    Args:
        said: what to say; authors become `author`.
        author: publisher's name.
        timestamp: RFC 3339 time of the document.
        tool: named as the generator.
        version: `2.0` or `2.1`.
        namespace: a URI under the publisher's control.

    Raises:
        MalformedError: a statement lacks what the profile wants, or the timestamp is none.
        UnsupportedError: another version.
    """
    if version not in VERSIONS:
        raise UnsupportedError("not a version of CSAF", why=repr(version[:20]), remedy="choose 2.0 or 2.1")
    if not said:
        return b""
    require_profile(said, "CSAF VEX")
    when = wire.instant(timestamp)
    tree = _Tree(said, version)
    vulnerabilities = [_vulnerability(name, items, tree) for name, items in _by_name(said).items()]
    document = _head(author or "unknown", when, tool, version, namespace)
    whole: dict[str, Any] = {} if version == "2.0" else {"$schema": _SCHEMA_2_1}
    whole |= {"document": document, "product_tree": tree.value(), "vulnerabilities": vulnerabilities}
    document["tracking"]["id"] = f"assay-{wire.uuid5(wire.encode(whole))}"
    return wire.encode(whole)


_SCHEMA_2_1 = "https://docs.oasis-open.org/csaf/csaf/v2.1/schema/csaf.json"


def _head(author: str, when: str, tool: Tool, version: str, namespace: str) -> dict[str, Any]:
    engine = {"name": tool.name} | ({"version": tool.version} if tool.version else {})
    head: dict[str, Any] = {
        "category": "csaf_vex",
        "csaf_version": version,
        "publisher": {"category": "other", "name": author, "namespace": namespace},
        "title": f"VEX by {author}",
        "tracking": {
            "current_release_date": when,
            "generator": {"date": when, "engine": engine},
            "id": "",
            "initial_release_date": when,
            "revision_history": [{"date": when, "number": "1", "summary": "First version."}],
            "status": "final",
            "version": "1",
        },
    }
    if version == "2.1":
        head["distribution"] = {"tlp": {"label": "CLEAR"}}  # required since 2.1
    return head


def _by_name(said: Sequence[VexStatement]) -> dict[str, list[VexStatement]]:
    found: dict[str, list[VexStatement]] = defaultdict(list)
    for statement in said:
        found[statement.vulnerability].append(statement)
    return dict(sorted(found.items()))


class _Tree:
    """Ids for every product and every component in one, in the order of their texts."""

    def __init__(self, said: Sequence[VexStatement], version: str) -> None:
        self.version = version
        products = {product for statement in said for product in statement.products}
        singles = {product.identifiers for product in products}
        singles |= {(part,) for product in products for part in product.subcomponents}
        pairs = {(product.identifiers, (part,)) for product in products for part in product.subcomponents}
        self._single = {key: f"CSAFPID-{n:04}" for n, key in enumerate(sorted(singles), 1)}
        first = len(self._single) + 1
        self._pair = {key: f"CSAFPID-{n:04}" for n, key in enumerate(sorted(pairs), first)}

    def ids(self, product: VexProduct) -> list[str]:
        """The product ids a VEX product stands for."""
        if not product.subcomponents:
            return [self._single[product.identifiers]]
        return [self._pair[product.identifiers, (part,)] for part in product.subcomponents]

    def value(self) -> dict[str, Any]:
        """`product_tree`."""
        names = [_full_name(identifier, key, self.version) for key, identifier in self._single.items()]
        tree: dict[str, Any] = {"full_product_names": names}
        if self._pair:
            tree["relationships"] = [self._relationship(key, identifier) for key, identifier in self._pair.items()]
        return tree

    def _relationship(self, key: tuple[tuple[str, ...], tuple[str, ...]], identifier: str) -> dict[str, Any]:
        whole, part = key
        return {
            "category": "default_component_of",
            "full_product_name": {"name": f"{part[0]} in {whole[0]}", "product_id": identifier},
            "product_reference": self._single[part],
            "relates_to_product_reference": self._single[whole],
        }


def _full_name(identifier: str, texts: tuple[str, ...], version: str) -> dict[str, Any]:
    """A product with all that names it; what CSAF has no field for becomes a generic URI of ours."""
    helper: dict[str, Any] = {}
    others = []
    for text in texts:
        algorithm, _, content = text.partition(":")
        if text.startswith("pkg:") and version == "2.1":
            helper.setdefault("purls", []).append(text)
        elif text.startswith("pkg:") and "purl" not in helper:
            helper["purl"] = text
        elif text.startswith(("cpe:2.3:", "cpe:/")) and "cpe" not in helper:
            helper["cpe"] = text
        elif algorithm in _HASHES and len(content) >= 32:
            one = {"algorithm": algorithm, "value": content}
            helper.setdefault("hashes", []).append({"file_hashes": [one], "filename": "manifest"})
        else:
            others.append({"namespace": URIS, "uri": text})
    if others and (helper or ":" in texts[0]):
        helper["x_generic_uris"] = others
    value: dict[str, Any] = {"name": texts[0], "product_id": identifier}
    return value | ({"product_identification_helper": helper} if helper else {})


def _vulnerability(name: str, said: Sequence[VexStatement], tree: _Tree) -> dict[str, Any]:
    """One of `vulnerabilities`."""
    chosen: dict[str, VexStatement] = {}
    for statement in said:
        for product in statement.products:
            for identifier in tree.ids(product):
                known = chosen.get(identifier)
                if known is None or _weight(statement) > _weight(known):
                    chosen[identifier] = statement
    groups: dict[VexStatement, list[str]] = defaultdict(list)
    for identifier, statement in sorted(chosen.items()):
        groups[statement].append(identifier)
    aliases = sorted({alias for statement in said for alias in statement.aliases} - {name})
    value: dict[str, Any] = {"cve": name} if _CVE.fullmatch(name) else {}
    texts = aliases if "cve" in value else [name, *aliases]
    if texts:
        value["ids"] = [{"system_name": text.partition("-")[0] or "id", "text": text} for text in texts]
    value |= {"notes": [], "product_status": {}}
    for statement, identifiers in groups.items():
        _add(value, statement, identifiers)
    value["product_status"] = {field: sorted(ids) for field, ids in sorted(value["product_status"].items())}
    # 6.1.27.5: the profile wants a note of each vulnerability.
    value["notes"] = [{"category": "general", "text": name}, *value["notes"]]
    return value


def _weight(statement: VexStatement) -> tuple[str, int, str]:
    return (statement.timestamp, CAUTION[statement.status], repr(statement))


def _add(value: dict[str, Any], said: VexStatement, identifiers: list[str]) -> None:
    """What one statement says of its products, in the lists each thing belongs to."""
    # The profile counts four lists only (6.1.27.7): `first_affected` and its like live on in the notes.
    value["product_status"].setdefault(_STATUSES[said.status], []).extend(identifiers)
    date: Mapping[str, str] = {"date": said.timestamp} if wire.is_instant(said.timestamp) else {}
    if said.justification and said.status == "not_affected":
        value.setdefault("flags", []).append({**date, "label": said.justification, "product_ids": identifiers})
    if said.impact and said.status == "not_affected":
        threat = {"category": "impact", **date, "details": said.impact, "product_ids": identifiers}
        value.setdefault("threats", []).append(threat)
    if said.status == "affected":
        remedy = {"category": _remedy(said), **date, "details": said.action, "product_ids": identifiers}
        value.setdefault("remediations", []).append(remedy)
    notes = vex_notes.pack(said)
    if date and said.status in _TIMELESS:
        notes = f"{TIME}{said.timestamp}" + (f"\n{notes}" if notes else "")
    if notes:
        value["notes"].append({"category": "other", "text": f"{' '.join(identifiers)}\n{notes}", "title": NOTES})


def _remedy(said: VexStatement) -> str:
    """The category of an action statement: the one it was read with, else as far as its own words tell."""
    known = dict(said.words).get("csaf:remediation", "")
    if known in get_args(Remedy):
        return known
    return remedy_of(said.action)
