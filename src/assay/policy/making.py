"""The sections about how an artifact was made, which stand in the document only where there is something to say."""

from collections.abc import Callable, Sequence
from functools import partial

from assay.formats import predicates
from assay.model.evidence import Evidence
from assay.policy import origins, rebuilt
from assay.policy.about import Section, Sources, guarded

Judge = Callable[[Sequence[Evidence]], Section]


def makers(builds: Judge | None) -> dict[str, Callable[[Sources], Section]]:
    """Section to what makes it.

    Args:
        builds: judges the builds that evidence describes; None where nobody can.
    """
    return {
        "provenance": _provenance,
        "summaries": _summaries,
        "builds": partial(_builds, judge=builds),
        "rebuilds": _rebuilds,
        "archives": _archives,
    }


def _provenance(sources: Sources) -> Section:
    found = sources.of(predicates.PROVENANCE)
    return origins.provenance(found, sources.builders() if found and sources.builders else None)


def _summaries(sources: Sources) -> Section:
    operators_count = guarded(_provenance, sources).get("operators_count", 0)
    return origins.summaries(sources.of(predicates.VSA), operators_count)


def _rebuilds(sources: Sources) -> Section:
    return rebuilt.rebuilds(sources.of(predicates.VSA))


def _archives(sources: Sources) -> Section:
    return rebuilt.archives(sources.of(predicates.BUILD_RECORD))


def _builds(sources: Sources, judge: Judge | None) -> Section:
    """Builds and whether they were hermetic, judged by whoever knows builds: another room."""
    if judge is None or not sources.of(predicates.PROVENANCE):
        return {"state": "absent", "items": [], "evidence": []}
    return judge(sources.of(predicates.PROVENANCE, predicates.RUNTIME_TRACE))
