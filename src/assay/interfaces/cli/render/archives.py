"""What source archives hold beyond the tags they claim to be, in lines: after a build, and from its verified record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from assay.formats import predicates
from assay.model.errors import MalformedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from assay.build.lock import Lock
    from assay.model.evidence import Evidence
    from assay.source.archive_trace import Joined

_SEVERITIES = ("critical", "high", "medium", "low")
_STATES = {
    "traced": "weighed by what the build opened",
    "copied-whole": "a step read the archive whole, so no trace weighs them",
    "not-traced": "no trace weighs them",
}
_SHOWN_COUNT = 3


def of_build(lock: Lock, found: Mapping[str, Joined]) -> list[str]:
    """One line for each archive that was compared with its tag when it was locked.

    Args:
        lock: the build's.
        found: source → its findings, after the build.
    """
    from assay.build import lock as locks

    lines = []
    for name, joined in sorted(found.items()):
        source = lock.sources.get(name)
        if not isinstance(source, locks.ArchiveLock) or isinstance(source.compared, msgspec.UnsetType):
            continue
        at, counts = source.compared, _counts(one.severity for one in joined.findings)
        lines.append(
            f"archive {name}: {at.same} files are those of tag {at.tag}, {len(at.generated)} are generated, "
            + (f"{counts}: {_STATES[joined.state]}" if counts else "no others")
        )
    return lines


def of_record(evidence: Evidence | None) -> list[str]:
    """The same of a verified record of a build, with the worst findings; nothing of any other evidence."""
    if evidence is None or predicates.canonical_type(evidence.statement.predicate_type) != predicates.BUILD_RECORD:
        return []
    from assay.policy import rebuilt

    try:
        items: Sequence[dict[str, object]] = rebuilt.archives([evidence])["items"]
    except MalformedError as error:
        return [error.line()]
    lines = []
    for item in items:
        findings = item["findings"]
        assert isinstance(findings, list)  # noqa: S101
        counts = _counts(str(one["severity"]) for one in findings)
        state = _STATES[str(item["traced"])]
        lines.append(f"archive {item['source']} beyond its tag: {f'{counts}: {state}' if counts else 'nothing'}")
        shown = [one for one in findings if one["severity"] in ("critical", "high")][:_SHOWN_COUNT]
        lines += [f"  {one['severity']} {one['code']} {one['path']}" for one in shown]
    return lines


def _counts(severities: Iterable[str]) -> str:
    words = list(severities)
    return ", ".join(f"{words.count(one)} {one}" for one in _SEVERITIES if one in words)
