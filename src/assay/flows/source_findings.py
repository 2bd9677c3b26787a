"""What a build knows about its sources in the end: the lock's comparison with the tag, and what the steps opened."""

from collections.abc import Iterable, Mapping

import msgspec

from assay.build import lock as locks
from assay.build.closure import Closure
from assay.source import archive_trace
from assay.source.archive_diff import Difference
from assay.source.archive_trace import Joined

_TRACED = ("closed", "open")


class Reader(msgspec.Struct, frozen=True):
    """A step, as far as it read sources."""

    inputs: tuple[str, ...]
    """`sources.X` and others."""
    closure: Closure


def source_findings(lock: locks.Lock, steps: Iterable[Reader]) -> Mapping[str, Joined]:
    """Findings about each archive that was compared with its tag.

    Args:
        lock: with what was found when it was made.
        steps: that ran.
    """
    ran = tuple(steps)
    found: dict[str, Joined] = {}
    for name, source in sorted(lock.sources.items()):
        if not isinstance(source, locks.ArchiveLock) or isinstance(source.compared, msgspec.UnsetType):
            continue
        compared = source.compared
        differences = [msgspec.convert(msgspec.to_builtins(one), Difference) for one in compared.differences]
        here = sum(one.code != "source.archive-missing-file" for one in differences)
        opened = [_opened(step.closure, f"/src/{name}/") for step in ran if f"sources.{name}" in step.inputs]
        found[name] = archive_trace.join(
            differences, compared.test_blobs, opened, files_count=compared.same + len(compared.generated) + here
        )
    return found


def _opened(closure: Closure, folder: str) -> frozenset[str] | None:
    """Paths in a source that a step opened; None where its trace does not tell."""
    if closure.state not in _TRACED:
        return None
    return frozenset(one.path.removeprefix(folder) for one in closure.accessed if one.path.startswith(folder))
