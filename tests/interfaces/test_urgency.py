"""The order of findings, and the words that say why one stands where it does."""

import msgspec

from assay.dependencies import ssvc
from assay.interfaces.cli.render.view import marks, urgency, why_not
from assay.model.advisory import Epss, Kev, Ssvc
from assay.model.finding import Finding, Reach, Step
from reports import finding


def assessed(exploitation: str, automatable: str = "no", kev: Kev | None = None) -> dict[str, object]:
    points = Ssvc(exploitation=exploitation, automatable=automatable, technical_impact="partial")
    return {"ssvc": ssvc.decide(points, kev, ssvc.Deployment()), "kev": kev}


def one(name: str, **more: object) -> Finding:
    return msgspec.structs.replace(finding(name), **({"kev": None, "epss": None, "severity": "medium"} | more))


LINKED = Reach(state="linked")
ORDER = [
    one("CVE-0", category="malicious", severity="unknown"),
    one("CVE-1", **assessed("none", kev=Kev(date_added="2024-01-01")), severity="low"),
    one("CVE-2", **assessed("active", "yes")),
    one("CVE-3", **assessed("poc", "yes"), reach=LINKED),
    one("CVE-4", **assessed("poc", "yes"), epss=Epss(score=0.5, percentile=0.9)),
    one("CVE-5", **assessed("poc", "yes"), reach=Reach(state="unknown"), severity="critical"),
    one("CVE-6", severity="critical"),
    one("CVE-7", severity="high"),
    one("CVE-8", **assessed("poc"), severity="critical"),
    one("CVE-9", **assessed("none"), severity="critical"),
]


def test_most_urgent_first() -> None:
    assert [f.id for f in sorted(ORDER[::-1], key=urgency)] == [f.id for f in ORDER]


def test_the_words_say_why() -> None:
    assert [marks(f) for f in ORDER] == [
        "malicious",
        "exploited, SSVC up to attend",
        "SSVC up to act",
        "SSVC up to attend, code linked",
        "SSVC up to attend, EPSS 50 %",
        "SSVC up to attend",
        "",
        "",
        "",
        "",
    ]


def test_what_is_not_linked_says_so() -> None:
    step = Step("symbol", "the flaw lies in function F of a/b; none of it is linked into bin/app")
    assert why_not(one("CVE-1", status="not_affected", reasons=(step,))) == step.says
