"""The order of findings, and the words that say why one stands where it does."""

import msgspec
import pytest

from assay.dependencies import ssvc
from assay.interfaces.cli.render import ladder
from assay.interfaces.cli.render.view import marks, urgency, why_not
from assay.model.advisory import Epss, Kev, Ssvc
from assay.model.finding import Finding, Reach, Step
from reports import finding, report


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
    found = list(ORDER)
    found.reverse()
    found.sort(key=urgency)
    assert [f.id for f in found] == [f.id for f in ORDER]


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


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_the_ladder_is_no_wider_than_the_terminal(columns: int) -> None:
    said = Step("symbol", "the flaw lies in function " + "F" * 100 + " of a/b; none of it is linked")
    found = one("CVE-1", status="not_affected", reasons=(said,), summary="a long text " * 20, aliases=("GHSA-1",) * 9)
    text, hit = ladder.render(report(found, one("CVE-1", severity="critical")), "cve-1", colour=False, columns=columns)
    assert hit
    assert max(map(len, text.splitlines())) <= columns
    assert text.index(": affected") < text.index(": not affected")
