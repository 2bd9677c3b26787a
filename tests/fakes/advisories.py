"""An advisory database in memory, for tests: the same doors as the real one, made of `Advisory` values."""

from __future__ import annotations

import gzip
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import msgspec

from assay.dependencies.aliases import classes
from assay.dependencies.intervals import stored_ranges
from assay.dependencies.names import canonical_name
from assay.dependencies.versions import GENERIC, scheme_for
from assay.formats import osv
from assay.model.advisory import Advisory, Affected, VersionRange
from assay.model.lifecycle import Product
from assay.ports.feeds import StoredRange
from assay.ports.stores import AdvisoryHit, Coverage, DatabaseStatus, Enrichment, Query, Spared


class MemoryStore:
    """Holds records; `covers` lists (ecosystem, name) that feeds speak for, name "" = all of the ecosystem; `newest` up
    to which version, where there is an end."""

    def __init__(
        self,
        records: Iterable[Advisory] = (),
        *,
        covers: Iterable[tuple[str, str]] = (),
        enrichment: Mapping[str, Enrichment] | None = None,
        products: Iterable[Product] = (),
        spared: Mapping[tuple[str, str], tuple[Spared, ...]] | None = None,
        newest: Mapping[tuple[str, str], str] | None = None,
        keys: bool = True,
    ) -> None:
        self.records = {record.id: record for record in records}
        self.covers = set(covers)
        self.newest = dict(newest or {})
        self.enrichment = dict(enrichment or {})
        self.products = {product.name: product for product in products}
        self.spared = dict(spared or {})
        self.calls: list[str] = []
        self._ranges: dict[tuple[str, str], list[StoredRange]] = defaultdict(list)
        for record in self.records.values():
            for affected in record.affected:
                scheme = scheme_for(affected.ecosystem) or GENERIC
                key = scheme.key if keys else GENERIC.key
                for row in stored_ranges(affected, advisory=record.id, feed=record.feed, key=key):
                    self._ranges[row.ecosystem, row.name].append(row)
        named = ((record.id, () if record.withdrawn else record.aliases) for record in self.records.values())
        self._classes = classes(named)

    def status(self) -> DatabaseStatus:
        self.calls.append("status")
        return DatabaseStatus(
            schema=1, built="2026-01-01", content_digest="sha256:" + "0" * 64, feeds=(),
            advisories=len(self.records), ranges=sum(map(len, self._ranges.values())), encoders={},
        )  # fmt: skip

    def lookup(self, queries: Sequence[Query]) -> list[list[AdvisoryHit]]:
        self.calls.append("lookup")
        return [list(self._hits(query)) for query in queries]

    def _hits(self, query: Query) -> Iterable[AdvisoryHit]:
        name = canonical_name(query.ecosystem, query.name)
        for row in self._ranges.get((query.ecosystem, name), ()):
            keyed = row.lo is not None and query.key is not None
            if keyed and not (row.lo <= query.key and (not row.hi or query.key < row.hi)):
                continue
            yield AdvisoryHit(
                ecosystem=row.ecosystem, name=row.name, advisory=row.advisory, introduced=row.introduced,
                fixed=row.fixed, last_affected=row.last_affected, limit=row.limit, versions=row.versions,
                state=row.state, feed=row.feed, keyed=keyed,
            )  # fmt: skip

    def advisories(self, ids: Iterable[str]) -> dict[str, Advisory]:
        self.calls.append("advisories")
        found = {}
        for identifier in ids:
            record = self.records.get(identifier)
            if record is not None:
                own = self._classes[identifier]
                members = {name for name, of in self._classes.items() if of == own}
                aliases = tuple(sorted((members | {*record.aliases}) - {identifier}))
                found[identifier] = msgspec.structs.replace(record, aliases=aliases, affected=())
        return found

    def enrich(self, cves: Iterable[str]) -> dict[str, Enrichment]:
        self.calls.append("enrich")
        return {cve: self.enrichment[cve] for cve in cves if cve in self.enrichment}

    def coverage(self, pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], tuple[Coverage, ...]]:
        self.calls.append("coverage")
        found = {}
        for pair in pairs:
            named = [(pair[0], canonical_name(*pair)), (pair[0], "")]
            spoken = tuple(Coverage("feed", self.newest.get(one, "")) for one in named if one in self.covers)
            if spoken:
                found[pair] = spoken
        return found

    def speaking(self, identifier: str) -> tuple[str, ...]:
        own = self._classes.get(identifier, identifier)
        return tuple(
            name for name, one in sorted(self.records.items())
            if self._classes[name] == own or identifier in (*one.aliases, *one.upstream, *one.related)
        )  # fmt: skip

    def named(self, records: Iterable[str], identifiers: Iterable[str]) -> tuple[tuple[str, str], ...]:
        wanted, ids = set(records), set(identifiers)
        found = {pair for pair, rows in self._ranges.items() if any(row.advisory in wanted for row in rows)}
        found |= {pair for pair, said in self.spared.items() if any(one.id in ids for one in said)}
        return tuple(sorted(found))

    def unaffected(self, pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], tuple[Spared, ...]]:
        self.calls.append("unaffected")
        return {pair: self.spared[pair] for pair in pairs if pair in self.spared}

    def lifecycle(self, names: Iterable[str]) -> dict[str, Product]:
        self.calls.append("lifecycle")
        known = {identifier: product for product in self.products.values() for identifier in product.identifiers}
        known |= self.products
        return {name: known[name] for name in names if name in known}


def advisory(
    identifier: str,
    ecosystem: str,
    name: str,
    *ranges: tuple[str, str],
    versions: tuple[str, ...] = (),
    state: str = "",
    **more: object,
) -> Advisory:
    """A record about one package; each range is (introduced, fixed), "" = no bound."""
    affected = Affected(
        ecosystem=ecosystem, name=name, versions=versions, state=state,
        ranges=tuple(VersionRange(introduced=low, fixed=high) for low, high in ranges),
    )  # fmt: skip
    facts: dict[str, object] = {"feed": "feed", "affected": (affected,)} | more
    return Advisory(id=identifier, **facts)  # type: ignore[arg-type]


@lru_cache(maxsize=4)
def records_of(path: Path) -> tuple[Advisory, ...]:
    """Every readable record of one shared feed (`….jsonl.gz`)."""
    found = []
    with gzip.open(path) as lines:
        for line in lines:
            found.append(osv.parse(line, feed=path.name.partition(".")[0], order=_order))
    return tuple(found)


def _order(ecosystem: str, version: str) -> bytes | None:
    return (scheme_for(ecosystem) or GENERIC).key(version)
