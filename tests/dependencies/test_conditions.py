"""The language of `--fail-on`: what it accepts, where it points when it does not, what it makes of the unknown."""

import contextlib
import itertools

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.dependencies.conditions import FIELDS, Both, Comparison, Condition, Either, Not, fields_of, parse
from assay.dependencies.threshold import Judgement, judge
from assay.model.advisory import Epss, Kev
from assay.model.errors import UsageError
from assay.model.finding import Decision, Finding, Outcome, Reach, Suppression
from assay.model.ignore import Ignored
from assay.model.inventory import BaseImage
from reports import finding

HIGH, KEV = Comparison("severity", ">=", "high"), Comparison("kev", "=", "true")
SURE = BaseImage(layers_count=1, confidence="certain", reason="given")


def counted(text: str, *findings: Finding, base: BaseImage | None = None, **more: bool) -> Judgement:
    return judge(findings, parse(text), base, **more)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("high", HIGH),
        ("severity>=high", HIGH),
        ("SEVERITY >= High", HIGH),
        ("kev", KEV),
        ("kev == true", KEV),
        ("epss>=50%", Comparison("epss", ">=", "0.5")),
        ("ssvc = track*", Comparison("ssvc", "=", "track*")),
        ("not not kev", Not(Not(KEV))),
        ("high and kev or kev and high", Either((Both((HIGH, KEV)), Both((KEV, HIGH))))),
        ("high and (kev or high)", Both((HIGH, Either((KEV, HIGH))))),
        ("not kev and high", Both((Not(KEV), HIGH))),
        ("kev or kev or kev", Either((KEV, KEV, KEV))),
        ("ecosystem != crates.io", Comparison("ecosystem", "!=", "crates.io")),
    ],
)
def test_what_it_reads(text: str, found: Condition) -> None:
    assert parse(text) == found


@pytest.mark.parametrize(
    ("text", "column", "why"),
    [
        ("", 1, "a field is missing"),
        ("severity >= ", 13, "missing"),
        ("severety>=high", 1, "severety"),
        ("severity>=hihg", 11, "hihg"),
        ("severity>=unknown", 11, "no place in the order"),
        ("kev and", 8, "a field is missing"),
        ("kev kev", 5, "expected"),
        ("(kev", 5, "column 1 is not closed"),
        ("kev)", 4, "expected"),
        ("kev >= true", 5, "no order"),
        ("epss >= 1.5", 9, "probability"),
        ("epss >= 1e9", 9, "no number"),
        ("epss", 5, "must be compared"),
        ("kev and $x", 9, "begins nothing"),
        ("status = suppressed", 10, "no value"),
        ("layer >= ٣", 10, "begins nothing"),
    ],
)
def test_an_error_points_at_the_column(text: str, column: int, why: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert caught.value.where == f"--fail-on, column {column}"
    assert why in caught.value.why
    assert caught.value.remedy


def test_a_near_word_is_suggested() -> None:
    with pytest.raises(UsageError, match="did you mean severity"):
        parse("severty>=high")
    with pytest.raises(UsageError, match="did you mean critical"):
        parse("severity>=critcal")


def test_length_and_depth_are_bounded() -> None:
    parse("(" * 32 + "kev" + ")" * 32)
    for text in ("(" * 33 + "kev" + ")" * 33, "not " * 33 + "kev", "kev or " * 300 + "kev"):
        with pytest.raises(UsageError):
            parse(text)


@given(st.text(max_size=60) | st.text("()<>=! andornotkev", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(UsageError):
        counted(text, *FINDINGS[:3])


def test_every_field_is_judged() -> None:
    one = finding("CVE-1", severity="high")
    for name, field in FIELDS.items():
        value = {"flag": "true", "number": "1"}.get(field.kind) or (field.words or ("npm",))[0]
        counted(f"{name} = {value}", one)
        assert fields_of(parse(f"{name} = {value}")) == {name}


def test_unknown_severity_reaches_no_threshold_and_is_counted_as_unjudged() -> None:
    found = counted("severity>=high", finding("CVE-1"), finding("CVE-2", severity="high"))
    assert [f.id for f in found.counted] == ["CVE-2"]
    assert [f.id for f in found.unjudged] == ["CVE-1"]
    assert found.unknown == (("severity", 1),)
    assert counted("severity=unknown", finding("CVE-1")).counted
    assert not counted("severity != unknown", finding("CVE-1")).counted


def test_not_of_the_unknown_is_unknown() -> None:
    found = counted("not severity>=high", finding("CVE-1"))
    assert (found.counted, len(found.unjudged)) == ((), 1)


def test_a_known_part_may_decide_alone() -> None:
    one = finding("CVE-1", kev=Kev(date_added="2025-01-01"))
    assert counted("severity>=high or kev", one).counted
    assert counted("epss>=0.5 and not kev", one).unjudged == ()


def test_the_example_of_the_help() -> None:
    text = "severity>=high and fixable and not base or kev or epss>=0.5"
    fixable = finding("CVE-1", severity="high", fixed_in=("2",), origin="base", epss=Epss(score=0.1, percentile=0.2))
    assert not counted(text, fixable, base=SURE).counted
    assert counted(text, fixable).counted, "nobody knows the base: nothing is excused"
    assert counted(text, msgspec.structs.replace(fixable, epss=Epss(score=0.5, percentile=0.9)), base=SURE).counted
    assert counted(text, msgspec.structs.replace(fixable, kev=Kev()), base=SURE).counted


def test_ssvc_ranges() -> None:
    decision = Decision(coordinator=Outcome("track", "attend"), deployer=Outcome("immediate", "immediate"))
    one = finding("CVE-1", ssvc=decision)
    assert counted("ssvc >= track", one).counted
    assert counted("ssvc >= attend", one).unjudged
    assert not counted("ssvc >= act", one).unjudged
    assert counted("ssvc = immediate", one).counted
    assert counted("ssvc >= attend", finding("CVE-2")).unknown == (("ssvc", 1),)
    assert counted("ssvc = unknown", finding("CVE-2")).counted


def test_what_is_answered_never_counts() -> None:
    answered = (
        finding("CVE-1", severity="critical", suppressed=Suppression(by="a", status="not_affected")),
        finding("CVE-2", severity="critical", ignored=Ignored(reason="r", until="2030-01-01")),
        finding("CVE-3", severity="critical", status="not_affected"),
        finding("CVE-4", severity="critical", status="undetermined"),
    )
    assert counted("severity >= none", *answered) == Judgement(counted=(), unjudged=(), unknown=(), judged_count=0)
    assert [f.id for f in counted("status = undetermined", *answered).counted] == ["CVE-4"]


def test_a_malicious_package_counts_whatever_is_asked() -> None:
    bad = finding("MAL-1", category="malicious", origin="base")
    for text in ("critical", "ecosystem = npm", "epss >= 0.9"):
        assert counted(text, bad, base=SURE, only_fixed=True, ignore_base=True).counted == (bad,)
    assert not counted("category = vulnerability", bad).counted
    assert counted("category = malicious", bad).counted


def test_only_fixed_and_ignore_base() -> None:
    one = finding("CVE-1", severity="high", origin="base")
    assert counted("high", one).counted
    assert not counted("high", one, only_fixed=True).counted
    assert not counted("high", one, base=SURE, ignore_base=True).counted
    weak = msgspec.structs.replace(SURE, confidence="weak")
    assert counted("high", one, base=weak, ignore_base=True).counted


def test_reach_layer_and_ecosystem() -> None:
    one = finding("CVE-1", layer=3, reach=Reach(state="linked"))
    assert counted("reach = linked and layer >= 3 and ecosystem = deb and origin = unknown", one).counted
    assert counted("layer < 3", finding("CVE-2")).unjudged


FINDINGS = [
    finding("CVE-1", severity=severity, fixed_in=fixed, kev=kev, epss=epss)
    for severity, fixed, kev, epss in itertools.product(
        ("critical", "low", "unknown"), ((), ("2",)), (None, Kev()), (None, Epss(score=0.7, percentile=0.9))
    )
]
LEAVES = st.sampled_from(("severity >= high", "kev", "fixable", "epss >= 0.5", "severity = unknown"))
TEXTS = st.recursive(
    LEAVES,
    lambda inner: (
        st.builds("({} {} {})".format, inner, st.sampled_from(("and", "or")), inner)
        | st.builds("not ({})".format, inner)
    ),
    max_leaves=6,
)


@given(TEXTS, st.sampled_from(FINDINGS))
def test_what_is_judged_holds_however_the_unknown_turns_out(text: str, one: Finding) -> None:
    """Kleene's promise: filling in an unknown input never overturns an answer that was given without it."""
    found = counted(text, one)
    if found.unjudged or "severity = unknown" in text:
        return
    for severity in ("none", "critical") if one.severity == "unknown" else (one.severity,):
        for epss in (
            (Epss(score=0.0, percentile=0.0), Epss(score=1.0, percentile=1.0)) if one.epss is None else (one.epss,)
        ):
            known = msgspec.structs.replace(one, severity=severity, epss=epss)
            assert bool(counted(text, known).counted) == bool(found.counted)


def test_what_rests_on_nothing_is_told_and_not_taken_for_no() -> None:
    one = finding("CVE-1", severity="critical", origin="application")
    assert counted("critical and app", one, base=SURE).counted == (one,)
    untold = counted("critical and app", one)
    assert (untold.counted, untold.unjudged, untold.unknown) == ((), (one,), (("app", 1),))
    unlisted = counted("kev", one, exploited=False)
    assert (unlisted.counted, unlisted.unknown) == ((), (("kev", 1),))
    assert counted("kev or critical", one, exploited=False).counted == (one,)
    assert not counted("kev", one).unjudged
    assert counted("kev", msgspec.structs.replace(one, kev=Kev()), exploited=False).counted
