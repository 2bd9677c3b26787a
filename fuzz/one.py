"""One harness under the fuzzer, in a process of its own, forked from one that has imported everything instrumented.

A finding is written to a folder with its traceback, once for each place it comes from, and the run goes on; a hang, or
memory without bound, ends the process, and libFuzzer writes the input.
"""

import contextlib
import hashlib
import io
import os
import sys
import traceback
from pathlib import Path

import atheris

with contextlib.redirect_stderr(io.StringIO()), atheris.instrument_imports(include=["assay"]):  # it names each module
    from harnesses import TABLE, Harness, answers

FINDINGS_COUNT = 50
"""Of one harness in one run."""


def fork(row: Harness, options: list[str], findings: Path, log: Path) -> int:
    """Run libFuzzer with these options and folders; the process to wait for. What it says goes to `log`."""
    child = os.fork()
    if child:
        return child
    try:
        handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(handle, 1)
        os.dup2(handle, 2)
        _fuzz(row, options, findings)
    finally:
        os._exit(70)


def _fuzz(row: Harness, options: list[str], findings: Path) -> None:
    seen: set[str] = set()

    def target(data: bytes) -> None:
        try:
            answers(row.check, data)
        except Exception as error:
            keep(error, data, seen, findings, row.name)

    atheris.Setup([sys.argv[0], f"-max_len={row.bytes_limit}", *options], target)
    atheris.Fuzz()


def keep(error: Exception, data: bytes, seen: set[str], folder: Path, name: str) -> None:
    """Write a finding of a kind not seen in this run: the kind is the exception and the lines it came through."""
    trace = traceback.extract_tb(error.__traceback__)
    kind = type(error).__name__ + repr([(frame.filename, frame.lineno) for frame in trace[-2:]])
    if kind in seen or len(seen) >= FINDINGS_COUNT:
        return
    seen.add(kind)
    stem = folder / f"{name}-{hashlib.sha256(kind.encode()).hexdigest()[:12]}"
    stem.with_suffix(".input").write_bytes(data)
    text = "".join(traceback.format_exception(error))
    stem.with_suffix(".txt").write_text(f"{data[:2000]!r}\n{text}", "utf-8", "backslashreplace")


__all__ = ["TABLE", "Harness", "fork"]
