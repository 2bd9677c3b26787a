"""What the user's ignore rules did, for every rendering: how much, which rules have ended, which fit nothing."""

from assay.model.ignore import IgnoreRule
from assay.model.report import Report

_SHOWN = 5


def ignore_lines(report: Report) -> list[str]:
    """Plain text lines, the first a count; none without rules. Texts are the user's: the caller makes them safe."""
    told = report.ignores
    if told is None:
        return []
    lines = [
        f"{told.ignored_count} ignored by rules of yours ({_rules(told.rules_count)} in {', '.join(told.files)}); "
        "policy does not see them"
    ]
    lines += _listed("ended, counts again", told.expired)
    if told.unused:
        lines.append(_unused(told.unused))
    return lines


def _rules(count: int) -> str:
    return f"{count} rule{'s' * (count != 1)}"


def _unused(rules: tuple[IgnoreRule, ...]) -> str:
    more = " …" if len(rules) > _SHOWN else ""
    fits = "fits" if len(rules) == 1 else "fit"
    return f"{_rules(len(rules))} {fits} nothing here: {', '.join(map(named, rules[:_SHOWN]))}{more}"


def named(rule: IgnoreRule) -> str:
    """What a rule names: `CVE-2024-0001 pkg:deb/debian/openssl`."""
    return " ".join(filter(None, (rule.id, rule.purl, rule.path)))


def _listed(what: str, rules: tuple[IgnoreRule, ...]) -> list[str]:
    lines = [f"ignore rule {what}: {named(rule)} (until {rule.until}: {rule.reason})" for rule in rules[:_SHOWN]]
    return [*lines, f"… {len(rules) - _SHOWN} more have ended"] if len(rules) > _SHOWN else lines
