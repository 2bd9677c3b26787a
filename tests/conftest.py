"""Says after every run how many vectors of other projects passed, file by file."""

from collections import Counter
from pathlib import Path

import pytest

_SHOWN = ("passed", "failed", "xfailed", "skipped")


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
