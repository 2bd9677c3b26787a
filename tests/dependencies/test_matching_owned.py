"""Language packages whose owner, a distribution package, no feed covers: judged by their registry, never affected."""

import pytest

from assay.dependencies import reachability, threshold
from assay.dependencies.conditions import parse
from assay.dependencies.matching import Matches, match
from assay.dependencies.reasons import RUNGS
from assay.dependencies.versions import VERSION_CHARACTERS
from assay.model.advisory import VulnerableCode
from assay.model.finding import Finding
from assay.model.inventory import Component, Distro, Occurrence
from dependencies.test_reachability import program
from fakes.advisories import MemoryStore, advisory

BOOKWORM = Distro(id="debian", version_id="12", codename="bookworm")
OWNER = Component(key="deb/tool", purl="pkg:deb/debian/tool@1-1", ecosystem="deb", name="tool", version="1-1")
REASON = "is owned by deb tool 1-1, which no feed covers; the distribution may have patched it"


def owned(ecosystem: str, name: str, version: str = "1.0.0", **more: object) -> Component:
    facts: dict[str, object] = {
        "key": f"{ecosystem}/{name}", "owner": OWNER.key, "introduced": 0,
        "occurrences": (Occurrence("app", 0, "build-info"),),
    }  # fmt: skip
    purl = f"pkg:{ecosystem}/{name}@{version}"
    return Component(ecosystem=ecosystem, name=name, version=version, purl=purl, **(facts | more))  # type: ignore[arg-type]


def run(*components: Component, store: MemoryStore) -> Matches:
    return match([*components, OWNER], BOOKWORM, store)


def one(*components: Component, store: MemoryStore) -> Finding:
    (finding,) = run(*components, store=store).findings
    return finding


def says(finding: Finding, rung: str) -> str:
    return next(step.says for step in finding.reasons if step.rung == rung)


@pytest.mark.parametrize(
    ("kind", "ecosystem", "name"),
    [
        ("golang", "Go", "stdlib"),
        ("npm", "npm", "left"),
        ("pypi", "PyPI", "left"),
        ("maven", "Maven", "org.left:left"),
        ("gem", "RubyGems", "left"),
    ],
)
def test_it_is_undetermined_and_names_its_owner(kind: str, ecosystem: str, name: str) -> None:
    item = owned(kind, name)
    finding = one(item, store=MemoryStore([advisory("A-1", ecosystem, name, ("", "2.0.0"))]))
    assert (finding.component, finding.status, finding.fixed_in) == (item.key, "undetermined", ("2.0.0",))
    assert REASON in says(finding, "range")
    assert says(finding, "owner") == (
        f"deb tool 1-1, which no feed covers, owns its files: judged by {ecosystem}'s advisories"
    )
    rungs = [step.rung for step in finding.reasons]
    assert rungs == sorted(rungs, key=RUNGS.index)


def test_it_is_never_affected_even_where_a_record_lists_the_version_or_calls_it_malicious() -> None:
    for record in (
        advisory("A-1", "npm", "left", versions=("1.0.0",)),
        advisory("MAL-1", "npm", "left", versions=("1.0.0",), category="malicious"),
    ):
        assert one(owned("npm", "left"), store=MemoryStore([record])).status == "undetermined"


def test_one_package_one_finding_and_the_owner_stays_uncovered() -> None:
    store = MemoryStore([
        advisory("GHSA-1", "npm", "left", ("", "2.0.0"), aliases=("CVE-2024-0001",)),
        advisory("NPM-1", "npm", "left", ("", "3.0.0"), aliases=("CVE-2024-0001",)),
    ])  # fmt: skip
    found = run(owned("npm", "left"), owned("npm", "unheard-of"), store=store)
    assert [(one.component, one.id) for one in found.findings] == [("npm/left", "CVE-2024-0001")]
    assert [row.component for row in found.uncovered] == [OWNER.key], "the owner's row stands for what it owns"


def test_a_covered_owner_answers_alone() -> None:
    left = advisory("N-1", "npm", "left", ("", "2.0.0"))
    found = run(owned("npm", "left"), store=MemoryStore([left], covers=[("Debian:12", "tool")]))
    assert (found.findings, found.uncovered) == ((), ())
    store = MemoryStore([left, advisory("D-1", "Debian:12", "tool", ("", "2-1"))])
    assert [(f.component, f.id) for f in run(owned("npm", "left"), store=store).findings] == [(OWNER.key, "D-1")]


def test_an_owner_of_no_known_distribution_or_of_an_endless_version_is_none_to_judge_by() -> None:
    store = MemoryStore([advisory("N-1", "npm", "left", ("", "2.0.0"))], covers=[("Debian:12", "tool")])
    unknown = match([owned("npm", "left"), OWNER], Distro(id="nobody", version_id="1"), store)
    assert [f.status for f in unknown.findings] == ["undetermined"]
    endless = Component(
        key=OWNER.key, purl="p", ecosystem="deb", name="tool", version="1" * (VERSION_CHARACTERS + 1)
    )  # fmt: skip
    (finding,) = match([owned("npm", "left"), endless], BOOKWORM, store).findings
    assert finding.status == "undetermined"
    assert "too long to be compared" in says(finding, "range")
    assert len(says(finding, "range")) < 500


def test_a_removed_one_is_not_affected() -> None:
    store = MemoryStore([advisory("N-1", "npm", "left", ("", "2.0.0"))])
    assert one(owned("npm", "left", removed_by=3), store=store).status == "not_affected"


@pytest.mark.parametrize(
    ("functions", "expected"), [("Parse", ("undetermined", "linked")), ("Other", ("not_affected", "not_linked"))]
)
def test_functions_that_are_not_linked_lower_it(functions: str, expected: tuple[str, str]) -> None:
    name = "example.test/lib"
    code = (VulnerableCode(name, f"{name}/html", ("Parse",)),)
    item = owned("golang", name, "v1.0.0")
    found = run(item, store=MemoryStore([advisory("GO-1", "Go", name, ("", "2.0.0"), code=code)]))
    places = reachability.wanted(found.findings, found.code, [item, OWNER])
    assert places == ((0, "app"),)
    programs = {places[0]: program(f"{name}/html.{functions}")}
    (finding,) = reachability.apply(found.findings, found.code, [item, OWNER], programs)
    assert (finding.status, finding.reach and finding.reach.state) == expected


def test_it_fails_a_run_only_where_the_expression_asks_for_the_status() -> None:
    finding = one(owned("npm", "left"), store=MemoryStore([advisory("N-1", "npm", "left", severity="critical")]))
    for expression, count in (("severity>=low", 0), ("status=undetermined", 1)):
        assert len(threshold.judge([finding], parse(expression), None).counted) == count, expression
