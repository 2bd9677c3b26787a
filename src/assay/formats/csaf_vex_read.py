"""CSAF 2.0 and 2.1 documents to VEX statements.

A document that fails a mandatory test which decides what is said of which product is refused by that test's number;
`csaf_rules` lists the others. A product of a relationship is the component in its platform: product the platform,
subcomponent the component.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from assay.formats import csaf_rules, csaf_schema, csaf_tree, vex_notes, wire
from assay.formats import purl as purls
from assay.formats.csaf_rules_products import groups_of, members
from assay.formats.csaf_schema import ADVICE, NOTES, WHAT, Document, Vulnerability
from assay.formats.vex_words import ours, remedy_of
from assay.model.digest import Digest
from assay.model.errors import MalformedError
from assay.model.limits import DEFAULT_LIMITS
from assay.model.vex import VexProduct, VexStatement

DECIDING = frozenset(
    {"6.1.1", "6.1.2", "6.1.3", "6.1.4", "6.1.5", "6.1.6", "6.1.23", "6.1.33"}
    | {f"6.1.27.{number}" for number in (4, 7, 8, 9, 10, 11)}
)
"""Tests without which nobody knows what is said of which product."""
URIS = "urn:assay:vex:identifier"
"""Name space of the generic URIs that hold identifiers CSAF has no field for."""
TIME = "assay:time: "
"""Begins the line of such a note that holds the statement's own time, where CSAF has no dated entry for its status."""
_STATUSES = ours("csaf", "status")
_FEED = (
    f"{ADVICE}; what SUSE or Red Hat says of its releases is a feed: FEEDS/suse-vex/ of `assay db build --from FEEDS`"
)


def read(data: bytes, name: str) -> tuple[VexStatement, ...]:
    """Read a document's statements, by vulnerability, status, and what is said.

    Raises:
        MalformedError: not strict JSON, not CSAF, or it fails a deciding mandatory test (named in the reason).
        UnsupportedError: a version of CSAF we do not know.
    """
    return tuple(said for _, said in read_placed(data, name))


def read_placed(data: bytes, name: str) -> tuple[tuple[str, VexStatement], ...]:
    """`read`, each statement with the JSON path of its vulnerability; the same errors."""
    value = wire.decode(data, where=name, limit=DEFAULT_LIMITS.vex_bytes)
    document = csaf_schema.load(value, where=name)
    for problem in csaf_rules.check(document):
        if problem.test in DECIDING:
            why = f"mandatory test {problem.test}: {problem.says}"
            raise MalformedError(WHAT, where=f"{name} {problem.place}", why=why, remedy=_remedy(document))
    if document.product_tree is None or not document.vulnerabilities:
        raise MalformedError(
            "no VEX in this CSAF document", where=name, why="it has no products or no vulnerabilities", remedy=ADVICE
        )
    return _Reader(document, value, name, str(Digest.of(data))).statements()


def _remedy(document: Document) -> str:
    """Parts of platforms are mostly packages of a distribution's releases: as a feed they are read, flaws and all."""
    tree = document.product_tree
    return _FEED if tree is not None and tree.relationships else ADVICE


class _Reader:
    """One document while it is read."""

    def __init__(self, document: Document, value: Mapping[str, Any], name: str, digest: str) -> None:
        self._document, self._name, self._digest = document, name, digest
        self._tree = csaf_tree.products(value, where=name)
        tree = document.product_tree
        self._names = {full.product_id: full for _, full in tree.names()} if tree is not None else {}
        self._groups = groups_of(document)
        self._generic = _generic_uris(value.get("product_tree"))

    def statements(self) -> tuple[tuple[str, VexStatement], ...]:
        items = enumerate(self._document.vulnerabilities or ())
        return tuple((f"$.vulnerabilities[{number}]", said) for number, item in items for said in self._of(item))

    def _of(self, item: Vulnerability) -> list[VexStatement]:
        """The statements of one vulnerability: products of which the same is said stand in one."""
        said = _Said(item, self._groups)
        together: dict[tuple[Any, ...], list[str]] = defaultdict(list)
        for field, status in _STATUSES.items():
            for identifier in dict.fromkeys(getattr(item.product_status, field, ())):
                together[(field, status, *said.of(identifier))].append(identifier)
        names = [text for text in (item.cve, *(one.text for one in item.ids)) if text]
        if not names:
            names = [item.title or "unnamed"]
        tracking = self._document.document.tracking
        result = []
        for (field, status, labels, impacts, remedies, notes, time), identifiers in together.items():
            facts = vex_notes.unpack(notes)
            words = set(facts.pop("words", ()))
            if field not in ("known_not_affected", "known_affected", "fixed", "under_investigation"):
                words.add(("csaf:status", field))
            action = "\n".join(details for _, details in remedies) if status == "affected" else ""
            if action:
                words.update(("csaf:remediation", kind) for kind, _ in remedies if kind != remedy_of(action))
            if tracking.status == "draft":
                words.add(("csaf:tracking", "draft"))
            result.append(
                VexStatement(
                    vulnerability=names[0],
                    aliases=tuple(sorted(set(names[1:]) - {names[0]})),
                    products=self._products(identifiers),
                    status=status,
                    justification=labels[0] if labels and status == "not_affected" else "",
                    impact="\n".join(impacts) if status == "not_affected" else "",
                    action=action,
                    timestamp=wire.instant(time or tracking.current_release_date),
                    author=self._document.document.publisher.name,
                    document=tracking.id,
                    digest=self._digest,
                    words=tuple(sorted(words)),
                    **facts,
                )
            )
        return result

    def _products(self, identifiers: Iterable[str]) -> tuple[VexProduct, ...]:
        """Products by platform, the components in it as subcomponents."""
        inside: dict[tuple[tuple[str, ...], bool], set[str]] = {}
        for identifier in identifiers:
            component, *platforms = self._tree.parts(identifier)
            whole = self._identifiers(platforms[-1].id if platforms else component.id)
            parts = inside.setdefault((whole, bool(platforms)), set())
            parts.update(self._identifiers(component.id) if platforms else ())
        products = (VexProduct(whole, tuple(sorted(parts))) for (whole, _), parts in inside.items())
        return tuple(sorted(products, key=lambda product: (product.identifiers, product.subcomponents)))

    def _identifiers(self, identifier: str) -> tuple[str, ...]:
        """What names a product: package URLs, CPE, hashes, our own URIs; else its name, for equal texts only."""
        full = self._names[identifier]
        helper = full.product_identification_helper or csaf_schema.Helper()
        texts = [*([helper.purl] if helper.purl else []), *helper.purls]
        narrowed = [self._narrowed(text, identifier) for text in texts]
        if None in narrowed:
            return (full.name,)
        found = {text for text in narrowed if text} | ({helper.cpe} if helper.cpe else set())
        for file in helper.hashes:
            found.update(f"{one.algorithm.lower()}:{one.value.lower()}" for one in file.file_hashes)
        found.update(self._generic.get(identifier, ()))
        return tuple(sorted(found)) or (full.name,)

    def _narrowed(self, text: str, identifier: str) -> str | None:
        """A package URL held to the versions of its branch, without which it would mean every version.

        None where the branch names versions in words nobody can compare.
        """
        try:
            purl = purls.parse(text)
        except MalformedError:
            return None
        if purl.version or any(key == "vers" for key, _ in purl.qualifiers):
            return text
        product = self._tree.products[identifier]
        exact, within = product.branch("product_version"), product.branch("product_version_range")
        if exact:
            return purls.to_string(msgspec.structs.replace(purl, version=exact))
        if not within:
            return text
        if not within.startswith("vers:"):
            return None
        return purls.to_string(msgspec.structs.replace(purl, qualifiers=(*purl.qualifiers, ("vers", within))))


class _Said:
    """What flags, threats, remediations and notes say of each product of one vulnerability."""

    def __init__(self, item: Vulnerability, groups: dict[str, list[str]]) -> None:
        self._labels: dict[str, list[str]] = defaultdict(list)
        self._impacts: dict[str, list[str]] = defaultdict(list)
        self._actions: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self._times: dict[str, str] = {}
        self._notes: dict[str, str] = {}
        for flag in item.flags:
            for product in members(flag, groups):
                self._labels[product].append(flag.label)
                self._dated(product, flag.date)
        for threat in item.threats:
            for product in members(threat, groups) if threat.category == "impact" else ():
                self._impacts[product].append(threat.details)
                self._dated(product, threat.date)
        for remediation in item.remediations:
            for product in members(remediation, groups):
                self._actions[product].append((remediation.category, remediation.details))
                self._dated(product, remediation.date)
        for note in item.notes:
            if note.title == NOTES:
                line, _, text = note.text.partition("\n")
                products = line.split(" ")
                if text.startswith(TIME):
                    time, _, text = text.removeprefix(TIME).partition("\n")
                    for product in products:
                        self._dated(product, time)
                self._notes.update(dict.fromkeys(products, text))

    def _dated(self, product: str, date: str) -> None:
        """The newest date of what is said of a product is the statement's."""
        if date and wire.is_instant(date):
            self._times[product] = max(self._times.get(product, ""), wire.instant(date))

    def of(self, product: str) -> tuple[Any, ...]:
        """Labels, impacts, actions, notes and time of a product."""
        return (
            tuple(self._labels.get(product, ())),
            tuple(self._impacts.get(product, ())),
            tuple(self._actions.get(product, ())),
            self._notes.get(product, ""),
            self._times.get(product, ""),
        )


def _generic_uris(tree: Any) -> dict[str, list[str]]:
    """Our own identifiers by product id; the tree's form is checked already."""
    found: dict[str, list[str]] = {}
    names = tree.get("full_product_names", ()) if isinstance(tree, dict) else ()
    for name in names:
        uris = (name.get("product_identification_helper") or {}).get("x_generic_uris", ())
        ours_ = [u["uri"] for u in uris if isinstance(u, dict) and u.get("namespace") == URIS and "uri" in u]
        found[name["product_id"]] = [text for text in ours_ if isinstance(text, str)]
    return found
