"""Reads the advisory database; implements `ports.stores.AdvisoryStore` and `ports.stores.Lifecycles`.

The file is opened read-only and as immutable: it is replaced by a rename, never changed. Every method takes one lock,
so an object may be shared between threads; they then wait for each other.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import BinaryIO
from urllib.parse import quote

import msgspec

from assay.adapters import advisorydb_queries as sql
from assay.adapters import advisorydb_schema as schema
from assay.adapters.advisorydb_file import check_header, name_of, not_ours
from assay.adapters.advisorydb_queries import array, is_text
from assay.dependencies.names import canonical_name
from assay.model.advisory import Advisory, Epss, Feed, Kev, Score, Ssvc
from assay.model.cpe import CpeCondition
from assay.model.errors import UnsupportedError
from assay.model.lifecycle import Product, Release
from assay.ports.stores import AdvisoryHit, Coverage, CpeHit, DatabaseStatus, Enrichment, Query, Spared

_LISTED_COUNT = 2_000
"""A list of so many names is read at once; in a longer one each name is looked up."""
_ALIASES_COUNT = 500
_SPEAKING_COUNT = 2_000
"""Advisories that speak of one id: more than of any that exists."""
_NAMED_COUNT = 20_000
"""Packages that they name."""
_conditions = msgspec.msgpack.Decoder(tuple[CpeCondition, ...]).decode
_versions = msgspec.msgpack.Decoder(tuple[str, ...]).decode


class AdvisoryDatabase:
    """An open database.

    Args:
        path: the file.
        encoders: version of each key encoder of this program, by scheme; a database written with another version
            would answer wrongly and is refused.
        file: the same file, open: then these very bytes are read, whatever the name means by then.

    Raises:
        UnavailableError: there is no such file.
        MalformedError: not an advisory database, cut off, or damaged.
        UnsupportedError: another schema, or other key encoders.
    """

    def __init__(self, path: Path, encoders: Mapping[str, int], file: BinaryIO | None = None) -> None:
        self._path, self._lock = path, Lock()
        self._whole: tuple[dict[str, str], dict[str, int]] | None = None  # feeds of whole ecosystems; long lists
        self._covered: dict[tuple[str, str], tuple[Coverage, ...]] = {}  # the short lists
        self._with_text: set[int] | None = None  # packages with rows in range_text: few, so most names skip a query
        self._sparing: set[str] | None = None  # ecosystems with rows in unaffected: the others skip a query
        check_header(path, file)
        with schema.reading(path):
            uri = f"file:{quote(name_of(path, file))}?mode=ro&immutable=1"
            self._db = sqlite3.connect(uri, uri=True, check_same_thread=False, isolation_level=None)
            try:
                self._db.execute("PRAGMA trusted_schema = OFF")
                self._db.execute("PRAGMA query_only = ON")
                self._open(encoders)
            except BaseException:
                self._db.close()
                raise

    def _open(self, encoders: Mapping[str, int]) -> None:
        written = [row[0] for row in self._db.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL")]
        if sorted(written) != sorted(schema.STATEMENTS):
            raise not_ours(self._path, "its tables are not those of an advisory database")
        self._meta = dict(self._db.execute("SELECT key, value FROM meta"))
        self._status = self._read_status()
        self._sources = dict(self._db.execute("SELECT id, name FROM source"))
        differing = {name: version for name, version in self._status.encoders.items() if encoders.get(name) != version}
        if differing:
            raise UnsupportedError(
                "the advisory database was built with other version keys", where=str(self._path),
                why=", ".join(f"{name} {version}, here {encoders.get(name, 'unknown')}"
                              for name, version in sorted(differing.items())),
                remedy=schema.REBUILD,
            )  # fmt: skip

    def _read_status(self) -> DatabaseStatus:
        rows = self._db.execute(
            "SELECT name, date, licence, origin, digest, records, skipped FROM source ORDER BY name"
        )
        feeds = tuple(
            Feed(name=n, date=d, licence=li, origin=o, digest=di, records=r, skipped=s)
            for n, d, li, o, di, r, s in rows
        )
        meta = self._meta
        prefix = "encoder."
        try:
            return DatabaseStatus(
                schema=int(meta["schema"]), built=meta["built"], content_digest=meta["content_digest"], feeds=feeds,
                advisories=int(meta["advisories"]), ranges=int(meta["ranges"]),
                encoders={k[len(prefix):]: int(v) for k, v in sorted(meta.items()) if k.startswith(prefix)},
                build=schema.build_number(meta.get("build", "0")),
            )  # fmt: skip
        except (KeyError, ValueError) as error:
            raise not_ours(self._path, f"meta: {error}") from error

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()

    def status(self) -> DatabaseStatus:
        """What it holds."""
        return self._status

    def lookup(self, queries: Sequence[Query]) -> list[list[AdvisoryHit]]:
        """For each query: ranges its key lies in (keyed), and every range and list without a key for that name.

        Without a key, every range of the name comes, none of them keyed.
        """
        with self._lock, schema.reading(self._path):
            if self._with_text is None:
                self._with_text = {row[0] for row in self._db.execute(sql.WITH_TEXT)}
            wanted: dict[str, dict[Query, str]] = {}  # many binary packages share one source package and version
            for query in queries:
                if not is_text(query.ecosystem, query.name):
                    continue
                wanted.setdefault(query.ecosystem, {})[query] = canonical_name(query.ecosystem, query.name)
            known: dict[Query, list[AdvisoryHit]] = {}
            for ecosystem, names in wanted.items():
                # As it was written too: a database may be older than the folding of names is.
                spelt = {*names.values(), *(query.name for query in names)}
                packages = dict(self._db.execute(sql.PACKAGES, (ecosystem, array(spelt))))
                for query, canonical in names.items():
                    name = canonical if canonical in packages else query.name
                    if (package := packages.get(name)) is not None:
                        known[query] = self._hits(query, name, package)
            return [list(known.get(query, ())) for query in queries]

    def _hits(self, query: Query, name: str, package: int) -> list[AdvisoryHit]:
        keyed, row = query.key is not None, (package,)
        found = self._db.execute(sql.KEYED, (package, query.key)) if keyed else self._db.execute(sql.RANGE, row)
        hits = [
            AdvisoryHit(
                ecosystem=query.ecosystem, name=name, advisory=advisory, introduced=introduced, fixed=fixed,
                last_affected=last, limit=limit, versions=(listed,) if listed else (), state=state, keyed=keyed,
                feed=self._sources[source],
            )
            for advisory, introduced, fixed, last, limit, listed, state, source in found
        ]  # fmt: skip
        if package not in (self._with_text or ()):
            return hits
        hits += [
            AdvisoryHit(
                ecosystem=query.ecosystem, name=name, advisory=advisory, introduced=introduced, fixed=fixed,
                last_affected=last, limit=limit, versions=_versions(versions), state=state, feed=self._sources[source],
            )
            for advisory, introduced, fixed, last, limit, versions, state, source in self._db.execute(sql.TEXT, row)
        ]  # fmt: skip
        return hits

    def advisories(self, ids: Iterable[str]) -> dict[str, Advisory]:
        """Records by id, `aliases` extended to the whole alias class; unknown ids are left out.

        Of a class of more ids than any vulnerability has, the first 500 are named, its own id among them.
        """
        found: dict[str, Advisory] = {}
        with self._lock, schema.reading(self._path):
            rows = self._db.execute(sql.RECORDS, (array(set(ids)),)).fetchall()
            members: dict[str, list[str]] = {row[2]: [] for row in rows}
            for name, member in self._db.execute(sql.MEMBERS, (array(members),)):
                if len(members[name]) < _ALIASES_COUNT:
                    members[name].append(member)
            for identifier, feed, name, record in rows:
                own = schema.unpack(identifier, feed, record)
                aliases = {name, *members[name], *own.aliases}  # a class is named after one of its members
                aliases.discard(identifier)
                found[identifier] = msgspec.structs.replace(own, aliases=tuple(sorted(aliases)))
        return found

    def enrich(self, cves: Iterable[str]) -> dict[str, Enrichment]:
        """Scores, exploitation and probability by CVE id; ids of which nothing is known are left out."""
        numbers = {cve: number for cve in cves if (number := _epss_number(cve)) is not None}
        named, scored = (array(numbers),), (array(numbers.values()),)
        with self._lock, schema.reading(self._path):
            facts = {cve: row for cve, *row in self._db.execute(sql.CVES, named)}
            kevs = {
                cve: Kev(date_added=added, due_date=due, ransomware=ransomware)
                for cve, added, due, ransomware in self._db.execute(sql.KEVS, named)
            }
            epss = {number: self._epss(*row) for number, *row in self._db.execute(sql.EPSS, scored)}
            scores: dict[str, list[Score]] = {}
            for cve, version, value, *rest in self._db.execute(sql.SCORES, named):
                scores.setdefault(cve, []).append(Score(version, value / schema.CVSS_SCALE, *rest))
        return {
            cve: _enrichment(facts.get(cve), scores.get(cve, ()), kevs.get(cve), epss.get(number))
            for cve, number in numbers.items()
            if cve in facts or cve in kevs or number in epss
        }

    def _epss(self, score: int, percentile: int) -> Epss:
        meta, scale = self._meta, schema.EPSS_SCALE
        return Epss(
            score=score / scale,
            percentile=percentile / scale,
            date=meta.get("epss_date", ""),
            model=meta.get("epss_model", ""),
        )

    def coverage(self, pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], tuple[Coverage, ...]]:
        """(ecosystem, name) to the feeds that speak for it: those that list it, then one of the whole ecosystem."""
        found: dict[tuple[str, str], tuple[Coverage, ...]] = {}
        with self._lock, schema.reading(self._path):
            if self._whole is None:  # most ecosystems are covered whole: no need to ask for each of their names
                whole = self._db.execute(sql.WHOLE)
                listing = self._db.execute(sql.LISTING)
                self._whole = dict(whole), dict(listing)
                for ecosystem in [one for one, count in self._whole[1].items() if count <= _LISTED_COUNT]:
                    del self._whole[1][ecosystem]
                    for name, *row in self._db.execute(sql.LISTED, (ecosystem,)):
                        self._covered[ecosystem, name] = (*self._covered.get((ecosystem, name), ()), Coverage(*row))
            feeds, listed = self._whole
            for ecosystem, name in pairs:
                if not is_text(ecosystem, name):
                    continue
                spelt = canonical_name(ecosystem, name)
                spoken = self._covered.get((ecosystem, spelt), ())
                if ecosystem in listed:
                    spoken = tuple(Coverage(*row) for row in self._db.execute(sql.COVERING, (ecosystem, spelt)))
                if ecosystem in feeds:
                    spoken = (*spoken, Coverage(feeds[ecosystem]))
                if spoken:
                    found[ecosystem, name] = spoken
        return found

    def unaffected(self, pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], tuple[Spared, ...]]:
        """(ecosystem, name) to what its distribution says does not concern it; others are left out."""
        found: dict[tuple[str, str], tuple[Spared, ...]] = {}
        with self._lock, schema.reading(self._path):
            if self._sparing is None:
                self._sparing = {row[0] for row in self._db.execute(sql.SPARING)}
            for pair in pairs:
                if pair[0] not in self._sparing or not is_text(pair[1]):
                    continue
                spared = tuple(Spared(*row) for row in self._db.execute(sql.SPARED, pair))
                if spared:
                    found[pair] = spared
        return found

    def speaking(self, identifier: str) -> tuple[str, ...]:
        """Advisories of the id's class, and those with the very id in their record; reads whole tables."""
        if not is_text(identifier):
            return ()
        written = msgspec.msgpack.encode(identifier)  # with its length before it: no id that only begins alike
        with self._lock, schema.reading(self._path):
            rows = self._db.execute(sql.SPEAKING, (identifier, written, _SPEAKING_COUNT))
            return tuple(row[0] for row in rows)

    def named(self, records: Iterable[str], identifiers: Iterable[str]) -> tuple[tuple[str, str], ...]:
        """Packages with a range of these advisories, and those not affected by these ids; reads whole tables."""
        lists = [array(names) for names in (records, identifiers)]
        with self._lock, schema.reading(self._path):
            rows = self._db.execute(sql.NAMED, (*lists, _NAMED_COUNT))
            return tuple((ecosystem, name) for ecosystem, name in rows)

    def cpes(self, products: Iterable[tuple[str, str]]) -> dict[tuple[str, str], tuple[CpeHit, ...]]:
        """(vendor, product) to the CVEs that call it vulnerable; an empty vendor is any."""
        found: dict[tuple[str, str], tuple[CpeHit, ...]] = {}
        with self._lock, schema.reading(self._path):
            for vendor, product in products:
                if not is_text(vendor, product):
                    continue
                low = f"{product}\t{vendor}"
                rows = self._db.execute(sql.CPES, (low, low if vendor else f"{product}\n", bool(vendor)))
                hits = tuple(CpeHit(cve, feed, _conditions(data)) for cve, feed, data in rows)
                if hits:
                    found[vendor, product] = hits
        return found

    def lifecycle(self, names: Iterable[str]) -> dict[str, Product]:
        """Products by name or identifier; an identifier of several products gives the first by name."""
        asked = (array(set(names)),)
        with self._lock, schema.reading(self._path):
            rows = {row[0]: row for row in reversed(self._db.execute(sql.IDENTIFIED, asked).fetchall())}
            rows |= {row[0]: row for row in self._db.execute(sql.PRODUCTS, asked)}
            read = self._products({row[1]: row[2:] for row in rows.values()})
        return {name: read[row[1]] for name, row in rows.items()}

    def _products(self, heads: Mapping[str, tuple[str, str]]) -> dict[str, Product]:
        """Products by name, from their titles and categories."""
        asked = (array(heads),)
        identifiers: dict[str, list[str]] = {name: [] for name in heads}
        for identifier, name in self._db.execute(sql.PRODUCT_IDS, asked):
            identifiers[name].append(identifier)
        releases: dict[str, list[Release]] = {name: [] for name in heads}
        for name, cycle, codename, released, active, ends, extended, latest, latest_date in self._db.execute(
            sql.RELEASES, asked
        ):
            releases[name].append(
                Release(
                    cycle=cycle, codename=codename, released=released, active_until=active, ends=ends,
                    extended_until=extended, latest=latest, latest_date=latest_date,
                )
            )  # fmt: skip
        return {
            name: Product(
                name=name, title=title, category=category, identifiers=tuple(identifiers[name]),
                releases=tuple(releases[name]),
            )
            for name, (title, category) in heads.items()
        }  # fmt: skip

    def verify(self) -> DatabaseStatus:
        """Read everything: SQLite's own integrity check, then the content digest.

        Raises:
            MalformedError: either does not hold.
        """
        with self._lock, schema.reading(self._path):
            verdict = self._db.execute("PRAGMA integrity_check(1)").fetchone()[0]
            if verdict != "ok":
                raise not_ours(self._path, verdict)
            digest = schema.content_digest(self._db)
        if digest != self._status.content_digest:
            raise not_ours(self._path, f"content is {digest}, recorded {self._status.content_digest}")
        return self._status


_NO_FACTS = ("",) * 8


def _enrichment(facts: Sequence[str] | None, scores: Sequence[Score], kev: Kev | None, epss: Epss | None) -> Enrichment:
    summary, state, exploitation, automatable, impact, assessed, cwes, marks = facts or _NO_FACTS
    said = exploitation or automatable or impact
    return Enrichment(
        summary=summary,
        state=state,
        scores=tuple(scores),
        kev=kev,
        epss=epss,
        ssvc=Ssvc(exploitation=exploitation, automatable=automatable, technical_impact=impact, assessed=assessed)
        if said
        else None,
        cwes=tuple(cwes.split()),
        marks=tuple(marks.split()),
    )


def _epss_number(cve: str) -> int | None:
    """The CVE's number in `epss`; none for an id that is no CVE's, or beyond what a row can have."""
    try:
        number = schema.epss_number(cve)
    except ValueError:
        return None
    return number if number < 1 << 63 else None
