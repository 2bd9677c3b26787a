"""What an archive holds beyond its tag, joined with what the build opened (rules A-05 and B26).

A file nobody reviewed weighs more once a build has read it; a binary file among the tests has no business in a build.
"""

from collections.abc import Collection, Iterable
from typing import Literal

import msgspec

from assay.source.archive_diff import Difference, Severity

State = Literal["traced", "copied-whole", "not-traced"]
_RAISED: dict[Severity, Severity] = {"high": "critical", "medium": "high"}


class Joined(msgspec.Struct, frozen=True, kw_only=True):
    """The findings about an archive, after a build."""

    state: State
    """`traced`: the weights know what was opened. `copied-whole`: a step read every file, so its trace says nothing of
    any one of them. `not-traced`: no trace, or one that is not whole. Only `traced` lowers a doubt."""
    findings: tuple[Difference, ...]


def join(
    differences: Iterable[Difference],
    test_blobs: Iterable[str],
    opened: Iterable[Collection[str] | None],
    *,
    files_count: int,
) -> Joined:
    """The differences with the weight the trace gives them, and a finding for each test file the build opened.

    Args:
        differences: of one archive.
        test_blobs: its binary test files.
        opened: for each step that had the archive as input, the paths in it that it opened; None where nobody knows.
        files_count: how many files the archive has.
    """
    kept, steps = tuple(differences), tuple(opened)
    if not steps or any(step is None for step in steps):
        return Joined(state="not-traced", findings=kept)
    known = [step for step in steps if step is not None]
    if any(len(step) >= files_count for step in known):
        return Joined(state="copied-whole", findings=kept)
    read = frozenset(path for step in known for path in step)
    found = [_weighed(one) if one.path in read and one.severity in _RAISED else one for one in kept]
    why = "a binary file among the tests, and the build read it"
    found += [Difference("source.test-blob-read-in-build", "high", path, why) for path in test_blobs if path in read]
    return Joined(state="traced", findings=tuple(sorted(found)))


def _weighed(one: Difference) -> Difference:
    return msgspec.structs.replace(one, severity=_RAISED[one.severity], why=f"{one.why}; the build opened it")
