"""Facts about what is wrong with an image, as the newest scans of it found: findings, VEX, releases, suspicions."""

from assay.formats import predicates, vulns, wire
from assay.formats.vulns import Scan, ScanItem
from assay.model.evidence import Evidence
from assay.policy.about import Section, Sources
from assay.trust.newest import by, proven

_ITEM_FIELDS = (
    "id", "component", "severity", "status", "fixable", "fixed_in", "exploited", "category", "origin", "coordinator",
    "deployer", "reach",
)  # fmt: skip


def findings(sources: Sources) -> Section:
    """What the newest scans found and nobody closed; `failed` where one of them could not tell."""
    scans = _scans(sources)
    states = {scan.state for _, scan in scans}
    state = next((word for word in ("failed", "absent") if word in states), "present") if scans else "absent"
    return {
        "state": state if state in {"present", "absent"} else "failed",
        "reason": "; ".join(sorted({scan.reason for _, scan in scans if scan.reason})),
        "scans": [_scan(e, scan) for e, scan in scans],
        "evidence": [str(e.digest) for e, _ in scans],
    }


def _scan(evidence: Evidence, scan: Scan) -> Section:
    open_items = [item for item in scan.items if _is_open(item)]
    counts: dict[str, int] = {}
    for item in open_items:
        counts[item.severity] = counts.get(item.severity, 0) + 1
    return {
        "scanner": scan.scanner,
        "finished": scan.finished,
        "updated": scan.updated,
        "database": scan.database,
        "feeds": [{"name": name, "date": date} for name, date in scan.feeds],
        "open": [{name: getattr(item, name) for name in _ITEM_FIELDS} for item in open_items],
        "open_counts": counts,
        "suppressed_count": sum(bool(item.suppressed) for item in scan.items),
        "uncovered_count": scan.uncovered_count,
        "uncovered_os_count": scan.uncovered_os_count,
        "evidence": str(evidence.digest),
    }


def _is_open(item: ScanItem) -> bool:
    """Open unless someone answerable closed it: what cannot be compared is open too."""
    return item.status != "not_affected" and not item.suppressed


def vex(sources: Sources) -> Section:
    """Who said which VEX document."""
    found = sources.of(predicates.OPENVEX)
    return {
        "state": "present" if found else "absent",
        "documents": [
            {
                "author": str(e.statement.predicate.get("author", "")),
                "id": str(e.statement.predicate.get("@id", "")),
                "signer": e.signer.name,
                "evidence": str(e.digest),
            }
            for e in found
        ],
        "evidence": [str(e.digest) for e in found],
    }


def base(sources: Sources) -> Section:
    """Lifecycle of the distribution, as the newest scan found it; nobody looked, or nobody knows: absent."""
    found = [(e, scan) for e, scan in _scans(sources) if not scan.distro or scan.lifecycle in {"supported", "ended"}]
    return {
        "state": "present" if found else "absent",
        "distributions": [
            {
                "name": scan.distro,
                "lifecycle": scan.lifecycle,
                "ends": scan.ends,
                "soon": scan.soon,
                "evidence": str(e.digest),
            }
            for e, scan in found
        ],
        "evidence": [str(e.digest) for e, _ in found],
    }


def lifetimes(sources: Sources) -> Section:
    """Releases of runtimes and frameworks that ended, soon end, or are unknown; nobody looked: absent."""
    found = [(e, scan.lifetimes) for e, scan in _scans(sources) if scan.lifetimes is not None]
    return {
        "state": "present" if found else "absent",
        "items": [
            {
                "name": one.name,
                "lifecycle": one.state,
                "soon": one.soon,
                "ends": one.ends,
                "components_count": one.components_count,
                "evidence": str(e.digest),
            }
            for e, listed in found
            for one in listed
        ],
        "evidence": [str(e.digest) for e, _ in found],
    }


def suspicions(sources: Sources) -> Section:
    """What the newest scans found worth a look: a rule may ask for it, no shipped rule does. Nobody looked: absent."""
    found = [(e, scan.suspicions) for e, scan in _scans(sources) if scan.suspicions is not None]
    return {
        "state": "present" if found else "absent",
        "items": [
            {
                "component": one.component,
                "level": one.level,
                "points": one.points,
                "kinds": list(one.kinds),
                "evidence": str(e.digest),
            }
            for e, listed in found
            for one in listed
        ],
        "evidence": [str(e.digest) for e, _ in found],
    }


def _scans(sources: Sources) -> list[tuple[Evidence, Scan]]:
    """The newest scans of each signer: an older one, attached again, hides no newer one.

    By the time proven for each signature; where one of a signer's has none, by the times they claim. Of several of one
    second each counts, and so does one without a time. Freshness is judged by a rule.
    """
    if not sources.scans:
        sources.scans.append(_newest_scans(sources))
    return sources.scans[0]


def _newest_scans(sources: Sources) -> list[tuple[Evidence, Scan]]:
    by_signer: dict[tuple[str, ...], list[tuple[Evidence, Scan]]] = {}
    for evidence in sources.of(predicates.VULNS):
        scan = vulns.read(evidence.statement.predicate, where=str(evidence.digest))
        by_signer.setdefault(by(evidence.signer), []).append((evidence, scan))
    found = []
    for _, scans in sorted(by_signer.items()):
        moments = [proven(evidence) for evidence, _ in scans]
        if "" in moments:
            moments = [wire.instant(scan.finished) if wire.is_instant(scan.finished) else "" for _, scan in scans]
        found += [pair for moment, pair in zip(moments, scans, strict=True) if moment in {"", max(moments)}]
    return found
