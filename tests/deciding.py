"""What tests of decisions share: evidence out of a report, a policy out of a few lines, an engine that obeys."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from assay.flows import statements
from assay.model.advisory import Epss, Feed, Kev, Score
from assay.model.digest import Digest
from assay.model.evidence import Evidence
from assay.model.finding import Finding, Suppression, Uncovered
from assay.model.image import Subject
from assay.model.inventory import Component, Distro, Gap
from assay.model.policy import PolicyBundle
from assay.model.report import EndOfLife, Report, Sources, Tool
from assay.policy.bundle import load
from assay.ports.decisions import RawOutcome
from assay.trust import dsse
from assay.trust.observed import observed
from assay.trust.verify import verify
from signing import NOW, P256, trusting


def finding(identifier: str, severity: str, **more: Any) -> Finding:
    facts: dict[str, Any] = {
        "id": identifier,
        "component": "deb/libfoo",
        "purl": "pkg:deb/debian/libfoo@1",
        "name": "libfoo",
        "version": "1",
        "advisory": f"DEBIAN-{identifier}",
        "feed": "debian",
        "matched_name": "libfoo",
        "matched_version": "1",
        "matched_range": "< 2",
        "severity": severity,
    }
    return Finding(**(facts | more))


REPORT = Report(
    tool=Tool("assay", "0.1.0"),
    subject=Subject(name="registry.example/team/app:1.0", digest=Digest.of(b"manifest")),
    created="2026-01-01T00:00:00Z",
    distro=Distro(id="debian", version_id="12"),
    properties=(("config.label:org.example.team", "core"), ("config.user", "1000")),
    components=(
        Component(key="deb/libfoo", purl="pkg:deb/debian/libfoo@1", ecosystem="deb", name="libfoo", version="1"),
        Component(key="gone", purl="pkg:deb/debian/gone@1", ecosystem="deb", name="gone", version="1", removed_by=1),
    ),
    findings=(
        finding(
            "CVE-2024-0001",
            "critical",
            fixed_in=("2",),
            scores=(Score("3.1", 9.8, "critical", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "nvd"),),
            epss=Epss(score=0.43, percentile=0.97, date="2026-08-16"),
        ),
        finding("CVE-2024-0002", "high", kev=Kev(date_added="2025-01-01"), fixed_in=("2",)),
        finding("CVE-2024-0003", "medium", status="undetermined"),
        finding("CVE-2024-0004", "high", suppressed=Suppression(by="vendor", status="not_affected")),
        finding("CVE-2024-0005", "low", status="not_affected"),
        finding("MAL-2024-1", "unknown", category="malicious"),
    ),
    uncovered=(Uncovered("deb/libfoo", "no feed covers it"),),
    gaps=(Gap("unknown-program", "usr/bin/x", 0, "no package owns it"),),
    sources=Sources(
        state="present",
        database="sha256:" + "55" * 32,
        built="2026-11-01",
        feeds=(Feed(name="debian", date="2026-11-01", licence="CC0-1.0", digest="d", records=1),),
    ),
    end_of_life=EndOfLife(product="debian", cycle="12", state="supported", date="2028-06-30"),
)
CLEAN: Report = msgspec.structs.replace(REPORT, findings=(), gaps=())


def change(report: Report, **fields: Any) -> Report:
    return msgspec.structs.replace(report, **fields)


def seen(report: Report, *documents: tuple[str, bytes]) -> list[Evidence]:
    """Observed by this process itself."""
    return [observed(s, NOW) for s in statements.statements(report, timestamp=NOW, documents=documents)]


def signed(report: Report, *documents: tuple[str, bytes], signer: Any = P256, time: str = NOW) -> list[Evidence]:
    """Signed by somebody and verified."""
    made = statements.statements(report, timestamp=time, documents=documents)
    return [verify(dsse.sign(s, signer), report.subject.digest, None, trusting(signer), NOW, name="b") for s in made]


def rego(code: str, body: str = "", state: str = "enforce", needs: str = "subject") -> tuple[str, str]:
    """A rule module with a valid METADATA comment."""
    name = code.replace(".", "_")
    text = f"""# METADATA
# scope: package
# title: Title of {code}
# custom:
#   code: {code}
#   severity: high
#   state: {state}
#   needs: [{needs}]
#   remedy: repair it
package assay.rules.{name}

import rego.v1

{body}
"""
    return f"{name}.rego", text


def policy(*modules: tuple[str, str], data: Mapping[str, object] | None = None) -> PolicyBundle:
    return load(dict(modules), data or {}, name="test")


class FakeEngine:
    """Answers what it was told; anything not told passes."""

    def __init__(self, **answers: RawOutcome) -> None:
        self.answers, self.asked, self.facts = answers, [], b""

    def describe(self) -> str:
        return "fake 1"

    def evaluate(self, bundle: PolicyBundle, packages: Sequence[str], facts: bytes, seconds: float) -> list[RawOutcome]:
        self.asked, self.facts = list(packages), facts
        return [self.answers.get(p.rpartition(".")[2], RawOutcome(package=p)) for p in packages]

    def close(self) -> None:
        return


def answer(name: str, **fields: Any) -> RawOutcome:
    return RawOutcome(package=f"assay.rules.{name}", **fields)
