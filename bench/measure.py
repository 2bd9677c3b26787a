"""Run a command with all its processes and account for it: CPU, wall (the kernel's own figures), peak memory.

A process that works in several is charged for all of them: its memory is the greatest sum over its tree, in which a
page that two share counts once (PSS, proc(5)). Taking that costs time, so it is taken in a run of its own.
"""

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

_SAMPLE_SECONDS = 0.01
Contender = tuple[Callable[[], None], Sequence[str], dict[str, str]]
"""Preparation (not measured), command, additions to the environment."""


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
    for _ in range(rounds):
        for name, (prepare, argv, env) in contenders.items():
            prepare()
            results[name].append(run(argv, {**os.environ, **env}))
    for name, (prepare, argv, env) in contenders.items():
        prepare()
        peak = run(argv, {**os.environ, **env}, sampled=True).peak
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
