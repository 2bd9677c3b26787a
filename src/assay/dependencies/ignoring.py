"""Ignore rules met findings. They shape what is counted and `--fail-on`; the finding stays, with the rule's reason."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache

import msgspec

from assay.formats import purl as purls
from assay.model.errors import MalformedError
from assay.model.finding import Finding
from assay.model.ignore import Ignored, IgnoreRule, Ignores
from assay.model.inventory import Component
from assay.model.purl import Purl


def apply(
    findings: Iterable[Finding],
    components: Iterable[Component],
    rules: Sequence[IgnoreRule],
    *,
    today: str,
    files: tuple[str, ...] = (),
) -> tuple[tuple[Finding, ...], Ignores]:
    """Mark what a rule in force fits.

    What VEX suppressed or evidence cleared is left as it is: that has a better reason already. A malicious package is
    ignored only by a rule that names its id. A rule with a path fits only where every place of the package fits.

    Args:
        findings: of one report.
        components: their components, for the places.
        rules: of all files, in their order; the first that fits gives the reason.
        today: the day of the report, `YYYY-MM-DD`; a rule counts through its last day.
        files: names of the files, for the summary.
    """
    expired = tuple(rule for rule in rules if rule.until < today)
    known = {c.key: c for c in components}
    book = _Book([rule for rule in rules if rule.until >= today])
    used: set[int] = set()
    marked: list[Finding] = []
    for finding in findings:
        rule = None if finding.suppressed or finding.status == "not_affected" else book.first(finding, known)
        if rule is not None:
            used.add(id(rule))
            why = Ignored(reason=rule.reason, until=rule.until, by=rule.by, where=rule.where)
            finding = msgspec.structs.replace(finding, ignored=why)
        marked.append(finding)
    return tuple(marked), Ignores(
        files=files,
        rules_count=len(rules),
        ignored_count=sum(f.ignored is not None for f in marked),
        expired=expired,
        unused=tuple(rule for rule in book.rules if id(rule) not in used),
    )


class _Book:
    """Rules in force, those with an id to be found by it: thousands of rules meet thousands of findings."""

    def __init__(self, rules: list[IgnoreRule]) -> None:
        self.rules = rules
        self._by_id: dict[str, list[int]] = {}
        self._others: list[int] = []
        for number, rule in enumerate(rules):
            (self._by_id.setdefault(rule.id.casefold(), []) if rule.id else self._others).append(number)

    def first(self, finding: Finding, components: Mapping[str, Component]) -> IgnoreRule | None:
        named = {n for i in (finding.id, *finding.aliases) for n in self._by_id.get(i.casefold(), ())}
        others = self._others if finding.category != "malicious" else ()
        return next(
            (self.rules[n] for n in sorted({*named, *others}) if _fits(self.rules[n], finding, components)), None
        )


def _fits(rule: IgnoreRule, finding: Finding, components: Mapping[str, Component]) -> bool:
    """Whether the rest of the rule fits; its id, if it has one, was found by."""
    if rule.purl and not _same_package(rule.purl, finding.purl):
        return False
    if not rule.path:
        return True
    component = components.get(finding.component)
    places = [o.path for o in component.occurrences] if component is not None else []
    fits = _glob(rule.path.lstrip("/"))
    return bool(places) and all(fits(place) for place in places)


def _same_package(wanted: str, found: str) -> bool:
    asked, own = _parsed(wanted), _parsed(found)
    return (
        asked is not None
        and own is not None
        and (asked.type, asked.namespace, asked.name) == (own.type, own.namespace, own.name)
        and asked.version in ("", own.version)
        and asked.subpath in ("", own.subpath)
        and set(asked.qualifiers) <= set(own.qualifiers)
    )


@lru_cache(maxsize=20_000)
def _parsed(text: str) -> Purl | None:
    try:
        return purls.parse(text)
    except MalformedError:
        return None


@lru_cache(maxsize=20_000)
def _glob(pattern: str) -> Callable[[str], bool]:
    """Whether a path fits a pattern of `*` and `?`.

    Each part between stars is looked for once, from where the one before ended (the leftmost place is always the best
    one), so a hostile pattern takes no more than linear time a part.
    """
    first, *rest = [re.compile(".".join(map(re.escape, part.split("?"))), re.DOTALL) for part in pattern.split("*")]
    if not rest:
        return lambda path: first.fullmatch(path) is not None
    *middle, last = rest
    tail = len(pattern.rpartition("*")[2])

    def fits(path: str) -> bool:
        begin = first.match(path)
        if begin is None:
            return False
        at = begin.end()
        for part in middle:
            found = part.search(path, at)
            if found is None:
                return False
            at = found.end()
        return len(path) - tail >= at and last.fullmatch(path, len(path) - tail) is not None

    return fits
