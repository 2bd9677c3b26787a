"""Automatic statements: never stronger than their evidence, dated, ended, revoked by what contradicts them."""

import itertools
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.dependencies.vex import weigh
from assay.dependencies.vex_auto import LADDER, Case, rung_of, statements
from assay.dependencies.vex_contrary import RUNG, contrary
from assay.formats import openvex
from assay.model.finding import Finding, Reach, Suppression
from assay.model.inventory import Component
from assay.model.report import Report
from assay.model.vex import VexObservation, VexRevocation, VexStatement
from inventories import full
from reports import SSL, finding, report, sample

NOW = "2026-11-02T03:04:05Z"
UNLINKED = Reach(
    state="not_linked", justification="vulnerable_code_not_present", confidence="strong", reason="Parse is not in it"
)
PRESENT = Component(key=SSL, purl="pkg:deb/debian/libssl3@3.0.15-1", ecosystem="deb", name="libssl3", version="3")
REMOVED = msgspec.structs.replace(PRESENT, removed_by=2)
SAID = Suppression(by="Jane", status="not_affected", justification="vulnerable_code_cannot_be_controlled_by_adversary")


def seen(**facts: Any) -> VexObservation:
    return VexObservation(component=SSL, **({"evidence": ("sha256:" + "0e" * 32,), "window": "a day"} | facts))


def case(item: Finding | None = None, **facts: Any) -> Case:
    return Case(**({"finding": item or finding("CVE-1"), "component": PRESENT} | facts))


WATCHED = seen(complete=True)
TABLE: list[tuple[str, Case, str, str, str]] = [
    ("absent", case(component=REMOVED), "not_affected", "component_not_present", "certain"),
    ("opened", case(component=REMOVED, observation=seen(opened=True)), "affected", "", "certain"),
    ("static", case(finding("CVE-1", reach=UNLINKED)), "not_affected", "vulnerable_code_not_present", "strong"),
    ("opened", case(observation=seen(opened=True)), "affected", "", "certain"),
    ("observed", case(observation=WATCHED), "under_investigation", "", "weak"),
    ("affected", case(observation=seen(complete=False, enforced=True), opts_in=True), "affected", "", "strong"),
    (
        "enforced", case(observation=seen(complete=True, enforced=True), opts_in=True),
        "not_affected", "vulnerable_code_not_in_execute_path", "strong",
    ),
    ("observed", case(observation=seen(complete=True, enforced=True)), "under_investigation", "", "weak"),
    ("opened", case(observation=seen(opened=True, complete=True, enforced=True), opts_in=True), "affected", "", "certain"),
    ("blocked", case(observation=seen(blocked_by="no egress")), "affected", "", "strong"),
    (
        "drill", case(observation=seen(drill="log4shell-7")),
        "not_affected", "inline_mitigations_already_exist", "strong",
    ),
    ("stated", case(finding("CVE-1", status="not_affected", suppressed=SAID)), "not_affected", "", ""),
    ("version", case(finding("CVE-1", status="not_affected")), "not_affected", "", "strong"),
    ("affected", case(), "affected", "", "strong"),
    ("unknown", case(finding("CVE-1", status="undetermined")), "under_investigation", "", "weak"),
    ("affected", case(finding("CVE-1", reach=Reach(state="linked"))), "affected", "", "strong"),
    ("affected", case(finding("CVE-1", reach=Reach(state="unknown"))), "affected", "", "strong"),
    ("affected", case(finding("CVE-1", category="malicious", reach=UNLINKED), observation=None), "affected", "", "strong"),
    ("affected", case(finding("CVE-1", category="malicious"), observation=seen(drill="d")), "affected", "", "strong"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "item", "status", "justification", "confidence"), TABLE)
def test_the_table_of_evidence(name: str, item: Case, status: str, justification: str, confidence: str) -> None:
    rung = rung_of(item)
    assert (rung.name, rung.status, rung.justification, rung.confidence) == (name, status, justification, confidence)


def test_every_rung_is_in_the_table_above() -> None:
    assert {row[0] for row in TABLE} == {rung.name for rung in LADDER}


observations = st.builds(
    lambda opened, complete, enforced, blocked, drill: seen(
        opened=opened, complete=complete, enforced=enforced, blocked_by=blocked, drill=drill
    ),
    st.booleans(), st.booleans(), st.booleans(), st.sampled_from(["", "no egress"]), st.sampled_from(["", "d"]),
)  # fmt: skip
findings = st.builds(
    lambda status, suppressed: finding("CVE-1", status=status, suppressed=suppressed),
    st.sampled_from(["affected", "undetermined"]),
    st.just(None),
)


@given(findings, observations, st.booleans())
def test_observation_alone_never_says_that_code_is_not_there(
    item: Finding, observation: VexObservation, opts_in: bool
) -> None:
    rung = rung_of(case(item, observation=observation, opts_in=opts_in))
    assert rung.justification not in ("vulnerable_code_not_present", "component_not_present")
    assert rung.confidence != "certain" or rung.status == "affected"


@given(findings, observations, st.booleans())
def test_quiet_needs_enforcement_and_consent_or_a_drill(
    item: Finding, observation: VexObservation, opts_in: bool
) -> None:
    rung = rung_of(case(item, observation=observation, opts_in=opts_in))
    quiet = observation.complete and observation.enforced and not observation.opened and opts_in
    assert (rung.status == "not_affected") == (quiet or bool(observation.drill))


@given(st.sampled_from([PRESENT, REMOVED, None]), st.sampled_from([None, UNLINKED]), observations, st.booleans())
def test_taking_evidence_away_never_quiets(
    component: Component | None, reach: Reach | None, observation: VexObservation, opts_in: bool
) -> None:
    """Of evidence that quiets: whatever is taken away, what was loud before stays loud."""
    whole = case(finding("CVE-1", reach=reach), component=component, observation=observation, opts_in=opts_in)
    if rung_of(whole).status == "not_affected":
        return
    weaker = [
        msgspec.structs.replace(whole, finding=finding("CVE-1")),
        msgspec.structs.replace(whole, opts_in=False),
        msgspec.structs.replace(whole, observation=msgspec.structs.replace(observation, complete=False)),
        msgspec.structs.replace(whole, observation=msgspec.structs.replace(observation, enforced=False)),
        msgspec.structs.replace(whole, observation=msgspec.structs.replace(observation, drill="")),
    ]
    for one in weaker:
        assert rung_of(one).status != "not_affected"


def of(made: tuple[VexStatement, ...]) -> VexStatement:
    (one,) = made
    return one


@pytest.mark.parametrize("doubtful", ["affected", "undetermined"])
def test_a_copy_that_is_not_affected_does_not_speak_for_another_of_the_same_url(doubtful: Any) -> None:
    copies = (
        finding("CVE-1", status="not_affected"),
        finding("CVE-1", status=doubtful),
        finding("CVE-2", reach=UNLINKED),
    )
    (first, second) = statements(report(*copies), now=NOW)
    assert (first.vulnerability, second.vulnerability) == ("CVE-1", "CVE-2")
    assert first.status in ("affected", "under_investigation")
    assert second.status == "not_affected"


def test_a_statement_names_evidence_confidence_expiry_product_and_package() -> None:
    said = of(statements(report(finding("CVE-1", fixed_in=("3.1",), aliases=("CVE-1", "GHSA-1"))), now=NOW))
    made = report()
    assert said.products[0].identifiers[-1] == str(made.subject.digest)
    assert said.products[0].subcomponents == ("pkg:deb/debian/libssl3@3.0.15-1?arch=amd64",)
    assert said.evidence == (str(made.subject.digest), made.sources.database)
    assert (said.confidence, said.timestamp, said.expires) == ("strong", "2026-11-02T00:00:00Z", "2026-12-02T00:00:00Z")
    assert (said.action, said.aliases, said.scope) == ("Update libssl3 to 3.1.", ("GHSA-1",), "image")
    assert dict(said.words) == {RUNG: "affected"}


def test_the_blocking_control_and_the_window_are_named() -> None:
    blocked = of(statements(report(finding("CVE-1")), now=NOW, observations=[seen(blocked_by="seccomp profile x")]))
    assert blocked.action.startswith("Keep in force: seccomp profile x.")
    assert "sha256:" + "0e" * 32 in blocked.evidence
    watched = of(statements(report(finding("CVE-1")), now=NOW, observations=[WATCHED]))
    assert (watched.status, watched.notes) == ("under_investigation", "Not opened while watched (a day).")


def test_what_is_said_of_one_vulnerability_is_not_said_of_another() -> None:
    items = report(finding("CVE-1"), finding("CVE-2"))
    made = statements(items, now=NOW, observations=[seen(drill="d", vulnerability="CVE-1")])
    assert {one.vulnerability: one.status for one in made} == {"CVE-1": "not_affected", "CVE-2": "affected"}


def test_a_persons_word_is_passed_on_with_its_author_and_document() -> None:
    said = msgspec.structs.replace(SAID, digest="sha256:" + "dd" * 32, impact="not reachable")
    made = of(statements(report(finding("CVE-1", status="not_affected", suppressed=said)), now=NOW))
    assert made.justification == "vulnerable_code_cannot_be_controlled_by_adversary"
    assert made.impact == "not reachable Stated by Jane."
    assert "sha256:" + "dd" * 32 in made.evidence
    opened = Suppression(by="Jane", status="not_affected", justification="vulnerable_code_not_in_execute_path")
    item = report(finding("CVE-1", status="not_affected", suppressed=opened))
    assert of(statements(item, now=NOW, observations=[seen(opened=True)])).status == "affected"


def test_the_statements_are_openvex_and_come_back() -> None:
    made = statements(sample(), now=NOW)
    assert made
    data = openvex.write_statements(made, author="assay", timestamp=NOW)
    back = openvex.read(data, "x")
    assert len(back) == len(made)
    for before, after in zip(made, back, strict=True):
        kept = ("status", "justification", "expires", "confidence", "evidence", "words", "timestamp")
        assert all(getattr(before, name) == getattr(after, name) for name in kept)
    assert statements(sample(), now="2026-11-02T23:59:59Z") == made


def test_every_finding_is_in_exactly_one_statement() -> None:
    made = statements(sample(), now=NOW)
    assert {one.vulnerability for one in made} == {one.id for one in sample().findings}


def revoking(rung: str, item: Finding, component: Component | None, **more: Any) -> str:
    said = VexStatement(vulnerability="CVE-1", status="not_affected", justification="x", words=((RUNG, rung),), **more)
    return contrary(said, item, component)


@pytest.mark.parametrize(
    ("rung", "item", "component", "why"),
    [
        ("absent", finding("CVE-1"), PRESENT, "the component is in the final file system"),
        ("absent", finding("CVE-1", status="not_affected"), REMOVED, ""),
        ("static", finding("CVE-1", reach=Reach(state="linked", reason="Parse is linked")), PRESENT, "Parse is linked"),
        ("static", finding("CVE-1"), PRESENT, "nothing shows any more that the code is absent"),
        ("static", finding("CVE-1", reach=UNLINKED), PRESENT, ""),
        ("version", finding("CVE-1"), PRESENT, "the version is affected by the advisories of today"),
        ("version", finding("CVE-1", status="not_affected"), PRESENT, ""),
        ("stated", finding("CVE-1"), PRESENT, ""),
        ("drill", finding("CVE-1"), PRESENT, ""),
    ],
)
def test_what_contradicts_a_statement(rung: str, item: Finding, component: Component, why: str) -> None:
    assert revoking(rung, item, component) == why


def earlier(made: Report, item: Finding) -> VexStatement:
    absent = report(item)
    gone = msgspec.structs.replace(
        absent,
        components=tuple(msgspec.structs.replace(c, removed_by=1) if c.key == SSL else c for c in absent.components),
    )
    said = of(statements(gone, now="2026-10-01T00:00:00Z"))
    assert (said.justification, made.subject) == ("component_not_present", absent.subject)
    return msgspec.structs.replace(said, author="our key", document="urn:old")


def test_a_contradicted_statement_is_not_applied_told_and_superseded() -> None:
    now = report(finding("CVE-1"))
    old = earlier(now, finding("CVE-1"))
    weighed = weigh(now.findings, [old], now.subject, full().components, "2026-10-15T00:00:00Z")
    assert weighed.findings[0].suppressed is None
    assert weighed.findings[0].status == "affected"
    assert "revoked" in weighed.findings[0].reasons[-1].says
    (revoked,) = weighed.revocations
    assert (revoked.vulnerability, revoked.document, revoked.status) == ("CVE-1", "urn:old", "not_affected")
    new = of(statements(msgspec.structs.replace(now, vex_revocations=weighed.revocations), now=NOW))
    assert new.status == "affected"
    assert new.notes.startswith("Revokes not_affected of 2026-10-01T00:00:00Z (urn:old): the component is in the final")
    assert new.timestamp > old.timestamp


def test_past_its_expiry_a_statement_is_under_investigation() -> None:
    removed = tuple(msgspec.structs.replace(c, removed_by=1) if c.key == SSL else c for c in full().components)
    now = report(finding("CVE-1"))
    old = earlier(now, finding("CVE-1"))
    for day, suppressed in (("2026-10-30T23:59:59Z", True), ("2026-10-31T00:00:00Z", False)):
        (found,) = weigh(now.findings, [old], now.subject, removed, day).findings
        assert (found.suppressed is not None) is suppressed


def test_an_open_file_revokes_by_the_door_for_observations() -> None:
    now = report(finding("CVE-1"))
    removed = tuple(msgspec.structs.replace(c, removed_by=1) if c.key == SSL else c for c in full().components)
    old = earlier(now, finding("CVE-1"))
    calm = weigh(now.findings, [old], now.subject, removed, "2026-10-02T00:00:00Z")
    assert calm.findings[0].suppressed is not None
    loud = weigh(now.findings, [old], now.subject, removed, "2026-10-02T00:00:00Z", [seen(opened=True)])
    assert loud.findings[0].suppressed is None
    assert loud.revocations[0].why == "a file of the component was opened"


def test_a_scans_own_warning_of_yesterday_does_not_outweigh_who_looked_closer() -> None:
    now = report(finding("CVE-1"))
    ours = msgspec.structs.replace(
        of(statements(now, now="2026-10-01T00:00:00Z")), author="our key", document="urn:ours"
    )
    assert ours.status == "affected"
    vendor = msgspec.structs.replace(
        ours, author="vendor", status="not_affected", justification="vulnerable_code_not_present", action="", words=()
    )
    for day in ("2026-10-02T00:00:00Z", "2027-10-02T00:00:00Z"):
        said = [ours, msgspec.structs.replace(vendor, expires="")]
        weighed = weigh(now.findings, said, now.subject, full().components, day)
        assert weighed.findings[0].suppressed is not None
        assert weighed.conflicts == ()
        assert any("this scan answers anew" in step.says for step in weighed.findings[0].reasons)
    alone = weigh(now.findings, [ours], now.subject, full().components, "2026-10-02T00:00:00Z")
    assert alone.findings[0].status == "affected"


def test_a_warning_by_runtime_evidence_does_outweigh() -> None:
    now = report(finding("CVE-1"))
    opened = of(statements(now, now="2026-10-01T00:00:00Z", observations=[seen(opened=True)]))
    vendor = msgspec.structs.replace(
        opened, author="vendor", status="not_affected", justification="component_not_present", words=(), document="v"
    )
    said = [msgspec.structs.replace(opened, author="our key"), vendor]
    weighed = weigh(now.findings, said, now.subject, full().components, "2026-10-02T00:00:00Z")
    assert weighed.findings[0].suppressed is None
    assert [c.holds.author for c in weighed.conflicts] == ["our key"]


def test_a_persons_statement_is_never_revoked_by_the_program() -> None:
    said = VexStatement(vulnerability="CVE-1", status="not_affected", justification="component_not_present")
    for item, component in itertools.product([finding("CVE-1")], [PRESENT, REMOVED, None]):
        assert contrary(said, item, component) == ""


def test_the_notes_of_a_revocation_stay_in_their_finding() -> None:
    one = VexRevocation(vulnerability="CVE-1", component="other", purl="", status="not_affected", why="w")
    said = of(statements(msgspec.structs.replace(report(finding("CVE-1")), vex_revocations=(one,)), now=NOW))
    assert said.notes == ""
