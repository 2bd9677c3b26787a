"""Run a command as a whole process and account for it: CPU, wall, peak memory (the kernel's own figures)."""

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Run:
    """One finished process: seconds of processor, seconds of wall clock, MiB of peak resident memory, exit code."""

    cpu: float
    wall: float
    peak: float
    code: int


def run(argv: Sequence[str], env: dict[str, str] | None = None) -> Run:
    """Run a command to its end; its output is thrown away."""
    begun = time.perf_counter()
    process = subprocess.Popen(
        argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=env
    )
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    return Run(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024, process.returncode)


def alternate(
    contenders: Mapping[str, tuple[Callable[[], None], Sequence[str], dict[str, str]]], rounds: int
) -> dict[str, list[Run]]:
    """A B C A B C …: each round runs every contender once, after its preparation (not measured)."""
    results: dict[str, list[Run]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, (prepare, argv, env) in contenders.items():
            prepare()
            results[name].append(run(argv, {**os.environ, **env}))
    return results


def median(runs: list[Run]) -> Run:
    """The median of each figure; the worst exit code."""
    return Run(
        statistics.median(r.cpu for r in runs),
        statistics.median(r.wall for r in runs),
        statistics.median(r.peak for r in runs),
        max((r.code for r in runs), key=abs),
    )
