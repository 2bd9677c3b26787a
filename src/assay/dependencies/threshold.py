"""Which findings count against `--fail-on`: an expression met findings, and what could not be judged is counted.

Three-valued (Kleene): a test whose input nobody knows is neither met nor failed. A finding the whole expression leaves
open does not count, and the answer says how many of them there are and what was not known. `base` errs on the other
side: it is true only where that is certain or strong, so `not base` excuses nothing on a guess. `app` is then unknown.
"""

import operator
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from assay.dependencies.conditions import (
    COORDINATOR,
    DEPLOYER,
    FIELDS,
    Both,
    Comparison,
    Condition,
    Either,
    Not,
    fields_of,
)
from assay.dependencies.origin import SURE
from assay.model.finding import Finding
from assay.model.inventory import BaseImage


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What counts, and what could not be told."""

    counted: tuple[Finding, ...]
    unjudged: tuple[Finding, ...]
    """Findings that would count were an unknown input on the other side."""
    unknown: tuple[tuple[str, int], ...]
    """Why: each unknown input with the number of those findings, most frequent first."""
    judged_count: int


class _Ground(msgspec.Struct, frozen=True):
    """What the flags rest on."""

    sure: bool
    """Whether it is certain or strong which layers are the base's."""
    exploited: bool
    """Whether somebody's list of what is exploited was read."""


def judge(
    findings: Iterable[Finding],
    condition: Condition,
    base: BaseImage | None,
    *,
    only_fixed: bool = False,
    ignore_base: bool = False,
    exploited: bool = True,
) -> Judgement:
    """Judge what is open: affected, neither suppressed nor ignored; undetermined ones where `status` is asked for.

    A malicious package always counts, unless the expression itself asks for the `category`: neither a severity nor a
    missing fix nor the base image excuses it.

    Args:
        findings: of one report.
        condition: what to look for.
        base: whose layers are the base's, and how surely.
        only_fixed: leave out what has no known fix.
        ignore_base: leave out what is surely the base's.
        exploited: whether a list of known exploited vulnerabilities was read; without one nobody knows of `kev`.
    """
    asked = fields_of(condition)
    sure = base is not None and base.confidence in SURE
    ground = _Ground(sure, exploited)
    counted: list[Finding] = []
    unjudged: list[Finding] = []
    why: Counter[str] = Counter()
    number = 0
    for finding in findings:
        if not _open(finding, undetermined="status" in asked):
            continue
        number += 1
        malicious = finding.category == "malicious"
        if malicious and "category" not in asked:
            counted.append(finding)
            continue
        if not malicious and ((only_fixed and not finding.fixed_in) or (ignore_base and sure and _is(finding, "base"))):
            continue
        unknown: set[str] = set()
        answer = _weigh(condition, finding, ground, unknown)
        if answer:
            counted.append(finding)
        elif answer is None:
            unjudged.append(finding)
            why.update(unknown)
    ordered = sorted(why.items(), key=lambda pair: (-pair[1], pair[0]))
    return Judgement(counted=tuple(counted), unjudged=tuple(unjudged), unknown=tuple(ordered), judged_count=number)


def _open(finding: Finding, *, undetermined: bool) -> bool:
    if finding.suppressed is not None or finding.ignored is not None:
        return False
    return finding.status == "affected" or (undetermined and finding.status == "undetermined")


def _is(finding: Finding, origin: str) -> bool:
    return finding.origin == origin


def _weigh(condition: Condition, finding: Finding, ground: _Ground, unknown: set[str]) -> bool | None:
    """True, False, or None where an unknown input decides; its name joins `unknown`."""
    if isinstance(condition, Comparison):
        answer = _test(condition, finding, ground)
        if answer is None:
            unknown.add(condition.field)
        return answer
    if isinstance(condition, Not):
        inner = _weigh(condition.inner, finding, ground, unknown)
        return None if inner is None else not inner
    answers = [_weigh(part, finding, ground, unknown) for part in condition.parts]
    decisive = isinstance(condition, Either)
    assert isinstance(condition, (Both, Either))  # noqa: S101 - the type checker's, not the user's
    if decisive in answers:
        return decisive
    return None if None in answers else not decisive


_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _test(test: Comparison, finding: Finding, ground: _Ground) -> bool | None:
    """The test for every value the finding may have: one answer for all, or None."""
    field = FIELDS[test.field]
    compare = _COMPARE[test.operator]
    if field.kind == "flag":
        flag = _FLAGS[test.field](finding, ground)
        return None if flag is None else compare(flag, test.value == "true")
    if field.kind == "number":
        found = _NUMBERS[test.field](finding)
        return None if found is None else compare(found, float(test.value))
    if test.field == "ssvc":
        return _ssvc(test, finding)
    value = _WORDS[test.field](finding)
    if field.kind == "ordered" and test.operator not in ("=", "!="):
        if value not in field.words or value == "unknown":
            return None
        return compare(field.words.index(value), field.words.index(test.value))
    return compare(value, test.value)


def _ssvc(test: Comparison, finding: Finding) -> bool | None:
    """SSVC outcomes are ranges where an input is missing: met by all of the range, by none of it, or not to be told."""
    decision = finding.ssvc
    if test.value == "unknown":
        return (decision is None) == (test.operator == "=")
    if decision is None:
        return None
    words = COORDINATOR if test.value in COORDINATOR else DEPLOYER
    outcome = decision.coordinator if words is COORDINATOR else decision.deployer
    if outcome.best not in words or outcome.worst not in words:
        return None
    first, last = sorted((words.index(outcome.best), words.index(outcome.worst)))
    answers = {_COMPARE[test.operator](rank, words.index(test.value)) for rank in range(first, last + 1)}
    return answers.pop() if len(answers) == 1 else None


def _ecosystem(finding: Finding) -> str:
    scheme, _, rest = finding.purl.partition(":")
    return rest.lstrip("/").partition("/")[0].lower() if scheme == "pkg" else "unknown"


def _app(finding: Finding, ground: _Ground) -> bool | None:
    return _is(finding, "application") if ground.sure and not _is(finding, "unknown") else None


_FLAGS: Mapping[str, Callable[[Finding, _Ground], bool | None]] = {
    "kev": lambda finding, ground: True if finding.kev is not None else False if ground.exploited else None,
    "fixable": lambda finding, _: bool(finding.fixed_in),
    "base": lambda finding, ground: ground.sure and _is(finding, "base"),
    "app": _app,
}
_NUMBERS: Mapping[str, Callable[[Finding], float | None]] = {
    "epss": lambda finding: None if finding.epss is None else finding.epss.score,
    "layer": lambda finding: finding.layer,
}
_WORDS: Mapping[str, Callable[[Finding], str]] = {
    "severity": lambda finding: finding.severity,
    "reach": lambda finding: "unknown" if finding.reach is None else finding.reach.state,
    "imported": lambda finding: "unknown" if finding.imported is None else finding.imported.state,
    "status": lambda finding: finding.status,
    "category": lambda finding: finding.category,
    "origin": lambda finding: finding.origin,
    "ecosystem": _ecosystem,
}
