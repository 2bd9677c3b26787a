"""How the command ends: at once, but with everything written and done that was to be done at the end."""

import subprocess
import sys
from pathlib import Path

import pytest

WRAPPED = """
import atexit, sys
atexit.register(lambda: print("at the end"))
sys.argv = ["assay", *sys.argv[1:]]
from assay.interfaces.cli import main
{more}
main.run()
"""


def run(*words: str, more: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", WRAPPED.format(more=more), *words],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_what_is_registered_for_the_end_is_done() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "at the end")


def test_the_exit_code_is_that_of_the_command() -> None:
    assert run("no-such-command").returncode == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_output_that_cannot_be_written_is_not_silent() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", WRAPPED.format(more=""), "--version"],
            stdout=full, stderr=subprocess.PIPE, timeout=60, check=False,
        )  # fmt: skip
    assert done.returncode


def test_a_thread_that_still_works_is_waited_for() -> None:
    more = "import threading\nthreading.Thread(target=lambda: (main.sys.stdin.read(), print('worked'))).start()"
    done = run("--version", more=more)
    assert (done.returncode, "worked" in done.stdout) == (0, True)
