"""Every harness under the coverage-guided fuzzer, for a bounded time; a table of what was run and found.

    run.py [--seconds TOTAL] [HARNESS …]

The kept corpus, and what earlier runs found in `.fuzz/corpus`, are where each harness starts; findings go to
`.fuzz/crashes`. `keep.py` minimises and keeps a corpus. Exit codes: 0 nothing was found, 1 something was, 2 the fuzzer
cannot be had here.
"""

import argparse
import os
import re
import signal
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / ".fuzz"
CRASHES, CORPUS = WORK / "crashes", WORK / "corpus"
sys.path[:0] = [str(WORK / "packages"), str(ROOT / "src"), str(ROOT / "fuzz")]
INPUT_SECONDS, MEMORY_MIB = 20, 2048
GRACE_SECONDS = 60.0
"""How much longer than asked a harness may take to begin and to end."""
_RUNS = re.compile(rb"(?:stat::number_of_executed_units:\s*|Done )(\d+)")
_LAST = re.compile(rb"^#(\d+)\t", re.MULTILINE)
_COVERED = re.compile(rb" cov: (\d+) ")


def main() -> int:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=300.0, help="in total, over all harnesses")
    parser.add_argument("harness", nargs="*", help="only these")
    words = parser.parse_args()
    try:
        import one
    except ModuleNotFoundError as error:
        print(f"the fuzzer is not installed ({error}): run `make fuzz`", file=sys.stderr)
        return 2
    unknown = set(words.harness) - {row.name for row in one.TABLE}
    if unknown:
        print(f"no such harness: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    rows = [row for row in one.TABLE if not words.harness or row.name in words.harness]
    CRASHES.mkdir(parents=True, exist_ok=True)
    print(f"{'harness':<28}{'runs':>10}{'covered':>9}{'corpus':>8}{'findings':>10}", flush=True)
    found = total = 0
    for row in rows:
        runs, covered, findings = fuzz(one, row, max(1, round(words.seconds / len(rows))))
        files = len(os.listdir(CORPUS / row.name))
        print(f"{row.name:<28}{runs:>10,}{covered:>9,}{files:>8,}{findings:>10}", flush=True)
        found, total = found + findings, total + runs
    print(f"{len(rows)} harnesses, {total:,} runs, {found} findings" + (f" in {CRASHES}" if found else ""))
    return 1 if found else 0


def fuzz(one, row, seconds: int) -> tuple[int, int, int]:  # type: ignore[no-untyped-def]
    """Runs, covered edges and findings of one harness."""
    start(row)
    for old in findings_of(row.name):
        old.unlink()  # their inputs are in the corpus now: what is still wrong is found again at once
    log = WORK / f"{row.name}.log"
    options = [
        f"-max_total_time={seconds}", f"-timeout={INPUT_SECONDS}", f"-rss_limit_mb={MEMORY_MIB}",
        f"-artifact_prefix={CRASHES}/{row.name}-", "-print_final_stats=1", str(CORPUS / row.name),
    ]  # fmt: skip
    sys.stdout.flush()
    state = wait(one.fork(row, options, CRASHES, log), seconds + GRACE_SECONDS)
    said = log.read_bytes()
    runs, covered = _RUNS.findall(said) or _LAST.findall(said), _COVERED.findall(said)
    findings = {path.stem for path in findings_of(row.name)}
    if state and not findings:
        (CRASHES / f"{row.name}-ended.txt").write_bytes(said[-20_000:])
        findings = {"ended"}
    return int(runs[-1]) if runs else 0, int(covered[-1]) if covered else 0, len(findings)


def findings_of(name: str) -> list[Path]:
    """The files that tell of one harness's findings."""
    written = re.compile(re.escape(name) + r"-(?:[0-9a-f]{12}\.\w+|(?:crash|timeout|oom|leak)-\w+|ended\.txt)")
    return [path for path in CRASHES.iterdir() if written.fullmatch(path.name)]


def start(row) -> None:  # type: ignore[no-untyped-def]
    """The folder of the harness's corpus, with the kept inputs in it."""
    import store

    folder = CORPUS / row.name
    folder.mkdir(parents=True, exist_ok=True)
    found = [path.read_bytes() for path in findings_of(row.name) if path.suffix != ".txt"]
    for number, data in enumerate([*store.read(row.name), *row.seeds(), *found]):
        (folder / f"kept-{number}").write_bytes(data)


def wait(child: int, seconds: float) -> int:
    """The exit status of a process; one that does not end in time is killed."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return 124


if __name__ == "__main__":
    sys.exit(main())
