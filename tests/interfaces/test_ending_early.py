"""A command that is told to end clears away what it began, and says so with the exit code a shell expects."""

import os
import signal

import pytest

from assay.interfaces.cli.ending import unwound


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_what_was_begun_is_cleared_away(number, code, capsys):
    cleared = []

    def work():
        with unwound():
            try:
                os.kill(os.getpid(), number)
            finally:
                cleared.append(True)

    with pytest.raises(SystemExit) as stopped:
        work()
    assert stopped.value.code == code
    assert cleared == [True]
    assert capsys.readouterr().err == f"assay: ended by {number.name}\n"
    assert signal.getsignal(number) == signal.SIG_DFL


def test_an_ignored_signal_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with unwound():
            os.kill(os.getpid(), signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_forked_helper_just_ends():
    with unwound():
        child = os.fork()
        if not child:
            try:
                os.kill(os.getpid(), signal.SIGTERM)
            finally:
                os._exit(7)  # what its parent would have cleared away
        _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGTERM
