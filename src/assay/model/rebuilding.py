"""A second build, what was changed around it, and what came of it."""

from typing import Literal

import msgspec

from assay.model.comparison import Comparison, Verdict

VariationName = Literal["uid", "cpus", "order", "clock", "kernel", "umask"]


class Variation(msgspec.Struct, frozen=True, kw_only=True):
    """One condition of a build, and whether it could be changed here."""

    name: VariationName
    state: Literal["varied", "not varied"]
    before: str = ""
    after: str = ""
    why: str = ""
    """Why it could not be varied."""


class Blame(msgspec.Struct, frozen=True, kw_only=True):
    """A build with one variation alone, compared with the first."""

    name: VariationName | Literal["none"]
    """`none`: the same conditions once more, so that what differs by itself is not blamed on anything."""
    verdict: Verdict
    counts: dict[str, int] = {}


class RebuildReport(msgspec.Struct, frozen=True, kw_only=True):
    """What `assay rebuild` found."""

    verdict: Verdict
    """The worst of all rebuilds'."""
    comparisons: tuple[Comparison, ...]
    """Each rebuild against the first image."""
    variations: tuple[Variation, ...]
    isolation: str = ""
    """Of the rebuilds' steps: the least of them; empty where there were none."""
    spec: str = ""
    """Digest."""
    lock: str = ""
    """Digest of the lock's canonical form."""
    bisected: tuple[Blame, ...] = ()
    advice: tuple[str, ...] = ()
    """What two builds on one machine do not show: `build.native-code PATH: PROCESSOR`."""
    traces_compared_count: int = 0
    """Pairs of traces of one step in two builds."""
    trace_differences: tuple[str, ...] = ()
    """What steps of two builds did not do alike, whatever the bytes say: `STEP: file only in the second: /usr/…`."""

    @property
    def guilty(self) -> tuple[str, ...]:
        """Variations that alone change the image where the same conditions do not."""
        changed = [one.name for one in self.bisected if one.verdict not in ("identical", "same-content")]
        return () if "none" in changed else tuple(changed)
