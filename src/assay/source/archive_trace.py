"""What an archive holds beyond its tag, joined with what the build opened (rules A-05 and B26).

A file nobody reviewed weighs more once a build has read it; a binary file among the tests has no business in a build.
"""

from collections.abc import Collection, Iterable

import msgspec

from assay.source.archive_diff import Difference, Severity

_RAISED: dict[Severity, Severity] = {"high": "critical", "medium": "high"}
COPIERS = frozenset({"cp", "install", "rsync", "mv", "ln", "tar", "find", "chmod", "chown"})
"""Programs that carry a tree to where it is built: that they open a file says nothing about it."""


class Opened(msgspec.Struct, frozen=True, order=True):
    """A file that a step opened."""

    path: str
    program: str = ""
    """Last part of the program's path; empty where the tracer does not tell."""


def join(
    differences: Iterable[Difference], test_blobs: Iterable[str], opened: Iterable[Opened]
) -> tuple[Difference, ...]:
    """The differences with the weight the trace gives them, and a finding for each test file the build opened.

    A file is found by the tail of its path: builds copy a source before they work on it.

    Args:
        differences: of one archive.
        test_blobs: its binary test files.
        opened: what the steps that had the archive as input opened, and by which program.
    """
    kept, blobs = tuple(differences), tuple(test_blobs)
    read = _read({one.path for one in kept} | set(blobs), opened)
    found = [_weighed(one) if one.path in read and one.severity in _RAISED else one for one in kept]
    why = "a binary file among the tests, and the build read it"
    found += [Difference("source.test-blob-read-in-build", "high", path, why) for path in blobs if path in read]
    return tuple(sorted(found))


def _weighed(one: Difference) -> Difference:
    return msgspec.structs.replace(one, severity=_RAISED[one.severity], why=f"{one.why}; the build opened it")


def _read(wanted: Collection[str], opened: Iterable[Opened]) -> frozenset[str]:
    """Those of the paths that something other than a copying program opened."""
    found: set[str] = set()
    for one in opened:
        if one.program.rpartition("/")[2] in COPIERS:
            continue
        tail = one.path.strip("/")
        while tail and tail not in wanted:
            tail = tail.partition("/")[2]
        if tail:
            found.add(tail)
    return frozenset(found)
