"""A report to render: every kind of finding once, hostile names included."""

from assay.model.advisory import Epss, Feed, Kev, Score
from assay.model.digest import Digest
from assay.model.finding import Finding, Step, Suppression, Uncovered
from assay.model.image import Layer, Platform, Subject
from assay.model.inventory import Component, Distro, Gap, Licence, Occurrence
from assay.model.report import EndOfLife, Report, Sources, Tool
from assay.model.verdict import Reason, Verdict

HOSTILE = "evil\x1b[2J\u202e<script>alert(1)</script>|`=cmd`"


def finding(identifier: str, name: str, severity: str, **more: object) -> Finding:
    facts: dict[str, object] = {
        "id": identifier, "component": f"pkg:deb/debian/{name}@1", "purl": f"pkg:deb/debian/{name}@1", "name": name,
        "version": "1.2.3-4+deb12u1", "advisory": f"DEBIAN-{identifier}", "feed": "debian-12", "matched_name": name,
        "matched_version": "1.2.3-4+deb12u1", "matched_range": ">= 0, < 1.2.3-4+deb12u2", "severity": severity,
    }  # fmt: skip
    return Finding(**(facts | more))  # type: ignore[arg-type]


SUBJECT = Subject(
    name="registry.example/team/app:1.0", digest=Digest.of(b"manifest"), platform=Platform("linux", "amd64")
)

VERDICT = Verdict(
    subject=SUBJECT,
    decision="deny",
    reasons=(
        Reason(
            rule="vuln.kev", title="none known exploited", outcome="violated", severity="critical", enforced=True,
            messages=("CVE-2024-0002 in libfoo is known to be exploited",), remedy="upgrade libfoo now",
        ),
        Reason(rule="sbom.present", title="an SBOM exists", outcome="pass", severity="high", enforced=True),
        Reason(
            rule="base.eol", title="release supported", outcome="could_not_check", severity="high", enforced=False,
            messages=("lifecycle unknown",),
        ),
    ),
    policy="default",
    policy_digest="sha256:" + "ab" * 32,
    engine="regorus 0.13.0",
    input_digest="sha256:" + "cd" * 32,
    time="2026-01-02T03:04:05Z",
)  # fmt: skip

REPORT = Report(
    tool=Tool("assay", "0.1.0"),
    subject=SUBJECT,
    distro=Distro(id="debian", version_id="12", name="Debian GNU/Linux 12 (bookworm)"),
    layers=(
        Layer(index=0, diff_id=Digest.of(b"0"), created_by="debian"),
        Layer(index=1, diff_id=Digest.of(b"1"), created_by="pip install"),
    ),
    components=(
        Component(
            key="a", purl="pkg:deb/debian/libfoo@1", ecosystem="deb", name="libfoo", version="1",
            licence=Licence(expression="MIT", declared=("MIT",)),
            occurrences=(Occurrence("var/lib/dpkg/status", 0, "package-database"),), introduced=0,
        ),
        Component(key="b", purl="pkg:pypi/evil@1", ecosystem="pypi", name=HOSTILE, version="1", introduced=1),
    ),
    findings=(
        finding(
            "CVE-2024-0001", "libfoo", "critical", fixed_in=("1.2.3-4+deb12u2",),
            scores=(Score("3.1", 9.8, "critical", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "nvd"),),
            epss=Epss(score=0.43, percentile=0.97, date="2026-08-16"),
            reasons=(Step("installed", "libfoo 1.2.3-4+deb12u1", "var/lib/dpkg/status"), Step("range", "< u2")),
        ),
        finding("CVE-2024-0002", "libfoo", "high", kev=Kev(date_added="2025-01-01"), fixed_in=("2",)),
        finding("MAL-2024-1", HOSTILE, "unknown", category="malicious"),
        finding("CVE-2024-0003", "libbar", "medium", status="undetermined"),
        finding(
            "CVE-2024-0004", "libbaz", "high",
            suppressed=Suppression(by="vendor", status="not_affected", justification="component_not_present"),
        ),
        finding("CVE-2024-0005", "libqux", "low", status="not_affected"),
    ),
    uncovered=(Uncovered("b", "no feed covers it"),),
    gaps=(Gap("unreadable", "usr/lib/" + HOSTILE, 1, "not a zip", "java"),),
    sources=Sources(
        state="present", database="sha256:" + "ef" * 32, built="2026-11-22",
        feeds=(Feed(name="debian-12", date="2026-11-22", licence="facts", digest="sha256:00", records=8271),),
    ),
    end_of_life=EndOfLife(product="debian", cycle="12", state="supported", date="2028-06-30"),
    verdict=VERDICT,
)  # fmt: skip
