"""One head of two records that share an id: nothing either of them says is lost."""

import msgspec

from assay.model.advisory import Advisory, VulnerableCode

_CATEGORIES = {"malicious": 0, "vulnerability": 1, "informational": 2}
_SEVERITIES = {word: rank for rank, word in enumerate(("", "none", "low", "medium", "high", "critical"))}


def merge(first: Advisory, second: Advisory) -> Advisory:
    """Join two heads (without `affected`) of one id; the feed, and texts where both have one, are the first's.

    A record counts as withdrawn only if both are: the feed that still stands by it is heard.
    """
    withdrawn = max(first.withdrawn, second.withdrawn) if first.withdrawn and second.withdrawn else ""
    return msgspec.structs.replace(
        first,
        aliases=_union(first.aliases, second.aliases),
        upstream=_union(first.upstream, second.upstream),
        related=_union(first.related, second.related),
        category=min(first.category, second.category, key=_CATEGORIES.__getitem__),
        summary=first.summary or second.summary,
        published=min(filter(None, (first.published, second.published)), default=""),
        modified=max(first.modified, second.modified),
        withdrawn=withdrawn,
        scores=tuple(sorted({*first.scores, *second.scores})),
        severity=max(first.severity, second.severity, key=_SEVERITIES.__getitem__),
        references=tuple(dict.fromkeys((*first.references, *second.references))),
        code=_code(first, second),
    )


def _code(first: Advisory, second: Advisory) -> tuple[VulnerableCode, ...]:
    """Only if both say where the flaw lies is it known; then it lies in all of these places."""
    return tuple(sorted({*first.code, *second.code})) if first.code and second.code else ()


def _union(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({*first, *second}))
