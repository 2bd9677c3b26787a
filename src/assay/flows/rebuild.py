"""A build once more, under other conditions, and the verdict: the same bytes, or what differs and why.

The first image is one that is there, or is built first; each rebuild changes all conditions that can be changed.
With bisection each condition is then changed alone, and none once, so that chance is not blamed on a condition.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from assay.build import producers, shifted
from assay.build.closure import difference
from assay.flows.steps import RanStep
from assay.model.comparison import Comparison, Conditions, Verdict
from assay.model.image import Subject
from assay.model.limits import Limits
from assay.model.rebuilding import Blame, ClockSeen, RebuildReport, Variation
from assay.model.tracing import Trace
from assay.ports.content import ImageSource
from assay.ports.workshop import Read

_WORST: tuple[Verdict, ...] = ("different", "unknown", "equivalent", "same-content", "identical")
_SAME = ("identical", "same-content")


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One build that is over."""

    source: ImageSource
    conditions: Conditions = Conditions()
    isolation: str = ""
    traces: Mapping[str, Trace] = {}
    """Step → what a tracer saw of it; empty where the spec asks for none, or the image was there already."""
    advice: tuple[str, ...] = ()
    """What no second build on the same machine would show."""
    clocks: tuple[ClockSeen, ...] = ()
    """What a shifted clock reached, where one was asked for: one row a step."""


Again = Callable[[frozenset[str]], Run]
"""Build once more with these variations."""
Compare = Callable[[Run, Run], Comparison]


def rebuild(
    first: Run,
    again: Again,
    compare: Compare,
    variations: Sequence[Variation],
    *,
    times: int = 1,
    bisect: bool = False,
    spec: str = "",
    lock: str = "",
) -> RebuildReport:
    """Build again and compare.

    Args:
        first: what is to be built again.
        again: builds it.
        compare: says what differs.
        variations: what is changed, and what cannot be.
        times: how many rebuilds.
        bisect: when they differ, build with each variation alone.
        spec: digest of the spec.
        lock: digest of the lock.
    """
    names = frozenset(one.name for one in variations if one.state == "varied")
    comparisons, levels, advice = [], set(), set(first.advice)
    clocks: list[ClockSeen] = []
    known, traced, strange = first.traces, 0, set[str]()
    for _ in range(times):
        run = again(names)
        levels.add(run.isolation)
        advice.update(run.advice)
        clocks += run.clocks
        comparisons.append(compare(first, run))
        # An image that was there already has no traces here: then the first rebuild is what the others are held to.
        known = known or run.traces
        pairs = [(name, known[name], trace) for name, trace in sorted(run.traces.items()) if name in known]
        traced += len(pairs) if known is not run.traces else 0
        told = shifted.explained if run.conditions.clock_shift else str
        strange |= {told(f"{name}: {line}") for name, one, other in pairs for line in difference(one, other)}
    verdict = worst(one.verdict for one in comparisons)
    variations = [shifted.settled(one, clocks) if one.name == "clock" else one for one in variations]
    names = frozenset(one.name for one in variations if one.state != "not varied")
    blames: list[Blame] = []
    if bisect and verdict not in _SAME:
        for name in ("none", *sorted(names)):
            one = compare(first, again(frozenset({name} - {"none"})))
            blames.append(Blame(name=name, verdict=one.verdict, counts=one.counts))  # type: ignore[arg-type]
    return RebuildReport(
        verdict=verdict, platforms=_by_platform(comparisons), comparisons=tuple(comparisons),
        variations=tuple(variations), spec=spec, lock=lock,
        isolation=_least(levels), bisected=tuple(blames), advice=tuple(sorted(advice)),
        traces_compared_count=traced, trace_differences=tuple(sorted(strange)),
    )  # fmt: skip


def native_outputs(steps: Iterable[RanStep], read: Read, limits: Limits) -> tuple[str, ...]:
    """Programs among steps' outputs that are made for one processor alone, by their debug data; sorted.

    Args:
        steps: that ran.
        read: gives the bytes of a span.
        limits: `compare_file_bytes`; greater files are not looked into.
    """
    found = set()
    for step in steps:
        for item in (item for output in step.outputs for item in output.entries):
            if item.span is None or item.span.size > limits.compare_file_bytes:
                continue
            for machine in producers.native(b"".join(read(item.span)), limits.compare_file_bytes):
                path = item.entry.path.decode("utf-8", "backslashreplace")
                found.add(f"{producers.CODE} {step.name} {path}: made for {machine}, whatever runs it")
    return tuple(sorted(found))


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """What all of them together say; of none it is `unknown`."""
    found = set(verdicts)
    return next((verdict for verdict in _WORST if verdict in found), "unknown")


def together(platforms: Mapping[str, Comparison]) -> Comparison:
    """The comparisons of several platforms as one: that of the worst, the first by name, and every one's verdict."""
    verdict = worst(one.verdict for one in platforms.values())
    chosen = next(one for _, one in sorted(platforms.items()) if one.verdict == verdict)
    if len(platforms) == 1:
        return chosen
    return msgspec.structs.replace(chosen, platforms={name: one.verdict for name, one in sorted(platforms.items())})


def _by_platform(comparisons: Iterable[Comparison]) -> dict[str, Verdict]:
    found: dict[str, list[Verdict]] = {}
    for one in comparisons:
        for name, verdict in one.platforms.items():
            found.setdefault(name, []).append(verdict)
    return {name: worst(verdicts) for name, verdicts in sorted(found.items())}


def subject_of(report: RebuildReport) -> Subject:
    """The image that was built again."""
    return report.comparisons[0].before


def _least(levels: set[str]) -> str:
    return next((level for level in ("open", "namespaced", "sealed") if level in levels), "")
