"""Run a command with all its processes and account for it: CPU, wall (the kernel's own figures), peak memory.

A process that works in several is charged for all of them: its memory is the greatest sum over its tree, in which a
page that two share counts once (PSS, proc(5)). Taking that costs time, so it is taken in a run of its own.
"""

import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

_SAMPLE_SECONDS = 0.01
Contender = tuple[Callable[[], None], Sequence[str], dict[str, str]]
"""Preparation (not measured), command, additions to the environment."""


class Row(NamedTuple):
    """What has a bar: measured, or not measured and why."""

    what: str
    measured: float | None
    bar: float
    why: str = ""
    """Why there is no figure."""

    @property
    def told_bar(self) -> str:
        """Its bar; a figure without one is informative."""
        return "none" if self.bar == math.inf else f"{self.bar:g}"

    def __str__(self) -> str:
        found = f"not measured: {self.why}" if self.measured is None else f"{self.measured:.3f}"
        return f"{self.what}: {found} (bar {self.told_bar})"

    def markdown(self) -> str:
        """A row of the results page."""
        if self.measured is None:
            return f"| {self.what} | not measured: {self.why} | {self.told_bar} | – |"
        held = "–" if self.bar == math.inf else "yes" if self.measured <= self.bar else "NO"
        return f"| {self.what} | {self.measured:.2f} | {self.told_bar} | {held} |"


def missing(what: str, bar: float, why: str) -> Row:
    """A row without a figure."""
    return Row(what, None, bar, " ".join(why.split()).replace("|", "/"))


def ratio(what: str, bar: float, ours: "Run", theirs: "Run") -> Row:
    """Our wall clock over theirs; no figure where either did not end well."""
    failed = " and ".join(name for name, one in (("ours", ours), ("theirs", theirs)) if one.code)
    return missing(what, bar, f"{failed} did not end well") if failed else Row(what, ours.wall / theirs.wall, bar)


def progress(what: str) -> None:
    """Say on stderr what goes on."""
    print(f"[{time.strftime('%H:%M:%S')}] {what}", file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Run:
    """One finished command: seconds of processor, seconds of wall clock, MiB of peak memory, exit code."""

    cpu: float
    wall: float
    peak: float
    code: int


def run(argv: Sequence[str], env: dict[str, str] | None = None, *, sampled: bool = False) -> Run:
    """Run a command to its end; its output is thrown away.

    Args:
        argv: the command.
        env: its whole environment.
        sampled: look at the memory of the whole tree every 10 ms; else the peak is 0. (The kernel's own figure of a
            child would count what this process held when it forked.)
    """
    begun = time.perf_counter()
    process = subprocess.Popen(
        argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=env
    )
    together = 0.0
    while sampled and os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        together = max(together, sum(map(_proportional, _tree(process.pid))))
        time.sleep(_SAMPLE_SECONDS)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    return Run(usage.ru_utime + usage.ru_stime, wall, together, process.returncode)


def _tree(pid: int) -> list[int]:
    """The process and all below it; those that end meanwhile may be missing."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            children = [int(child) for child in file.read().split()]
    except OSError:
        children = []
    return [pid, *(one for child in children for one in _tree(child))]


def _proportional(pid: int) -> float:
    """MiB, shared pages divided among those who share them."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            return sum(int(line.split()[1]) for line in file if line.startswith("Pss:")) / 1024
    except OSError:
        return 0.0


def alternate(contenders: dict[str, Contender], rounds: int) -> dict[str, list[Run]]:
    """A B C A B C …: each round runs every contender once, after its preparation; a last round takes the memory."""
    results: dict[str, list[Run]] = {name: [] for name in contenders}
    for turn in range(rounds):
        for name, (prepare, argv, env) in contenders.items():
            prepare()
            one = run(argv, {**os.environ, **env})
            results[name].append(one)
            progress(f"round {turn + 1} of {rounds}: {name}: {one.wall:.2f} s{f', exit {one.code}' * bool(one.code)}")
    for name, (prepare, argv, env) in contenders.items():
        prepare()
        peak = run(argv, {**os.environ, **env}, sampled=True).peak
        progress(f"memory: {name}: {peak:.0f} MiB")
        results[name] = [replace(one, peak=peak) for one in results[name]]
    return results


def median(runs: list[Run]) -> Run:
    """The median of each figure; the worst exit code."""
    return Run(
        statistics.median(r.cpu for r in runs),
        statistics.median(r.wall for r in runs),
        statistics.median(r.peak for r in runs),
        max((r.code for r in runs), key=abs),
    )
