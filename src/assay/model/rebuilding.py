"""A second build, what was changed around it, and what came of it."""

from typing import Literal

import msgspec

from assay.model.comparison import Comparison, Verdict

VariationName = Literal["uid", "cpus", "order", "clock", "kernel", "umask"]


class Variation(msgspec.Struct, frozen=True, kw_only=True):
    """One condition of a build, and whether it could be changed here."""

    name: VariationName
    state: Literal["varied", "partly varied", "not varied"]
    """`partly varied`: a program that ran, or a step, is known to have seen nothing of it."""
    before: str = ""
    after: str = ""
    why: str = ""
    """Why it could not be varied."""
    reach: tuple[str, ...] = ()
    """What it was seen to reach, and what not: one line a step."""


class ClockSeen(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a step was shown another wall clock: a program of its own root was asked for the time before it ran."""

    step: str
    program: str = ""
    """Which was asked."""
    ahead: int = 0
    """Seconds it was ahead of the machine's clock; 0 where it saw nothing of the shift."""
    why: str = ""
    """Why the step ran under the machine's clock."""
    unreached: tuple[str, ...] = ()
    """Programs of the root that read the clock without the C library: static ones, and those Go made. Sorted."""
    ran: Literal["traced", "unknown"] = "unknown"
    """`traced`: `unreached` lists what ran. `unknown`: what could have run."""


class Blame(msgspec.Struct, frozen=True, kw_only=True):
    """A build with one variation alone, compared with the first."""

    name: VariationName | Literal["none"]
    """`none`: the same conditions once more, so that what differs by itself is not blamed on anything."""
    verdict: Verdict
    counts: dict[str, int] = {}


class RebuildReport(msgspec.Struct, frozen=True, kw_only=True):
    """What `assay rebuild` found."""

    verdict: Verdict
    """The worst of all rebuilds', and of all platforms'."""
    platforms: dict[str, Verdict] = {}
    """Where several were built: platform → the worst of all rebuilds' of it."""
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
    def is_same(self) -> bool:
        """Whether nothing differs but what was said to be harmless."""
        return self.verdict in ("identical", "same-content", "equivalent")

    @property
    def guilty(self) -> tuple[str, ...]:
        """Variations that alone change the image where the same conditions do not."""
        changed = [one.name for one in self.bisected if one.verdict not in ("identical", "same-content")]
        return () if "none" in changed else tuple(changed)
