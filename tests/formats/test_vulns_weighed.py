"""What a decision may need beyond severity travels with the statement: SSVC's outcomes, and whether code is linked."""

import msgspec
import pytest

from assay.dependencies import ssvc
from assay.formats import vulns
from assay.model.advisory import Ssvc
from assay.model.errors import MalformedError
from assay.model.finding import Reach
from reports import finding, report


def read(**more: object) -> vulns.ScanItem:
    found = msgspec.structs.replace(finding("CVE-1"), **more)
    (item,) = vulns.read(vulns.predicate(report(found), finished="2026-01-01T00:00:00Z"), where="x").items
    return item


def test_ssvc_and_reach_are_read_as_they_were_written() -> None:
    points = Ssvc(exploitation="active", automatable="no", technical_impact="total")
    item = read(ssvc=ssvc.decide(points, None, ssvc.Deployment()), reach=Reach(state="linked"))
    assert (item.coordinator, item.deployer, item.reach) == (("track", "act"), ("scheduled", "immediate"), "linked")


def test_what_nobody_assessed_is_empty_and_never_the_mildest() -> None:
    item = read(ssvc=ssvc.decide(None, None, ssvc.Deployment()))
    assert (item.coordinator, item.deployer, item.reach) == ((), (), "")
    assert read().coordinator == ()


def test_v01_may_wrap_each_result() -> None:
    wrapped = {"scanner": {"uri": "x:y", "result": [{"vulnerability": {"id": "CVE-1"}}, {"id": "CVE-2"}]}}
    bare = {"scanner": {"uri": "x:y", "result": [{"id": "CVE-1"}, {"id": "CVE-2"}]}}
    assert vulns.read(wrapped, where="t") == vulns.read(bare, where="t")
    with pytest.raises(MalformedError):
        vulns.read({"scanner": {"uri": "x:y", "result": [{"vulnerability": 7}]}}, where="t")
