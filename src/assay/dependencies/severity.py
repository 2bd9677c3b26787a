"""How severe: the highest CVSS version's highest score, else the record's own word, else unknown."""

from collections.abc import Iterable
from functools import lru_cache

from assay.model.advisory import Score

_RANKS = {"none": 0, "low": 1, "medium": 2, "high": 3, "critical": 4}


@lru_cache(maxsize=64)
def _newest(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def ordered(scores: Iterable[Score]) -> tuple[Score, ...]:
    """Newest CVSS version first, within it the highest score first; each once; those without a severity last."""
    found = set(scores)
    if len(found) < 2:
        return tuple(found)
    return tuple(
        sorted(
            sorted(found),
            key=lambda score: (score.severity in _RANKS, _newest(score.version), score.score),
            reverse=True,
        )
    )


def severity(scores: tuple[Score, ...], words: Iterable[str]) -> str:
    """The severity of ordered scores, else the most severe of the words, else `unknown`."""
    if scores and scores[0].severity in _RANKS:
        return scores[0].severity
    known = [word for word in words if word in _RANKS]
    return max(known, key=_RANKS.__getitem__) if known else "unknown"
