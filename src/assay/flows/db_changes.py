"""What changed between two advisory databases: for a person, and as a delta that makes the one out of the other."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from assay.flows.db import Wish
from assay.flows.db_numbers import newest
from assay.formats import advisory_delta
from assay.model.advisory_change import (
    AdvisoryChange,
    CveChange,
    DatabaseDifference,
    DeltaHead,
    Name,
    Release,
    Row,
)
from assay.model.errors import UsageError
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.ports.databases import Pair
from assay.ports.feeds import KeptDatabase
from assay.ports.stores import DatabaseStatus

_RANGES: Mapping[str, tuple[int, Mapping[str, tuple[int, ...]]]] = {
    "range": (4, {"fixes": (6,), "states": (10,), "ranges": (5, 7, 8, 9)}),
    "range_text": (2, {"fixes": (4,), "states": (8,), "ranges": (3, 5, 6, 7)}),
}
"""Tables of ranges: where the advisory stands in a row by name, and the columns behind each word."""
_CVE_TABLES = {"kev": "kev", "score": "scores", "cve": "record"}
_EPSS_YEAR_BITS = 40
_EPSS_META = frozenset({"epss_date", "epss_model"})
_IGNORED = frozenset({"source", "package"})
_WHOLE = frozenset({"added", "removed", "withdrawn", "reinstated"})
"""Says enough: that its ranges and aliases came or went follows."""
_LIFECYCLE = frozenset({"product", "product_id", "eol"})


def difference(pair: Pair) -> DatabaseDifference:
    """What differs, advisory by advisory, and about which packages a question may be answered otherwise now."""
    rows: dict[str, tuple[list[Row], list[Row]]] = defaultdict(lambda: ([], []))
    for change in pair.changes():
        rows[change.table][change.come].extend(change.rows)
    kinds: dict[str, set[str]] = defaultdict(set)
    names: set[Name] = set()
    _advisories(pair, *rows.pop("advisory", ([], [])), kinds)
    _ranges(rows, kinds, names)
    _classes(pair, rows, kinds)
    spoken: dict[str, list[Name]] = defaultdict(list)
    for advisory, ecosystem, name in pair.names_of(frozenset(kinds)):
        spoken[advisory].append((ecosystem, name))
        names.add((ecosystem, name))
    ecosystems = _coverage(rows, names)
    cves: dict[str, set[str]] = defaultdict(set)
    for table, word in _CVE_TABLES.items():
        for row in _both(rows.pop(table, ([], []))):
            cves[str(row[0])].add(word)
    return DatabaseDifference(
        old=_release(pair.old),
        new=_release(pair.new),
        advisories=tuple(
            AdvisoryChange(id=one, kinds=tuple(sorted(said)), names=tuple(spoken[one]))
            for one, said in sorted(kinds.items())
            if spoken[one] or said != {"aliases"}
        ),
        cves=tuple(CveChange(id=one, kinds=tuple(sorted(said))) for one, said in sorted(cves.items())),
        epss=tuple(sorted({_cve(row) for row in _both(rows.pop("epss", ([], [])))})),
        epss_of_another_day=any(row[0] in _EPSS_META for row in _both(rows.pop("meta", ([], [])))),
        names=tuple(sorted(names)),
        ecosystems=tuple(sorted(ecosystems)),
        lifecycles=bool(_LIFECYCLE & set(rows)),
        others=tuple(sorted(set(rows) - _IGNORED - _LIFECYCLE)),
    )


def delta(pair: Pair, bundle: bytes = b"") -> Iterator[bytes]:
    """The bytes of a delta from the old to the new database; `bundle` is the new one's signature."""
    head = DeltaHead(
        schema=pair.new.schema,
        base=pair.old.content_digest,
        content=pair.new.content_digest,
        build=pair.new.build,
        bundle=bundle,
    )
    return advisory_delta.write(head, pair.changes())


def apply_delta(
    place: KeptDatabase, chunks: Iterator[bytes], wish: Wish, *, where: str, limits: Limits = DEFAULT_LIMITS
) -> DatabaseStatus:
    """Make the next database out of the one in place; the old one stays until the new one is verified and approved.

    Raises:
        UsageError: the delta begins with another database, or is of another schema.
        MalformedError: damaged, or it does not lead where it says.
        UntrustedError: where a signature is demanded: none, or none over this content; or it leads back.
    """
    from assay.flows.db_trust import Demand, placing

    head, changes = advisory_delta.read(chunks, where=where, limits=limits)
    here = place.status()
    if head.schema != here.schema:
        raise UsageError(
            "the delta is of another schema", where=where, why=f"{head.schema}, here {here.schema}",
            remedy="fetch the whole database",
        )  # fmt: skip
    demand = Demand(keys=wish.keys, now=wish.now, seen=newest(place), allow_rollback=wish.allow_rollback, limits=limits)
    return place.patch(head, changes, (head.bundle,) if head.bundle else (), placing(demand))


def _advisories(pair: Pair, gone: Sequence[Row], come: Sequence[Row], kinds: dict[str, set[str]]) -> None:
    """Heads that were added, removed, withdrawn, or say something else; a class that moved is another alias."""
    before, after = ({str(row[0]): row for row in rows} for rows in (gone, come))
    for one in sorted({*before, *after}):
        old, new = before.get(one), after.get(one)
        if old is None or new is None:
            kinds[one].add("added" if old is None else "removed")
            continue
        kinds[one] |= _head(pair, old, new)


def _head(pair: Pair, old: Row, new: Row) -> set[str]:
    """Topics in which two heads of one advisory differ."""
    (was_record, is_record), (was_class, is_class) = ((_bytes(old[3]), _bytes(new[3])), (old[2], new[2]))
    was, now = pair.spoken(was_record), pair.spoken(is_record)
    found = {topic for topic in was if was[topic] != now[topic]}
    if was_class != is_class:
        found.add("aliases")
    withdrawn = pair.withdrawn(is_record)
    if withdrawn != pair.withdrawn(was_record):
        found.add("withdrawn" if withdrawn else "reinstated")
    return found or {"text"}


def _ranges(rows: dict[str, tuple[list[Row], list[Row]]], kinds: dict[str, set[str]], names: set[Name]) -> None:
    """Whose ranges changed, and whether that was the fix, the distribution's word, or the range itself."""
    for table, (advisory, words) in _RANGES.items():
        said: dict[str, tuple[list[Row], list[Row]]] = defaultdict(lambda: ([], []))
        for side, changed in enumerate(rows.pop(table, ([], []))):
            for row in changed:
                names.add((str(row[0]), str(row[1])))
                said[str(row[advisory])][side].append(row)
        for one, (gone, come) in said.items():
            if not kinds[one] & _WHOLE:
                found = {word for word, places in words.items() if any(_differ(gone, come, at) for at in places)}
                kinds[one] |= found or {"ranges"}


def _classes(pair: Pair, rows: dict[str, tuple[list[Row], list[Row]]], kinds: dict[str, set[str]]) -> None:
    """Members of alias classes that changed: each has another name now, though its own record be the same."""
    moved = _both(rows.pop("alias", ([], [])))
    for one in (*(str(row[1]) for row in moved), *pair.members_of(frozenset(str(row[0]) for row in moved))):
        if not kinds[one] & _WHOLE:
            kinds[one].add("aliases")


def _coverage(rows: dict[str, tuple[list[Row], list[Row]]], names: set[Name]) -> set[str]:
    """Packages that came under a source or left it; and those a distribution says are not concerned.

    Until when a source speaks is no difference in what it says; up to which version is one.
    """
    gone, come = rows.pop("coverage", ([], []))
    moved = {(*row[:3], row[4]) for row in gone} ^ {(*row[:3], row[4]) for row in come}
    named = {(str(row[0]), str(row[1])) for row in moved}
    names |= {pair for pair in named if pair[1]}
    names |= {(str(row[0]), str(row[1])) for row in _both(rows.pop("unaffected", ([], [])))}
    return {ecosystem for ecosystem, name in named if not name}


def _cve(row: Row) -> str:
    number = row[0] if isinstance(row[0], int) else 0
    return f"CVE-{number >> _EPSS_YEAR_BITS}-{number & (1 << _EPSS_YEAR_BITS) - 1:04d}"


def _both(sides: tuple[list[Row], list[Row]]) -> list[Row]:
    return sides[0] + sides[1]


def _differ(one: Sequence[Row], other: Sequence[Row], at: int) -> bool:
    """Whether a column holds other values, each as often."""
    return sorted(str(row[at]) for row in one) != sorted(str(row[at]) for row in other)


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else b""


def _release(status: DatabaseStatus) -> Release:
    return Release(content=status.content_digest, build=status.build, built=status.built)
