"""Gives every run temporary folders of its own, and says after it how many vectors of other projects passed."""

import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import pytest

_ROOT = "PYTEST_DEBUG_TEMPROOT"
_OWN = pytest.StashKey[Path]()
_SHOWN = ("passed", "failed", "xfailed", "skipped")


def pytest_configure(config: pytest.Config) -> None:
    """pytest lets all runs of a user share one folder, and each closes it to others: a sandbox of another run's then."""
    if not hasattr(config, "workerinput") and not config.option.basetemp and _ROOT not in os.environ:
        os.environ[_ROOT] = tempfile.mkdtemp(prefix="at-")
        config.stash[_OWN] = Path(os.environ[_ROOT])
        config.stash[_OWN].chmod(0o755)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """What a run without failures left behind nobody looks at."""
    if exitstatus == 0 and _OWN in session.config.stash:
        shutil.rmtree(session.config.stash[_OWN], ignore_errors=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Count the outcomes of tests/conformance; xfailed ones are listed with their reason beside the test."""
    tally: dict[str, Counter[str]] = {}
    for outcome in _SHOWN:
        for report in terminalreporter.stats.get(outcome, []):
            path = Path(report.nodeid.partition("::")[0])
            if path.parent.name == "conformance":
                tally.setdefault(path.stem, Counter())[outcome] += 1
    if tally:
        terminalreporter.section("vectors of other projects")
        for name, counts in sorted(tally.items()):
            words = ", ".join(f"{counts[outcome]} {outcome}" for outcome in _SHOWN if counts[outcome])
            terminalreporter.write_line(f"{name}: {words}")
