"""Which ids name one and the same vulnerability: union-find over `aliases` only, transitively.

`upstream` and `related` link records, they do not merge them (OSV schema, "aliases", "upstream"). A class holds at
most one CVE: a record that names several CVEs is a bundle, a class of its own, linked to each of them.
"""

import re
from collections.abc import Iterable, Mapping

from assay.model.advisory import Advisory

_CVE = re.compile(r"CVE-[0-9]{4}-[0-9]{4,19}", re.ASCII)
_ERRATA = (
    *(f"{who}{kind}A-" for who in ("AL", "RH", "RL", "EL") for kind in ("S", "B", "E")),
    "DSA-",
    "DLA-",
    "USN-",
)
"""Errata: what they list as related is what they fix."""


def is_cve(identifier: str) -> bool:
    """Whether this is a CVE id."""
    return _CVE.fullmatch(identifier) is not None


def classes(pairs: Iterable[tuple[str, Iterable[str]]]) -> Mapping[str, str]:
    """Every id named by a record, as its own or as an alias, to the id of its class.

    The class's id is its CVE where it has one, else its smallest id. The order of the records does not matter: links
    are joined in sorted order, those to a CVE first, and a link that would bring two CVEs together is left out.

    Args:
        pairs: (id, aliases) of every record; an id may come more than once.
    """
    named: dict[str, set[str]] = {}
    for identifier, aliases in pairs:
        named.setdefault(identifier, {identifier}).update(aliases)
    bundles = {identifier for identifier, names in named.items() if sum(map(is_cve, names)) > 1}
    links = sorted(
        (not (is_cve(identifier) or is_cve(other)), identifier, other)
        for identifier, names in named.items()
        if identifier not in bundles
        for other in names
        if other != identifier and other not in bundles
    )
    forest = _Forest({name for names in named.values() for name in names})
    for _, left, right in links:
        forest.join(left, right)
    return {name: forest.best[forest.root(name)] for name in sorted(forest.parent)}


class _Forest:
    """Disjoint sets with the best id of each: a CVE before all others, then the smallest."""

    def __init__(self, names: set[str]) -> None:
        self.parent = {name: name for name in names}
        self.best = dict(self.parent)

    def root(self, name: str) -> str:
        parent = self.parent
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    def join(self, left: str, right: str) -> None:
        """Unite two sets, unless each has a CVE of its own. The smaller root stays."""
        first, second = sorted((self.root(left), self.root(right)))
        if first == second:
            return
        names = self.best[first], self.best[second]
        if is_cve(names[0]) and is_cve(names[1]):
            return
        self.parent[second] = first
        self.best[first] = min(names, key=lambda name: (not is_cve(name), name))


def identities(record: Advisory) -> tuple[str, ...]:
    """The ids under which a record's findings are counted, sorted; one unless the record is a bundle.

    Args:
        record: with `aliases` extended to its class (`AdvisoryStore.advisories`).

    Returns:
        The CVEs among its own id and its aliases; else those it calls upstream; else, for errata, those it calls
        related; else the smallest id of its class.
    """
    sources = ((record.id, *record.aliases), record.upstream, record.related if record.id.startswith(_ERRATA) else ())
    for names in sources:
        found = tuple(sorted({name for name in names if is_cve(name)}))
        if found:
            return found
    return (min(record.id, *record.aliases) if record.aliases else record.id,)
