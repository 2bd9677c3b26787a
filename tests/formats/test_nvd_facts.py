"""What NVD repeats of CISA's assessments."""

import json

import pytest

from assay.formats.feeds import nvd
from assay.model.advisory import Ssvc
from assay.model.errors import MalformedError


def assessed(**metrics: object) -> Ssvc | None:
    cve = {"id": "CVE-2024-3400", "published": "2024-04-12T08:15:06.230", "metrics": metrics}
    _, (one,) = nvd.parse(json.dumps({"vulnerabilities": [{"cve": cve}]}).encode(), where="t")
    assert not isinstance(one, MalformedError)
    return one[0].ssvc


def said(time: str, role: object = "CISA Coordinator", exploitation: str = "active") -> dict[str, object]:
    options = [{"exploitation": exploitation}, {"automatable": "yes"}, {"technicalImpact": "total"}]
    return {"source": "x", "ssvcData": {"timestamp": time, "options": options, "role": role, "version": "2.0.3"}}


def test_the_newest_word_of_cisa_counts_and_nobody_elses() -> None:
    found = assessed(
        ssvcV203=[said("2024-04-17T04:00:13Z"), said("2024-04-01T00:00:00Z", exploitation="none"),
                  said("2025-01-01T00:00:00Z", role="Vendor", exploitation="none")]
    )  # fmt: skip
    assert found == Ssvc(exploitation="active", automatable="yes", technical_impact="total", assessed="2024-04-17")


@pytest.mark.parametrize(
    "value", [[], {}, 1, [1], [{}], [{"ssvcData": 1}], [said("", role=1)], [{"ssvcData": {"role": None, "options": 1}}]]
)  # fmt: skip
def test_other_shapes_are_no_assessment(value: object) -> None:
    assert assessed(ssvcV203=value, cvssMetricV31=[]) is None


def test_a_damaged_assessment_of_cisa_says_nothing_rather_than_something() -> None:
    value = {"ssvcData": {"role": "CISA Coordinator", "options": [{"exploitation": 1}, 2], "timestamp": 3}}
    assert assessed(ssvcV203=[value]) == Ssvc()
