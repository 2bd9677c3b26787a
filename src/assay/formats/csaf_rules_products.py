"""Mandatory tests about products and what is said of them (CSAF 2.0 §6.1.1-6.1.7, 13, 25, 29, 31-33)."""

import re
from collections.abc import Iterable, Iterator

from assay.formats import purl as purls
from assay.formats.csaf_problem import Found, twice
from assay.formats.csaf_schema import Document, Flag, Remediation, Threat, Vulnerability
from assay.model.errors import MalformedError

STATES = {
    "first_affected": "affected",
    "known_affected": "affected",
    "last_affected": "affected",
    "known_not_affected": "not affected",
    "first_fixed": "fixed",
    "fixed": "fixed",
    "under_investigation": "under investigation",
    "unknown": "unknown",
}
"""§3.2.3.9: which lists of `product_status` say the same; `recommended` contradicts none."""
_RANGE_WORDS = re.compile(
    r"[<>]|(?<!\S)(?:after|all|before|earlier|later|prior|versions)(?!\S)", re.IGNORECASE
)  # §6.1.31
_Targeted = Remediation | Threat | Flag


def vulnerabilities(document: Document) -> Iterator[tuple[str, Vulnerability]]:
    """Each vulnerability with its place."""
    for number, item in enumerate(document.vulnerabilities or ()):
        yield f"$.vulnerabilities[{number}]", item


def targeted(place: str, item: Vulnerability) -> Iterator[tuple[str, _Targeted]]:
    """Everything of a vulnerability that names products and groups."""
    lists: tuple[tuple[str, Iterable[_Targeted]], ...] = (
        ("remediations", item.remediations),
        ("threats", item.threats),
        ("flags", item.flags),
    )
    for field, values in lists:
        for number, value in enumerate(values):
            yield f"{place}.{field}[{number}]", value


def groups_of(document: Document) -> dict[str, list[str]]:
    """The products of each group."""
    return {g.group_id: g.product_ids for g in (document.product_tree.product_groups if document.product_tree else ())}


def members(item: _Targeted, groups: dict[str, list[str]]) -> set[str]:
    """All products an entry names, those of its groups too."""
    return set(item.product_ids).union(*(groups.get(group, ()) for group in item.group_ids))


def _defined(document: Document) -> list[tuple[str, str]]:
    tree = document.product_tree
    return [(place, name.product_id) for place, name in tree.names()] if tree is not None else []


def missing_product(document: Document) -> Found:
    """6.1.1: every product id that is used is defined."""
    known = {identifier for _, identifier in _defined(document)}
    for place, identifier in _used(document):
        if identifier not in known:
            yield place, f"the product {identifier[:120]!a} is not defined"


def _used(document: Document) -> Iterator[tuple[str, str]]:
    tree = document.product_tree
    for number, group in enumerate(tree.product_groups if tree else ()):
        for identifier in group.product_ids:
            yield f"$.product_tree.product_groups[{number}].product_ids", identifier
    for number, edge in enumerate(tree.relationships if tree else ()):
        place = f"$.product_tree.relationships[{number}]"
        yield f"{place}.product_reference", edge.product_reference
        yield f"{place}.relates_to_product_reference", edge.relates_to_product_reference
    for place, item in vulnerabilities(document):
        for field in (*STATES, "recommended"):
            for identifier in getattr(item.product_status, field, ()):
                yield f"{place}.product_status.{field}", identifier
        for where, value in targeted(place, item):
            for identifier in value.product_ids:
                yield f"{where}.product_ids", identifier
        for field, metrics in (("scores", item.scores), ("metrics", item.metrics)):
            for number, metric in enumerate(metrics):
                for identifier in metric.products:
                    yield f"{place}.{field}[{number}].products", identifier


def repeated_product(document: Document) -> Found:
    """6.1.2: a product id is defined once."""
    yield from twice(_defined(document), "the product")


def circular_product(document: Document) -> Found:
    """6.1.3: no relationship defines a product in terms of itself, directly or through others."""
    tree = document.product_tree
    edges: dict[str, set[str]] = {}
    places: dict[str, str] = {}
    for number, edge in enumerate(tree.relationships if tree else ()):
        whole = edge.full_product_name.product_id
        edges.setdefault(whole, set()).update((edge.product_reference, edge.relates_to_product_reference))
        places.setdefault(whole, f"$.product_tree.relationships[{number}]")
    # Whatever depends on nothing that is defined by a relationship is settled; what never settles is in a circle
    # or rests on one (Kahn's order, so that a long chain needs no recursion).
    needed_by: dict[str, list[str]] = {}
    open_count = {}
    for whole, parts in edges.items():
        inner = [part for part in parts if part in edges]
        open_count[whole] = len(inner)
        for part in inner:
            needed_by.setdefault(part, []).append(whole)
    waiting = [whole for whole, count in open_count.items() if not count]
    while waiting:
        settled = waiting.pop()
        for whole in needed_by.get(settled, ()):
            open_count[whole] -= 1
            if not open_count[whole]:
                waiting.append(whole)
    for whole, count in open_count.items():
        if count:
            yield places[whole], f"the product {whole[:120]!a} is defined by itself"


def missing_group(document: Document) -> Found:
    """6.1.4: every group id that is used is defined."""
    known = groups_of(document)
    for place, item in vulnerabilities(document):
        for where, value in targeted(place, item):
            for group in value.group_ids:
                if group not in known:
                    yield f"{where}.group_ids", f"the product group {group[:120]!a} is not defined"


def repeated_group(document: Document) -> Found:
    """6.1.5: a group id is defined once."""
    tree = document.product_tree
    found = (
        [(f"$.product_tree.product_groups[{n}]", g.group_id) for n, g in enumerate(tree.product_groups)] if tree else []
    )
    yield from twice(found, "the product group")


def contradicting_status(document: Document) -> Found:
    """6.1.6: a product has one status per vulnerability."""
    for place, item in vulnerabilities(document):
        said: dict[str, str] = {}
        for field, state in STATES.items():
            for identifier in getattr(item.product_status, field, ()):
                if said.setdefault(identifier, state) != state:
                    why = f"the product {identifier[:120]!a} is {said[identifier]} and {state}"
                    yield f"{place}.product_status.{field}", why


def invalid_purl(document: Document) -> Found:
    """6.1.13: package URLs are valid."""
    for place, name in document.product_tree.names() if document.product_tree else ():
        helper = name.product_identification_helper
        for text in ((helper.purl,) if helper.purl else ()) + tuple(helper.purls) if helper else ():
            try:
                purls.parse(text)
            except MalformedError as error:
                yield f"{place}.product_identification_helper", f"{text[:120]!a} is no package URL: {error.why}"


def repeated_hash(document: Document) -> Found:
    """6.1.25: a file has one hash per algorithm."""
    for place, name in document.product_tree.names() if document.product_tree else ():
        helper = name.product_identification_helper
        for number, file in enumerate(helper.hashes if helper else ()):
            where = f"{place}.product_identification_helper.hashes[{number}]"
            yield from twice([(where, one.algorithm) for one in file.file_hashes], "the algorithm")


def remediation_without_product(document: Document) -> Found:
    """6.1.29: a remediation names a product or a group."""
    yield from _without_product(document, Remediation, "the remediation")


def flag_without_product(document: Document) -> Found:
    """6.1.32: a flag names a product or a group."""
    yield from _without_product(document, Flag, "the flag")


def _without_product(document: Document, kind: type[_Targeted], what: str) -> Found:
    for place, item in vulnerabilities(document):
        for where, value in targeted(place, item):
            if isinstance(value, kind) and not value.product_ids and not value.group_ids:
                yield where, f"{what} names neither a product nor a group"


def range_in_version(document: Document) -> Found:
    """6.1.31: a branch `product_version` names one version, no range."""
    tree = document.product_tree
    waiting = [(f"$.product_tree.branches[{n}]", branch) for n, branch in enumerate(tree.branches)] if tree else []
    while waiting:
        place, branch = waiting.pop()
        if branch.category == "product_version" and _RANGE_WORDS.search(branch.name):
            yield f"{place}.name", f"{branch.name[:120]!a} is a range: use product_version_range"
        waiting += [(f"{place}.branches[{n}]", inner) for n, inner in enumerate(branch.branches)]


def several_justifications(document: Document) -> Found:
    """6.1.33: a product has one justification per vulnerability."""
    groups = groups_of(document)
    for place, item in vulnerabilities(document):
        said: set[str] = set()
        for number, flag in enumerate(item.flags):
            found = members(flag, groups)
            for identifier in sorted(found & said):
                yield f"{place}.flags[{number}]", f"the product {identifier[:120]!a} has a justification already"
            said |= found
