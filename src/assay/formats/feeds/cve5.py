"""CVE records (CVE JSON 5.x) with what others add to them (ADP containers): scores, SSVC, exploitation, weaknesses.

A record that names packages of a registry (a package URL, or a collection and a name) also gives an advisory.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from assay.formats import purl
from assay.formats.cvss import score as cvss_score
from assay.formats.cvss import severity
from assay.formats.feeds.told import CVE, NAME_CHARACTERS, line, refused
from assay.model.advisory import Advisory, Affected, CveRecord, Kev, Score, Ssvc, VersionRange
from assay.model.errors import MalformedError
from assay.model.limits import DEFAULT_LIMITS

_STATES = frozenset({"PUBLISHED", "REJECTED"})
_CWE = re.compile(r"CWE-[0-9]{1,5}")
_MARK = re.compile(r"[a-z0-9-]{1,50}")
_VERSIONS = {"cvssV2_0": "2.0", "cvssV3_0": "3.0", "cvssV3_1": "3.1", "cvssV4_0": "4.0"}
_EVERY_VERSION = frozenset({"", "*", "-", "0", "n/a", "unspecified", "unknown", "all"})
_COLLECTIONS = {
    "npmjs": "npm", "pypi": "PyPI", "pythonhosted": "PyPI", "maven": "Maven", "rubygems": "RubyGems",
    "crates": "crates.io", "nuget": "NuGet", "packagist": "Packagist", "hex": "Hex", "pkg.go.dev": "Go",
    "golang": "Go", "pub.dev": "Pub", "hackage": "Hackage",
}  # fmt: skip
"""A word in a collection's address to the OSV ecosystem."""
_TYPES = {
    "cargo": "crates.io", "composer": "Packagist", "gem": "RubyGems", "golang": "Go", "hackage": "Hackage",
    "hex": "Hex", "maven": "Maven", "npm": "npm", "nuget": "NuGet", "pub": "Pub", "pypi": "PyPI",
}  # fmt: skip
_ORDERED = frozenset({"semver", "maven", "python", "rpm", "gem", "npm", "pypi", "custom", ""})
"""Version types whose order is the registry's own; `git` and dates are not."""


class _Change(msgspec.Struct):
    at: str
    status: str


class _Version(msgspec.Struct, rename="camel"):
    version: str = ""
    status: str = ""
    less_than: str = ""
    less_than_or_equal: str = ""
    version_type: str = ""
    changes: list[_Change] = []


class _Affected(msgspec.Struct, rename="camel"):
    collection_url: str = msgspec.field(name="collectionURL", default="")
    package_name: str = ""
    package_url: str = msgspec.field(name="packageURL", default="")
    default_status: str = "unknown"
    versions: list[_Version] = []


class _Text(msgspec.Struct):
    lang: str = ""
    value: str = ""


class _Weakness(msgspec.Struct, rename="camel"):
    cwe_id: str = ""


class _Problem(msgspec.Struct):
    descriptions: list[_Weakness] = []


class _Provider(msgspec.Struct, rename="camel"):
    short_name: str = ""


class _Reference(msgspec.Struct):
    url: str = ""


class _Container(msgspec.Struct, rename="camel"):
    title: str = ""
    provider_metadata: _Provider | None = None
    descriptions: list[_Text] = []
    rejected_reasons: list[_Text] = []
    metrics: list[dict[str, Any]] = []
    problem_types: list[_Problem] = []
    affected: list[_Affected] = []
    references: list[_Reference] = []
    tags: list[str] = []


class _Containers(msgspec.Struct):
    cna: _Container
    adp: list[_Container] = []


class _Meta(msgspec.Struct, rename="camel"):
    cve_id: str
    state: str
    date_published: str = ""
    date_updated: str = ""


class _Record(msgspec.Struct, rename="camel"):
    cve_metadata: _Meta
    containers: _Containers


class _Name(msgspec.Struct, rename="camel"):
    cve_id: str = ""


class _Named(msgspec.Struct, rename="camel"):
    cve_metadata: _Name


_decode = msgspec.json.Decoder(_Record).decode
_decode_name = msgspec.json.Decoder(_Named).decode


def parse(
    data: bytes, *, feed: str, where: str, limit: int = DEFAULT_LIMITS.advisory_bytes
) -> tuple[CveRecord, Advisory | None]:
    """Read one record; of a rejected one only its state and the reason count.

    Raises:
        MalformedError: not such a record, no CVE id, an unknown state.
    """
    if len(data) > limit:
        raise refused("not a CVE record", where, f"more than {limit} bytes")
    try:
        record = _decode(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise refused("not a CVE record", where, str(error)) from error
    meta, cna = record.cve_metadata, record.containers.cna
    if not CVE.fullmatch(meta.cve_id):
        raise refused("not a CVE id", where, repr(meta.cve_id[:50]))
    if meta.state not in _STATES:
        raise refused("unknown state of a CVE record", f"{where} {meta.cve_id}", repr(meta.state[:50]))
    date = max(meta.date_published, meta.date_updated)[:10]
    if meta.state == "REJECTED":
        return CveRecord(id=meta.cve_id, state=meta.state, date=date, summary=_english(cna.rejected_reasons)), None
    everyone = (cna, *record.containers.adp)
    found = CveRecord(
        id=meta.cve_id,
        state=meta.state,
        date=date,
        summary=line(cna.title) or _english(cna.descriptions),
        scores=tuple(sorted({score for container in everyone for score in _scores(container)})),
        ssvc=_newest_ssvc(everyone),
        kev=next((kev for container in everyone for kev in _kev(container)), None),
        cwes=tuple(sorted({cwe for container in everyone for cwe in _cwes(container)})),
        marks=tuple(sorted({tag for one in everyone for tag in one.tags if _MARK.fullmatch(tag)})),
    )
    return found, _advisory(record, feed, found)


def identify(data: bytes) -> str:
    """The record's id where one can be read, else empty."""
    try:
        name = _decode_name(data).cve_metadata.cve_id
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return ""
    return name if CVE.fullmatch(name) else ""


def _english(texts: Iterable[_Text]) -> str:
    listed = list(texts)
    chosen = next((text.value for text in listed if text.lang[:2].lower() == "en"), listed[0].value if listed else "")
    return line(chosen)


def _scores(container: _Container) -> Iterator[Score]:
    """Every vector, scored here; one that cannot be keeps the publisher's own number."""
    source = container.provider_metadata.short_name[:40] if container.provider_metadata else ""
    for metric in container.metrics:
        for key, version in _VERSIONS.items():
            value = metric.get(key)
            vector = value.get("vectorString") if isinstance(value, dict) else None
            if not isinstance(value, dict) or not isinstance(vector, str):
                continue
            try:
                yield cvss_score(vector, source=source)
            except MalformedError:
                number = value.get("baseScore")
                known = isinstance(number, (int, float)) and not isinstance(number, bool) and 0 <= number <= 10
                base = float(number) if known and number is not None else 0.0
                yield Score(version, base, severity(base, version) if known else "unknown", vector[:400], source)


def _others(container: _Container, kind: str) -> Iterator[dict[str, Any]]:
    """The content of metrics of a kind of their own (`ssvc`, `kev`)."""
    for metric in container.metrics:
        other = metric.get("other")
        content = other.get("content") if isinstance(other, dict) and other.get("type") == kind else None
        if isinstance(content, dict):
            yield content


def _newest_ssvc(containers: Iterable[_Container]) -> Ssvc | None:
    found = [ssvc for container in containers for ssvc in map(ssvc_of, _others(container, "ssvc"))]
    return max(found, key=lambda ssvc: ssvc.assessed, default=None)


def ssvc_of(content: dict[str, Any]) -> Ssvc:
    """Inputs of SSVC as CISA writes them: a list of objects with one name each; what is not said stays empty.

    Names are `Technical Impact` in CVE records and `technicalImpact` where NVD repeats them.
    """
    options = content.get("options")
    points: dict[str, str] = {}
    for option in options if isinstance(options, list) else ():
        for name, value in option.items() if isinstance(option, dict) else ():
            if isinstance(value, str):
                points[str(name).lower().replace(" ", "")] = value.lower()[:20]
    time = content.get("timestamp")
    return Ssvc(
        exploitation=points.get("exploitation", ""),
        automatable=points.get("automatable", ""),
        technical_impact=points.get("technicalimpact", ""),
        assessed=time[:10] if isinstance(time, str) else "",
    )


def _kev(container: _Container) -> Iterator[Kev]:
    for content in _others(container, "kev"):
        added = content.get("dateAdded")
        if isinstance(added, str):
            yield Kev(date_added=added[:10])


def _cwes(container: _Container) -> Iterator[str]:
    for problem in container.problem_types:
        for weakness in problem.descriptions:
            if _CWE.fullmatch(weakness.cwe_id):
                yield weakness.cwe_id


def _advisory(record: _Record, feed: str, found: CveRecord) -> Advisory | None:
    containers = record.containers
    entries = [entry for one in (containers.cna, *containers.adp) for entry in one.affected]
    affected = tuple(dict.fromkeys(item for item in map(_affected, entries) if item is not None))
    if not affected:
        return None
    references = dict.fromkeys(item.url for item in containers.cna.references if item.url)
    return Advisory(
        id=found.id, feed=feed, summary=found.summary, published=_time(record.cve_metadata.date_published),
        modified=_time(record.cve_metadata.date_updated), affected=affected, scores=found.scores,
        references=tuple(references)[:20],
    )  # fmt: skip


def _time(text: str) -> str:
    return f"{text[:19]}Z" if len(text) >= 19 else ""


def _affected(entry: _Affected) -> Affected | None:
    """A registry's package with its ranges; None where no registry is named or no version is said to be affected."""
    place = _named(entry)
    if place is None or len(place[1]) > NAME_CHARACTERS:
        return None
    ranges: set[VersionRange] = set()
    versions: set[str] = set()
    for item in entry.versions:
        if item.status != "affected" or item.version_type.lower() not in _ORDERED:
            continue
        start = "" if item.version.strip().lower() in _EVERY_VERSION else item.version.strip()
        # One change to "unaffected" ends the range; several mean branches, and the range's own end is the cautious one.
        changed = item.changes[0].at if len(item.changes) == 1 and item.changes[0].status == "unaffected" else ""
        fixed = changed or item.less_than
        if fixed or item.less_than_or_equal:
            high = "" if fixed == "*" else fixed
            last = "" if item.less_than_or_equal == "*" else item.less_than_or_equal
            ranges.add(VersionRange(introduced=start, fixed=high, last_affected="" if high else last))
        elif start:
            versions.add(start)
        else:
            ranges.add(VersionRange())
    if entry.default_status == "affected" and not entry.versions:
        ranges.add(VersionRange())
    if not ranges and not versions:
        return None
    return Affected(ecosystem=place[0], name=place[1], ranges=tuple(sorted(ranges)), versions=tuple(sorted(versions)))


def _named(entry: _Affected) -> tuple[str, str] | None:
    """(ecosystem, name) by package URL (CVE JSON 5.2), else by collection and name."""
    if entry.package_url:
        try:
            parsed = purl.parse(entry.package_url)
        except MalformedError:
            return None
        joined = ":" if parsed.type == "maven" else "/"
        name = f"{parsed.namespace}{joined}{parsed.name}" if parsed.namespace else parsed.name
        return (_TYPES[parsed.type], name) if parsed.type in _TYPES else None
    url = entry.collection_url.lower()[:200]
    ecosystem = next((name for word, name in _COLLECTIONS.items() if word in url), "")
    name = entry.package_name.strip()
    if not ecosystem or not name or any(letter.isspace() for letter in name):
        return None
    if ecosystem == "Maven" and ":" not in name:
        name = name.replace("/", ":", 1)
        if ":" not in name:
            return None
    return ecosystem, name
