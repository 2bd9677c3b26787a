"""The vulnerability predicate `https://in-toto.io/attestation/vulns/v0.2`: written from a report, read into a `Scan`.

The specification leaves room per result (`annotations`) and ignores unknown fields: what a policy needs beyond id and
severity stands there, so that a verdict from the attestation equals one from the report itself.
"""

from typing import Any

import msgspec

from assay.model.errors import MalformedError
from assay.model.finding import Finding
from assay.model.lifecycle import Lifetime
from assay.model.report import Report
from assay.model.suspicion import Suspicion

SCANNER = "urn:assay:scanner"
DETAILS = "urn:assay:vulns:1"
"""Extension field of the predicate: state of the sources, feeds, coverage, gaps, lifecycle."""
_BANDS = ((9.0, "critical"), (7.0, "high"), (4.0, "medium"), (0.1, "low"))
"""Lower bounds of the qualitative ratings (CVSS v3.1 §5, v4.0 §6)."""
_WORDS = frozenset({"critical", "high", "medium", "low", "none"})


class ScanItem(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One result of a scan, as far as a decision needs it."""

    id: str
    component: str = ""
    """`name version`, or empty where the scanner names none."""
    severity: str = "unknown"
    status: str = "affected"
    """`affected`, `undetermined` or `not_affected`."""
    fixable: str = "unknown"
    """`yes`, `no`, or `unknown` where the scanner does not say."""
    fixed_in: str = ""
    exploited: bool = False
    category: str = "vulnerability"
    suppressed: str = ""
    """Who said it does not count, and why; empty where nobody did."""
    origin: str = "unknown"
    """`base`, `application` or `unknown`; how surely, the image's facts say."""
    coordinator: tuple[str, ...] = ()
    """SSVC, CISA's coordinator tree: the mildest and the gravest outcome; () where no input is known."""
    deployer: tuple[str, ...] = ()
    """SSVC, the deployer tree, likewise."""
    reach: str = ""
    """`linked`, `not_linked`, `unknown`; empty where nothing says in which functions the flaw lies."""


class Ending(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """A release of a product whose upstream no longer maintains it, soon will not, or of which nobody knows."""

    name: str
    """Product and release cycle, e.g. `Python 3.8`."""
    state: str
    """`ended`, `supported` (then `soon`) or `unknown`."""
    soon: bool = False
    ends: str = ""
    components_count: int = 0


class Doubt(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """A suspicion, as far as a rule may ask for it."""

    component: str
    """`name version`."""
    level: str
    """`high`, `medium` or `low`."""
    points: int = 0
    kinds: tuple[str, ...] = ()
    """Sorted: `typosquat`, `dependency-confusion`, `install-script`, `withdrawn`, `origin`."""


class Scan(msgspec.Struct, frozen=True, kw_only=True):
    """A scan as a decision sees it. `state` is `present`, `absent` (nothing was matched) or `failed`."""

    scanner: str
    finished: str
    updated: str
    """When the scanner's data was last updated; empty where it does not say."""
    state: str = "present"
    reason: str = ""
    database: str = ""
    items: tuple[ScanItem, ...] = ()
    feeds: tuple[tuple[str, str], ...] = ()
    """(name, date), sorted."""
    uncovered_count: int = 0
    uncovered_os_count: int = 0
    """Those of them that the distribution installed."""
    distro: str = ""
    """`id version`, or empty."""
    lifecycle: str = ""
    """`supported`, `ended`, `unknown`, or empty where nobody looked."""
    ends: str = ""
    soon: bool = False
    """Whether that end is near, by the days the scan was asked for."""
    lifetimes: tuple[Ending, ...] | None = None
    """Releases that have ended, soon end, or are unknown; None where nobody looked."""
    suspicions: tuple[Doubt, ...] | None = None
    """None where nobody looked."""


class _Severity(msgspec.Struct, frozen=True):
    method: str = ""
    score: str = ""


class _Result(msgspec.Struct):
    id: str
    severity: list[_Severity] | _Severity = []
    annotations: list[dict[str, Any]] | dict[str, Any] = []


class _Db(msgspec.Struct, frozen=True):
    lastUpdate: str = ""  # noqa: N815  (the wire's names)
    uri: str = ""
    version: str = ""


class _Scanner(msgspec.Struct):
    uri: str
    result: list[_Result]
    version: str = ""
    db: _Db = _Db()


class _Metadata(msgspec.Struct, frozen=True):
    scanFinishedOn: str = ""  # noqa: N815
    scanStartedOn: str = ""  # noqa: N815


class _Feed(msgspec.Struct):
    name: str
    date: str = ""


class _Life(msgspec.Struct):
    name: str
    state: str
    soon: bool = False
    ends: str = ""
    components: int = 0


class _Doubt(msgspec.Struct):
    component: str
    level: str
    points: int = 0
    kinds: list[str] = []


class _Details(msgspec.Struct):
    state: str = "present"
    reason: str = ""
    feeds: list[_Feed] = []
    uncovered: int = 0
    uncoveredOs: int = 0  # noqa: N815
    distro: str = ""
    lifecycle: str = ""
    ends: str = ""
    soon: bool = False
    lifetimes: list[_Life] | None = None
    suspicions: list[_Doubt] | None = None


class _Predicate(msgspec.Struct):
    scanner: _Scanner
    metadata: _Metadata = _Metadata()
    details: _Details = msgspec.field(name=DETAILS, default_factory=_Details)


class _Note(msgspec.Struct):
    component: str = ""
    severity: str = "unknown"
    status: str = "affected"
    fixable: str = "unknown"
    fixedIn: str = ""  # noqa: N815
    exploited: bool = False
    category: str = "vulnerability"
    suppressed: str = ""
    origin: str = "unknown"
    ssvc: dict[str, list[str]] = {}
    reach: str = ""


_OS = frozenset({"alpm", "apk", "deb", "ebuild", "rpm"})


def predicate(report: Report, *, finished: str) -> dict[str, object]:
    """The predicate of a report's findings.

    Args:
        report: what was found, or that nothing was matched (`sources.state`).
        finished: RFC 3339 time of the scan.
    """
    sources, distro, life = report.sources, report.distro, report.end_of_life
    return {
        "scanner": {
            "uri": SCANNER,
            "version": report.tool.version,
            "db": {"uri": "urn:assay:advisories", "version": sources.database, "lastUpdate": _moment(sources.built)},
            "result": [_result(f) for f in sorted(report.findings, key=lambda f: (f.id, f.component))],
        },
        "metadata": {"scanStartedOn": finished, "scanFinishedOn": finished},
        DETAILS: {
            "state": sources.state,
            "reason": sources.reason,
            "feeds": [{"name": f.name, "date": _moment(f.date)} for f in sorted(sources.feeds, key=lambda f: f.name)],
            "uncovered": len(report.uncovered),
            "uncoveredOs": _uncovered_os(report),
            "distro": f"{distro.id} {distro.version_id}".strip() if distro else "",
            "lifecycle": life.state if life else "",
            "ends": life.date if life else "",
            "soon": life.soon if life else False,
            "lifetimes": None if report.lifetimes is None else [_life(one) for one in report.lifetimes if _told(one)],
            "suspicions": [_doubt(one) for one in report.suspicions],
        },
    }


def read(value: dict[str, object], *, where: str) -> Scan:
    """A scan out of a predicate, ours or another scanner's (v0.1 and v0.2 have the same fields).

    Raises:
        MalformedError: no scanner, no result list, or wrong types.
    """
    try:
        wire = msgspec.convert(_unwrapped(value), _Predicate)
        items = tuple(sorted(_item(result) for result in wire.scanner.result))
    except msgspec.ValidationError as error:
        raise MalformedError(
            "not a vulnerability predicate", where=where, why=str(error), remedy="attest the scan again"
        ) from error
    details = wire.details
    return Scan(
        scanner=f"{wire.scanner.uri} {wire.scanner.version}".strip(),
        finished=wire.metadata.scanFinishedOn,
        updated=wire.scanner.db.lastUpdate,
        state=details.state,
        reason=details.reason,
        database=wire.scanner.db.version,
        items=items,
        feeds=tuple(sorted((f.name, f.date) for f in details.feeds)),
        uncovered_count=details.uncovered,
        uncovered_os_count=details.uncoveredOs,
        distro=details.distro,
        lifecycle=details.lifecycle,
        ends=details.ends,
        soon=details.soon,
        lifetimes=None if details.lifetimes is None else tuple(sorted(_ending(one) for one in details.lifetimes)),
        suspicions=None if details.suspicions is None else tuple(sorted(_doubted(one) for one in details.suspicions)),
    )


def _unwrapped(value: dict[str, Any]) -> dict[str, Any]:
    """v0.1 (vuln.md) describes each result as `{"vulnerability": {…}}`; its own example has the inner object alone."""
    scanner = value.get("scanner")
    results = scanner.get("result") if isinstance(scanner, dict) else None
    if not isinstance(scanner, dict) or not isinstance(results, list):
        return value
    if not any(isinstance(one, dict) and "vulnerability" in one and "id" not in one for one in results):
        return value
    bare = [one.get("vulnerability", one) if isinstance(one, dict) and "id" not in one else one for one in results]
    return {**value, "scanner": {**scanner, "result": bare}}


def _told(life: Lifetime) -> bool:
    """Whether a decision may need it: what the distribution maintains is judged with the distribution."""
    return life.maintained_by == "upstream" and (life.state != "supported" or life.soon)


def _life(life: Lifetime) -> dict[str, object]:
    return {
        "name": f"{life.title or life.product} {life.cycle}".strip(),
        "state": life.state,
        "soon": life.soon,
        "ends": life.date,
        "components": len(life.components),
    }


def _ending(wire: _Life) -> Ending:
    return Ending(name=wire.name, state=wire.state, soon=wire.soon, ends=wire.ends, components_count=wire.components)


def _doubt(suspicion: Suspicion) -> dict[str, object]:
    return {
        "component": _writable(f"{suspicion.name} {suspicion.version}".strip()),
        "level": suspicion.level,
        "points": suspicion.points,
        "kinds": sorted({clue.kind for clue in suspicion.clues}),
    }


def _writable(text: str) -> str:
    """Bytes outside UTF-8 escaped: a name from an image never makes a statement impossible."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _doubted(wire: _Doubt) -> Doubt:
    return Doubt(component=wire.component, level=wire.level, points=wire.points, kinds=tuple(sorted(wire.kinds)))


def _uncovered_os(report: Report) -> int:
    """Packages of the distribution in the final root that no feed speaks for."""
    keys = {row.component for row in report.uncovered}
    return sum(c.key in keys and c.removed_by is None and c.ecosystem in _OS for c in report.components)


def _result(finding: Finding) -> dict[str, object]:
    scores = [{"method": f"{s.source} {s.version}".strip(), "score": str(s.score)} for s in finding.scores]
    note: dict[str, object] = {
        "component": f"{finding.name} {finding.version}".strip(),
        "purl": finding.purl,
        "severity": finding.severity,
        "status": finding.status,
        "fixable": "yes" if finding.fixed_in else "no",
        "fixedIn": ", ".join(finding.fixed_in),
        "exploited": finding.kev is not None,
        "category": finding.category,
        "advisory": finding.advisory,
        "feed": finding.feed,
    }
    if finding.origin != "unknown":
        note["origin"] = finding.origin
    if finding.epss is not None:
        note["epss"] = str(finding.epss.score)
    decision = finding.ssvc
    if decision is not None and any(item.value for item in decision.inputs):
        trees = {"coordinator": decision.coordinator, "deployer": decision.deployer}
        note["ssvc"] = {name: [found.best, found.worst] for name, found in trees.items()}
    if finding.reach is not None:
        note["reach"] = finding.reach.state
    if finding.suppressed is not None:
        by = finding.suppressed
        note["suppressed"] = ": ".join(filter(None, (by.by or "unnamed author", by.status, by.justification)))
    return {
        "id": finding.id,
        "severity": scores or [{"method": "assay", "score": finding.severity}],
        "annotations": [note],
    }


def _item(result: _Result) -> ScanItem:
    """One result. Without our annotation nothing is assumed to be harmless: open, and its fix unknown."""
    notes = [result.annotations] if isinstance(result.annotations, dict) else result.annotations
    ours = [note for note in notes if "fixable" in note and "status" in note]
    if not ours:
        severities = result.severity if isinstance(result.severity, list) else [result.severity]
        return ScanItem(id=result.id, severity=_worst(severities))
    note = msgspec.convert(ours[0], _Note)
    return ScanItem(
        id=result.id,
        component=note.component,
        severity=note.severity,
        status=note.status,
        fixable=note.fixable,
        fixed_in=note.fixedIn,
        exploited=note.exploited,
        category=note.category,
        suppressed=note.suppressed,
        origin=note.origin,
        coordinator=tuple(note.ssvc.get("coordinator", ())),
        deployer=tuple(note.ssvc.get("deployer", ())),
        reach=note.reach,
    )


def _worst(severities: list[_Severity]) -> str:
    """The gravest of what several methods say; `unknown` where none is understood."""
    order = ["unknown", "none", "low", "medium", "high", "critical"]
    return max((_word(s.score) for s in severities), key=order.index, default="unknown")


def _word(score: str) -> str:
    if (word := score.strip().lower()) in _WORDS:
        return word
    try:
        number = float(score)
    except ValueError:
        return "unknown"
    if not 0.0 <= number <= 10.0:
        return "unknown"
    return next((word for bound, word in _BANDS if number >= bound), "none")


def _moment(text: str) -> str:
    """RFC 3339: a bare date is its first second, UTC."""
    return f"{text}T00:00:00Z" if len(text) == len("2026-01-02") else text
