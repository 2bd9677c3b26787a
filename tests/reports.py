"""Reports for tests: findings of every kind, hostile text included."""

from assay.model.advisory import Epss, Feed, Kev, Score
from assay.model.finding import Finding, Step, Suppression, Uncovered
from assay.model.report import EndOfLife, Report, Sources
from assay.model.verdict import Reason, Verdict
from inventories import TOOL, full

SSL, WHEEL = "deb/debian/openssl@3.0.15-1", "pypi/cryptography@41.0.0"


def finding(name: str, component: str = SSL, **more: object) -> Finding:
    purl = "pkg:pypi/cryptography@41.0.0" if component == WHEEL else "pkg:deb/debian/libssl3@3.0.15-1?arch=amd64"
    fields: dict[str, object] = {
        "id": name,
        "component": component,
        "purl": purl,
        "name": purl.split("/")[-1].split("@")[0],
        "version": purl.split("@")[1].split("?")[0],
        "advisory": name,
        "feed": "debian",
        "matched_name": "openssl",
        "matched_version": "3.0.15-1",
        "matched_range": "< 3.0.16-1",
    }
    return Finding(**(fields | more))  # type: ignore[arg-type]


def report(*findings: Finding) -> Report:
    inventory = full()
    return Report(
        tool=TOOL,
        subject=inventory.subject,
        created=inventory.created,
        properties=inventory.properties,
        distro=inventory.distro,
        layers=inventory.layers,
        components=inventory.components,
        relations=inventory.relations,
        gaps=inventory.gaps,
        findings=findings,
        uncovered=(Uncovered("file/x", "no ecosystem"),),
        sources=Sources(
            state="present",
            database="sha256:" + "55" * 32,
            built="2026-01-01",
            feeds=(Feed(name="debian", date="2026-01-01", licence="CC0-1.0", digest="d", records=1),),
        ),
        end_of_life=EndOfLife(product="debian", cycle="12", state="supported", date="2028-06-30"),
        verdict=Verdict(
            subject=inventory.subject,
            decision="deny",
            reasons=(Reason(rule="r", title="t", outcome="violated", severity="high", enforced=True, messages=("m",)),),
            policy="default",
            policy_digest="sha256:00",
            engine="regorus",
            input_digest="sha256:01",
            time="2026-01-02T03:04:05Z",
        ),
    )


def sample() -> Report:
    """One finding of each kind."""
    return report(
        finding(
            "CVE-2025-0001",
            severity="critical",
            scores=(Score("3.1", 9.8, "critical", "CVSS:3.1/…", "nvd"), Score("2.0", 10.0, "high", "AV:N", "nvd")),
            kev=Kev(date_added="2025-02-01"),
            epss=Epss(score=0.9, percentile=0.99),
            fixed_in=("3.0.16-1",),
            aliases=("CVE-2025-0001", "DSA-1"),
            summary="Overflow in [click](http://x) {0}\x1b[31m\u202e",
            layer=0,
            reasons=(Step("range", "in range", "debian"),),
        ),
        finding("CVE-2025-0001", WHEEL, severity="critical", fixed_in=("42.0.0",), status="undetermined"),
        finding("CVE-2025-0002", severity="low"),
        finding(
            "CVE-2025-0003",
            severity="high",
            status="not_affected",
            suppressed=Suppression(
                by="Jane",
                status="not_affected",
                justification="component_not_present",
                document="urn:x",
                digest="sha256:1",
            ),
        ),
        finding("CVE-2025-0004", status="not_affected", reasons=(Step("layer", "removed above"),)),
        finding(
            "GHSA-x\udcff", severity="unknown", suppressed=Suppression(by="Jane", status="fixed", impact="rebuilt")
        ),
    )
