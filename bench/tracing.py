"""What watching a step costs: its wall clock over that of the same step unwatched, in the same sandbox.

The step starts a program three times a turn, as a `configure` script does, in a root of this machine's own shell and
tools. Rows are the tracers of the table, in turn; one that does not work here is named with its reason.

python bench/tracing.py          prints these rows alone
"""

import functools
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from assay.adapters import sandboxes, tracers
from assay.adapters.tracer_fanotify import Fanotify
from assay.adapters.tracer_handles import Handles
from assay.adapters.tracer_strace import Strace
from assay.build.sealing import MOUNT_POINTS, environment
from assay.model.errors import AssayError
from assay.model.tracing import Scope
from assay.ports.sandbox import SealedCommand
from assay.ports.tracing import Tracer
from measure import Row, missing, progress

ROUNDS = 3
TURNS = 300
SCRIPT = (
    f"i=0; while test $i -lt {TURNS}; do i=$((i + 1)); "
    "echo $i > t; cat t | sed s/1/2/ > u; grep -q 2 u || cat /etc/words > v; done"
)
TRACERS: dict[tuple[Scope, str], tuple[Callable[[], Tracer], float]] = {
    ("files", "fanotify, root's"): (Fanotify, 1.2),
    ("files", "fanotify, anybody's"): (Handles, 1.2),
    ("processes", "strace, programs and connections"): (Strace, math.inf),
    ("files", "strace, files too"): (Strace, math.inf),
}
"""Scope and label → tracer and bar; strace has none, it is there to be compared with."""


def rows() -> list[Row]:
    """Watched over unwatched, for each tracer."""
    why = {label: make().available() for (_, label), (make, _) in TRACERS.items()}
    try:
        with tempfile.TemporaryDirectory(prefix="assay-bench-") as folder:
            medians = _measured(_root(Path(folder) / "root"), {label for label, lacks in why.items() if not lacks})
    except (AssayError, FileNotFoundError) as error:
        why, medians = {label: str(error) for label in why}, {}
    found = []
    for (_, label), (_, bar) in TRACERS.items():
        what = f"step watched by {label}: wall / unwatched"
        found.append(missing(what, bar, why[label]) if why[label] else Row(what, medians[label] / medians[""], bar))
    return found


def _measured(root: Path, wanted: set[str]) -> dict[str, float]:
    """Median seconds by label; the empty one is not watched."""
    launcher = sandboxes.best()
    command = SealedCommand(
        root=str(root),
        arguments=("/bin/sh", "-e", "-c", SCRIPT),
        environment=environment(1_700_000_000, hardened=False, extra={}),
    )
    runs: dict[str, tuple[Scope, Callable[[], Tracer] | None]] = {"": ("none", None)}
    runs |= {label: (scope, make) for (scope, label), (make, _) in TRACERS.items() if label in wanted}
    spent: dict[str, list[float]] = {label: [] for label in runs}
    for turn in range(ROUNDS):
        for label, (scope, make) in runs.items():
            tracers.best = functools.partial(_only, make)
            begun = time.perf_counter()
            done = launcher.run(_asked(command, scope))
            spent[label].append(time.perf_counter() - begun)
            seen = done.trace.state if done.trace else "not watched"
            progress(f"round {turn + 1} of {ROUNDS}: step {label}: {spent[label][-1]:.2f} s, {seen}")
            if done.exit_code or seen not in ("complete", "not watched"):
                raise AssayError(f"a step ended with {done.exit_code}", why=f"{seen} {done.log[-200:]!r}")
    return {label: statistics.median(times) for label, times in spent.items()}


def _asked(command: SealedCommand, scope: Scope) -> SealedCommand:
    return msgspec.structs.replace(command, trace=scope)


def _only(make: Callable[[], Tracer] | None, _: Scope) -> tuple[Tracer | None, str]:
    return (make() if make else None), ""


def _root(folder: Path) -> Path:
    """The shell and the tools of this machine with their libraries."""
    for name in (*MOUNT_POINTS, "etc"):
        (folder / name).mkdir(parents=True)
    (folder / "etc" / "words").write_text("words\n")
    for source, target in (("/bin/sh", "bin/sh"), *((tool, f"usr/bin/{tool}") for tool in ("cat", "sed", "grep"))):
        program = shutil.which(source)
        if program is None:
            raise FileNotFoundError(f"{source} is not installed")
        told = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
        for file, place in ((program, target), *((word, word[1:]) for word in told.split() if word.startswith("/"))):
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(os.path.realpath(file), folder / place)
    for place in (folder, folder.parent):
        place.chmod(0o755)
    return folder


if __name__ == "__main__":
    for row in rows():
        sys.stdout.write(f"{row}\n")
