"""One OSV record (OSV schema 1.7) from JSON bytes to `Advisory`.

A version is affected if it stands in `versions` or lies in one of `ranges` ("Evaluation"); `GIT` ranges are left out,
withdrawn records are kept and marked. Names of unknown fields are skipped, as the schema asks.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from assay.formats.cvss import score as cvss_score
from assay.formats.cvss import severity as cvss_severity
from assay.model.advisory import Advisory, Affected, Category, Score, VersionRange, VulnerableCode
from assay.model.errors import MalformedError
from assay.model.limits import DEFAULT_LIMITS

Order = Callable[[str, str], bytes | None]
"""(ecosystem, version) to an order-preserving key; None where there is none."""

UNSPECIFIED = "unspecified"
"""`Affected.state` of a package that is named as affected without saying which versions."""

_ID = re.compile(r"[!-~]{1,200}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z")
_SUMMARY_CHARACTERS = 300
_BOUNDS_COUNT = 100_000
"""Versions and events of one record; the greatest known has 1,134."""
_VERSION_CHARACTERS = 1_000
"""Of one version; no order compares longer ones."""
_REFERENCES_COUNT = 20
_NAME_CHARACTERS = 500
_SYMBOLS_COUNT = 5_000
"""Symbols of one record; the longest list of Go's database has 223."""
_WORDS = {
    "critical": "critical", "high": "high", "important": "high", "medium": "medium", "moderate": "medium",
    "low": "low", "negligible": "low", "none": "none",
}  # fmt: skip


class _Package(msgspec.Struct):
    ecosystem: str
    name: str


class _Event(msgspec.Struct):
    introduced: str | None = None
    fixed: str | None = None
    last_affected: str | None = None
    limit: str | None = None


class _Range(msgspec.Struct):
    type: str
    events: list[_Event]


class _Severity(msgspec.Struct):
    type: str
    score: str


class _Import(msgspec.Struct):
    """Go vulnerability database, `EcosystemSpecific.Package`."""

    path: str = ""
    symbols: list[str] | None = None
    goos: list[str] | None = None
    goarch: list[str] | None = None


class _Affects(msgspec.Struct):
    """RustSec, `affects`; its systems are Rust's, no GOOS."""

    functions: list[str] = []


class _Code(msgspec.Struct):
    imports: list[_Import] | None = None
    affects: _Affects | None = None


class _Affected(msgspec.Struct):
    package: _Package | None = None
    ranges: list[_Range] | None = None
    versions: list[str] | None = None
    severity: list[_Severity] | None = None
    database_specific: dict[str, Any] | None = None
    ecosystem_specific: msgspec.Raw = msgspec.Raw(b"null")
    """Read for Go alone."""


class _Reference(msgspec.Struct):
    url: str


class _Record(msgspec.Struct):
    id: str
    modified: str
    published: str | None = None
    withdrawn: str | None = None
    aliases: list[str] | None = None
    upstream: list[str] | None = None
    related: list[str] | None = None
    summary: str | None = None
    details: str | None = None
    severity: list[_Severity] | None = None
    affected: list[_Affected] | None = None
    references: list[_Reference] | None = None
    database_specific: dict[str, Any] | None = None


class _Name(msgspec.Struct):
    id: str = ""


_decode = msgspec.json.Decoder(_Record).decode
_decode_code = msgspec.json.Decoder(_Code | None).decode
_decode_name = msgspec.json.Decoder(_Name).decode


def parse(
    data: bytes, *, feed: str, where: str = "", order: Order | None = None, limit: int = DEFAULT_LIMITS.advisory_bytes
) -> Advisory:
    """Read one record.

    Args:
        data: JSON text of one record.
        feed: kept in the result, and the source of its scores.
        where: named in errors beside the record's id.
        order: sorts the events of a range, which may stand in any order; without a key they are taken as listed.
        limit: greatest number of bytes.

    Raises:
        MalformedError: not JSON, not the schema's shape, or an event that is not exactly one of the four.
    """
    if len(data) > limit:
        raise _bad(where, data, f"more than {limit} bytes")
    try:
        record = _decode(data)
        return _advisory(record, feed, order)
    except msgspec.MsgspecError as error:
        raise _bad(where, data, str(error)) from error
    except (RecursionError, UnicodeDecodeError) as error:
        raise _bad(where, data, "nested too deep" if isinstance(error, RecursionError) else "not UTF-8") from error
    except _Refused as error:
        raise _bad(where, data, str(error)) from error


def identify(data: bytes) -> str:
    """The record's id where one can be read, else empty: for messages about a record that is refused."""
    try:
        name = _decode_name(data).id
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return ""
    return name if _ID.fullmatch(name) else ""


class _Refused(Exception):
    """Why a record is refused; never leaves this module."""


def _advisory(record: _Record, feed: str, order: Order | None) -> Advisory:
    if not _ID.fullmatch(record.id):
        raise _Refused(f"id {record.id[:50]!r} is not printable ASCII of 1 to 200 characters")
    entries = record.affected or []
    _check_bounds(entries)
    own = record.database_specific or {}
    severities = [*(record.severity or ()), *(item for entry in entries for item in entry.severity or ())]
    references = dict.fromkeys(item.url for item in record.references or ())
    return Advisory(
        id=record.id,
        feed=feed,
        aliases=_ids(record.aliases, record.id),
        upstream=_ids(record.upstream, record.id),
        related=_ids(record.related, record.id),
        category=_category(record.id, entries, own),
        summary=_summary(record),
        published=_time("published", record.published),
        modified=_time("modified", record.modified),
        withdrawn=_time("withdrawn", record.withdrawn),
        affected=tuple(_affected(entry, order) for entry in entries if entry.package is not None),
        scores=_scores(severities, own, feed),
        severity=_word(own, entries, severities),
        references=tuple(references)[:_REFERENCES_COUNT],
        code=_code(entries),
    )


def _code(entries: list[_Affected]) -> tuple[VulnerableCode, ...]:
    """Where the flaw lies; nothing unless some entry of Go or Rust says so. One that does not is wholly affected."""
    found: set[VulnerableCode] = set()
    for entry in entries:
        if entry.package is not None and entry.package.ecosystem in ("Go", "crates.io"):
            for item in _imports(entry, entry.package) or [_Import()]:
                named = (item.symbols, item.goos, item.goarch)
                symbols, systems, processors = (tuple(sorted(set(values or ()))) for values in named)
                found.add(VulnerableCode(entry.package.name, item.path, symbols, systems, processors))
    said = any(item.path for item in found) and sum(len(item.symbols) for item in found) <= _SYMBOLS_COUNT
    return tuple(sorted(found)) if said else ()


def _imports(entry: _Affected, package: _Package) -> list[_Import]:
    """The packages an entry names; none where `imports` has another form: then the whole module counts."""
    try:
        code = _decode_code(entry.ecosystem_specific)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return []
    if code is None:
        return []
    if package.ecosystem == "Go":
        return code.imports or []
    functions = code.affects.functions if code.affects is not None else []
    return [_Import(path=package.name, symbols=functions)] if functions else []


def _ids(values: list[str] | None, own: str) -> tuple[str, ...]:
    found = sorted({value for value in values or () if value != own})
    for value in found:
        if not _ID.fullmatch(value):
            raise _Refused(f"{value[:50]!r} is not an id")
    return tuple(found)


def _time(name: str, value: str | None) -> str:
    """RFC 3339 in UTC, as the schema demands; empty for a zero date (Go's vulndb writes year 1)."""
    if not value:
        return ""
    if not _TIME.fullmatch(value):
        raise _Refused(f"{name} {value[:50]!r} is not a time in UTC")
    return "" if value.startswith("000") else value


def _summary(record: _Record) -> str:
    """The summary, or the first line of the details; one line, cut where too long."""
    text = (record.summary or "").strip() or (record.details or "").strip()
    text = " ".join(text[: 4 * _SUMMARY_CHARACTERS].split("\n\n", 1)[0].split())
    return text if len(text) <= _SUMMARY_CHARACTERS else text[: _SUMMARY_CHARACTERS - 1].rstrip() + "…"


def _category(identifier: str, entries: list[_Affected], own: dict[str, Any]) -> Category:
    if identifier.startswith("MAL-"):
        return "malicious"
    marks = [own.get("informational"), *((entry.database_specific or {}).get("informational") for entry in entries)]
    return "informational" if any(marks) else "vulnerability"


def _word(own: dict[str, Any], entries: list[_Affected], severities: list[_Severity]) -> str:
    """A publisher's own word: beside the record, or as a severity that is no CVSS (`Ubuntu`: its priority)."""
    for place in (own, *(entry.database_specific or {} for entry in entries)):
        word = _WORDS.get(str(place.get("severity", "")).lower())
        if word:
            return word
    words = (_WORDS.get(item.score.lower(), "") for item in severities if not item.type.startswith("CVSS_"))
    return next(filter(None, words), "")


def _scores(items: list[_Severity], own: dict[str, Any], feed: str) -> tuple[Score, ...]:
    """Every vector, scored; a vector of a damaged or unknown form is kept with severity `unknown`.

    RubyGems' database gives numbers without vectors (`cvss_v2`, `cvss_v3`, `cvss_v4`).
    """
    found = set()
    for item in items:
        if not item.type.startswith("CVSS_"):
            continue
        try:
            found.add(cvss_score(item.score, source=feed))
        except MalformedError:
            found.add(Score(item.type.removeprefix("CVSS_V")[:4], 0.0, "unknown", item.score[:400], feed))
    for key, version in (("cvss_v2", "2.0"), ("cvss_v3", "3"), ("cvss_v4", "4.0")):
        value = own.get(key)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 10:
            found.add(Score(version, float(value), cvss_severity(value, version), "", feed))
    return tuple(sorted(found))


def _check_bounds(entries: list[_Affected]) -> None:
    """Refuse what no publisher writes: it would cost whoever reads it, at every match."""
    count = 0
    for entry in entries:
        events = [event for item in entry.ranges or () if item.type != "GIT" for event in item.events]
        count += len(events) + len(entry.versions or ())
        if count > _BOUNDS_COUNT:
            raise _Refused(f"more than {_BOUNDS_COUNT} versions and events")
        texts = (text for event in events for text in (getattr(event, name) for name in event.__struct_fields__))
        if any(text is not None and len(text) > _VERSION_CHARACTERS for text in (*texts, *(entry.versions or ()))):
            raise _Refused(f"a version of more than {_VERSION_CHARACTERS} characters")


def _affected(entry: _Affected, order: Order | None) -> Affected:
    package = entry.package
    if package is None or not package.name or not package.ecosystem or len(package.name) > _NAME_CHARACTERS:
        raise _Refused("an affected package without a name or an ecosystem")
    ranges: set[VersionRange] = set()
    for item in entry.ranges or ():
        if item.type != "GIT":
            ranges.update(_intervals(item.events, package.ecosystem, order))
    versions = tuple(sorted(set(entry.versions or ())))
    return Affected(
        ecosystem=package.ecosystem,
        name=package.name,
        ranges=tuple(sorted(ranges)),
        versions=versions,
        state="" if ranges or versions else UNSPECIFIED,
    )


def _intervals(events: list[_Event], ecosystem: str, order: Order | None) -> Iterator[VersionRange]:
    """Half-open intervals from events ("Evaluation": sorted by version, `introduced` opens, the others close).

    By that rule alone a fix that sorts before all that was introduced closes nothing, and what it was to close stays
    open for ever. The two contradict each other: they stay together, for the reader to see.
    """
    steps = [_step(event) for event in events]
    if not any(kind == "introduced" for kind, _ in steps):
        raise _Refused("a range without an `introduced` event")
    limit = _limit([version for kind, version in steps if kind == "limit"], ecosystem, order)
    start: str | None = None
    early: tuple[str, str] | None = None
    ordered = _sorted([step for step in steps if step[0] != "limit"], ecosystem, order)
    if ordered and ordered[0][0] != "introduced":
        early = ordered[0]
    for kind, version in ordered:
        if kind == "introduced":
            start = ("" if version == "0" else version) if start is None else start
        elif start is not None:
            closed = {"fixed": version} if kind == "fixed" else {"last_affected": version}
            yield VersionRange(introduced=start, limit=limit, **closed)
            start = None
    if start and early is not None and _before(early[1], start, ecosystem, order):
        yield VersionRange(introduced=start, limit=limit, **{early[0]: early[1]})
    elif start is not None:
        yield VersionRange(introduced=start, limit=limit)


def _before(one: str, other: str, ecosystem: str, order: Order | None) -> bool:
    keys = (order(ecosystem, one), order(ecosystem, other)) if order else (None, None)
    return keys[0] is not None and keys[1] is not None and keys[0] < keys[1]


def _step(event: _Event) -> tuple[str, str]:
    steps = [(name, value) for name in event.__struct_fields__ if (value := getattr(event, name)) is not None]
    if len(steps) != 1 or not steps[0][1]:
        raise _Refused("an event must be exactly one of introduced, fixed, last_affected, limit")
    return steps[0]


def _sorted(steps: list[tuple[str, str]], ecosystem: str, order: Order | None) -> list[tuple[str, str]]:
    """By version where all have keys, else as listed with version `0` first. Equal versions stay as listed."""
    if len(steps) == 1 or ([kind for kind, _ in steps] == ["introduced", "fixed"] and steps[0][1] == "0"):
        return steps
    keyed: list[tuple[bytes, tuple[str, str]]] = []
    for step in steps:
        key = b"" if step[1] == "0" else order(ecosystem, step[1]) if order else None
        if key is None:
            return sorted(steps, key=lambda item: item != ("introduced", "0"))
        keyed.append((key, step))
    return [step for _, step in sorted(keyed, key=lambda pair: pair[0])]


def _limit(limits: list[str], ecosystem: str, order: Order | None) -> str:
    """The greatest limit; `*` (no limit) if there is one, or if they cannot be ordered."""
    if not limits or "*" in limits:
        return ""
    if len(limits) == 1:
        return limits[0]
    keyed = [(order(ecosystem, version) if order else None, version) for version in limits]
    known = [(key, version) for key, version in keyed if key is not None]
    return max(known)[1] if len(known) == len(keyed) else ""


def _bad(where: str, data: bytes, why: str) -> MalformedError:
    place = " ".join(part for part in (where, identify(data)) if part)
    return MalformedError("not an OSV record", where=place, why=why, remedy="report it to the feed's publisher")
