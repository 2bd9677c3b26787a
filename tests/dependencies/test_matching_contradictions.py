"""A range that ends before it begins: nobody can tell what was meant, so it is undetermined, with that reason."""

import msgspec
import pytest

from advisorydbs import affected, record
from assay.dependencies.matching import Matches, match
from assay.dependencies.versions import scheme_for
from assay.formats import osv
from assay.model.finding import Finding
from assay.model.inventory import Component
from fakes.advisories import MemoryStore


def key(ecosystem: str, version: str) -> bytes | None:
    scheme = scheme_for(ecosystem)
    return scheme.key(version) if scheme is not None else None


def store(*events: dict[str, str], ecosystem: str = "npm", keys: bool = True, **more: object) -> MemoryStore:
    data = msgspec.json.encode(record("R-1", affected(ecosystem, "ember", *events), **more))
    return MemoryStore([osv.parse(data, feed="npm", order=key)], keys=keys)


def run(store: MemoryStore, version: str, kind: str = "npm") -> Matches:
    purl = f"pkg:{kind}/ember@{version}"
    return match([Component(key="k", purl=purl, ecosystem=kind, name="ember", version=version)], None, store)


def one(store: MemoryStore, version: str, kind: str = "npm") -> Finding:
    (finding,) = run(store, version, kind).findings
    return finding


def said(finding: Finding) -> str:
    return next(step.says for step in finding.reasons if step.rung == "range")


@pytest.mark.parametrize("keys", [True, False], ids=["keys", "text"])
@pytest.mark.parametrize("version", ["1.0.0", "1.4.0-beta.3", "1.4.0", "3.24.7"])
def test_fixed_before_it_was_introduced_is_undetermined(version: str, keys: bool) -> None:
    """As CVE-2014-0013 stands in a feed: introduced 1.4.0, fixed 1.4.0-beta.2."""
    finding = one(store({"introduced": "1.4.0"}, {"fixed": "1.4.0-beta.2"}, keys=keys), version)
    assert finding.status == "undetermined"
    assert said(finding) == (
        f"whether {version} is affected cannot be judged: >= 1.4.0, < 1.4.0-beta.2 contradicts itself, "
        "ending before it begins"
    )
    assert (finding.fixed_in, finding.matched_range) == ((), ">= 1.4.0, < 1.4.0-beta.2")


def test_ended_before_it_was_introduced_is_undetermined() -> None:
    assert one(store({"introduced": "2.0.0"}, {"last_affected": "1.0.0"}), "3.0.0").status == "undetermined"


def test_versions_without_keys_are_compared_and_contradict_each_other_too() -> None:
    bounds = ({"introduced": "2.0-foo-bar-2"}, {"fixed": "1.0-foo-bar-1"})
    assert key("Maven", "2.0-foo-bar-2") is None
    odd = store(*bounds, ecosystem="Maven")
    finding = one(odd, "3.0", "maven")
    assert finding.status == "undetermined"
    assert "contradicts itself" in said(finding)


def test_a_sound_range_of_the_same_record_decides_where_it_holds() -> None:
    both = store({"introduced": "9.0.0"}, {"fixed": "3.0.0"}, {"introduced": "4.0.0"}, {"fixed": "5.0.0"})
    assert (one(both, "4.5.0").status, one(both, "4.5.0").fixed_in) == ("affected", ("5.0.0",))
    assert one(both, "5.0.0").status == "undetermined"


def test_an_empty_range_and_one_that_begins_with_the_first_version_are_no_contradiction() -> None:
    assert run(store({"introduced": "2.0.0"}, {"fixed": "2.0.0"}), "2.0.0").findings == ()
    assert one(store({"introduced": "0"}, {"fixed": "2.0.0"}), "1.0.0").status == "affected"
