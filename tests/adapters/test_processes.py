"""Processes do what threads do: same order, same results, same errors; none outlives its parent.

Each test runs in an interpreter of its own, since only a process of one thread may fork.
"""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers are forked on Linux only")

HEAD = """
import array, fcntl, os, signal, sys, termios, threading, time
from assay.adapters import processes
from assay.adapters.processes import Processes
from assay.model.errors import MalformedError, UnavailableError, UntrustedError
parent = os.getpid()
def children():  # those that were done may still be leaving
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        processes._reap()
        left = open(f"/proc/self/task/{parent}/children").read().split()
        if not left:
            break
    return left
"""


def interpreter(code: str) -> subprocess.CompletedProcess[str]:
    """Run the code in a new process and demand that it ends well."""
    script = HEAD + textwrap.dedent(code)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done


def test_results_come_in_the_order_of_the_items_whatever_the_number_of_processes() -> None:
    interpreter("""
        for count in (1, 2, 3, 8):
            assert Processes(count).map(lambda n: n * n, range(50)) == [n * n for n in range(50)]
            assert Processes(count).map(str, []) == []
        assert not children()
    """)


def test_the_caller_and_its_helpers_work_side_by_side() -> None:
    interpreter("""
        def work(_):
            time.sleep(0.02)
            return os.getpid()
        assert parent in (seen := Processes(3).map(work, range(12))) and len(set(seen)) == 3
        assert len(set(Processes(3).map(work, [1]))) == 1
    """)


def test_the_caller_prepares_what_comes_next_once_and_before_it_waits_for_helpers() -> None:
    interpreter("""
        done = []
        assert Processes(2, lambda: done.append(os.getpid())).map(str, [1, 2, 3]) == ["1", "2", "3"]
        assert done == [parent]
        assert Processes(1, lambda: done.append(0)).map(str, [1]) == ["1"] and done == [parent]
    """)


def test_the_caller_prepares_while_a_helper_may_take_what_is_left() -> None:
    interpreter("""
        done = []
        def work(number):
            done.append(number)  # in this process; a helper's list is its own
            time.sleep(0.005)
        Processes(2, lambda: done.append("prepared")).map(work, range(9))
        assert done.count("prepared") == 1 and len(done) - done.index("prepared") <= 3
        def fails(number):
            raise MalformedError("no")
        done.clear()
        try:
            Processes(2, lambda: done.append("prepared")).map(fails, range(9))
        except MalformedError:
            assert len(done) <= 1 and not children()  # a helper may have failed before this one began
        else:
            raise AssertionError
    """)


PREPARING_FAILS = """
began, begin = os.pipe()
failed, fail = os.pipe()
def both_have_begun():
    os.write(begin, b".")
    waiting = array.array("i", [0])
    deadline = time.monotonic() + 20
    while waiting[0] < 2 and time.monotonic() < deadline:
        fcntl.ioctl(began, termios.FIONREAD, waiting)
def preparing_has_failed():
    os.read(failed, 1)
real = processes._empty
def emptied(queue):
    real(queue)
    os.write(fail, b"..")
processes._empty = emptied
def prepare():
    raise UntrustedError("not prepared")
"""


def test_an_error_of_preparing_is_raised_when_what_runs_is_done_and_nothing_new_is_begun() -> None:
    interpreter(
        PREPARING_FAILS
        + textwrap.dedent("""
        done, tell = os.pipe()
        def work(number):
            both_have_begun()
            if os.getpid() != parent:
                preparing_has_failed()
            os.write(tell, b"%d" % number)
        try:
            Processes(2, prepare).map(work, range(3))
        except UntrustedError as error:
            assert error.what == "not prepared"
        else:
            raise AssertionError
        assert sorted(os.read(done, 9)) == sorted(b"01")
        assert not children()
    """)
    )


def test_an_items_error_speaks_before_that_of_preparing() -> None:
    interpreter(
        PREPARING_FAILS
        + textwrap.dedent("""
        def work(number):
            both_have_begun()
            if os.getpid() != parent:
                preparing_has_failed()
                raise MalformedError("an item")
        try:
            Processes(2, prepare).map(work, [0, 1])
        except MalformedError as error:
            assert error.what == "an item"
        else:
            raise AssertionError
        assert not children()
    """)
    )


def test_answers_larger_than_any_pipe_do_not_keep_a_helper_from_its_next_item() -> None:
    interpreter("""
        reading, writing = os.pipe()
        def work(number):
            if os.getpid() != parent:
                os.write(writing, b".")
                return bytes([number]) * (3 << 20)
            waiting = array.array("i", [0])
            deadline = time.monotonic() + 20
            while waiting[0] < 3 and time.monotonic() < deadline:  # three answers, and nobody has read one
                fcntl.ioctl(reading, termios.FIONREAD, waiting)
            return bytes([number]) * waiting[0]
        found = Processes(2).map(work, range(5))
        assert [one[0] for one in found if one] == [0, 1, 2, 3, 4] and len(found) == 5
        assert sorted(map(len, found))[-3:] == [3 << 20] * 3
    """)


def test_a_helper_that_dies_after_an_answer_is_told_all_the_same() -> None:
    interpreter("""
        def work(number):
            if os.getpid() != parent and number > 2:
                os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(0.02)
            return number
        try:
            Processes(2).map(work, range(20))
        except UnavailableError as error:
            assert error.why == "signal 9", error
        else:
            raise AssertionError
        assert not children()
    """)


def test_helpers_that_are_done_are_reaped_by_the_next_call_at_the_latest() -> None:
    interpreter("""
        for _ in range(9):
            Processes(3).map(str, range(9))
            assert 1 <= len(processes._leaving) <= 18
        assert not children() and not processes._leaving
    """)


def test_time_of_helpers_is_found_with_ours_at_the_end() -> None:
    done = interpreter("""
        import atexit, resource
        def spent():
            used = resource.getrusage(resource.RUSAGE_CHILDREN)
            print(used.ru_utime + used.ru_stime)
        atexit.register(spent)  # done last, since it was registered first
        def work(number):
            end = time.process_time() + 0.1
            while time.process_time() < end:
                pass
            return bytearray(64 << 20)[:1]  # which takes a while to give back
        Processes(2).map(work, range(6))
    """)
    assert float(done.stdout) >= 0.1


def test_more_items_than_a_pipe_holds_are_done_all_the_same() -> None:
    interpreter("assert Processes(2).map(int, range(20_000)) == list(range(20_000))")


def test_a_process_of_several_threads_does_not_fork() -> None:
    interpreter("""
        stop = threading.Event()
        other = threading.Thread(target=stop.wait)
        other.start()
        assert set(Processes(2).map(lambda _: os.getpid(), range(8))) == {parent}
        stop.set()
        other.join()
    """)


def test_one_of_the_five_errors_arrives_whole_and_stops_the_rest() -> None:
    interpreter("""
        reading, writing = os.pipe()
        def work(number):
            os.write(writing, b".")
            if os.getpid() != parent:
                raise UntrustedError("a", where="b", why="c", remedy="d", code="E", step="f")
            time.sleep(0.05)
        try:
            Processes(2).map(work, range(5_000))
        except UntrustedError as error:
            assert (error.what, error.where, error.why, error.remedy, error.code, error.step) == tuple("abcdEf")
            assert str(error) == "a (b): c. d" and error.exit_code == 3
        else:
            raise AssertionError
        assert len(os.read(reading, 9_999)) < 100
        assert not children()
    """)


def test_of_several_errors_the_earliest_item_speaks() -> None:
    interpreter("""
        reading, writing = os.pipe()
        def work(number):
            os.write(writing, b".")
            deadline = time.monotonic() + 20
            waiting = array.array("i", [0])
            while waiting[0] < 2 and time.monotonic() < deadline:  # until both have begun
                fcntl.ioctl(reading, termios.FIONREAD, waiting)
            raise MalformedError(f"item {number}")
        for _ in range(5):
            try:
                Processes(2).map(work, [0, 1])
            except MalformedError as error:
                assert error.what == "item 0"
            os.read(reading, 2)
    """)


def test_a_killed_helper_is_told_not_skipped() -> None:
    interpreter("""
        def work(number):
            if os.getpid() != parent:
                os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(0.02)
        try:
            Processes(2).map(work, range(20))
        except UnavailableError as error:
            assert error.why == "signal 9", error
        else:
            raise AssertionError
        assert not children()
    """)


def test_a_defect_comes_back_as_its_own_exception_with_its_place() -> None:
    interpreter("""
        def work(number):
            if os.getpid() != parent:
                return {}["absent"]
            time.sleep(0.02)
        try:
            Processes(2).map(work, range(20))
        except KeyError as error:
            assert "in work" in error.__notes__[0]
        else:
            raise AssertionError
    """)


def test_results_and_errors_that_cannot_travel_are_told() -> None:
    interpreter("""
        class Odd(Exception):
            def __init__(self, one, two):
                super().__init__(one)
        def raises(number):
            if os.getpid() != parent:
                raise Odd(1, 2)
            time.sleep(0.02)
        def gives(number):
            time.sleep(0.02)
            return (lambda: 1) if os.getpid() != parent else None
        for work, wanted in ((raises, RuntimeError), (gives, TypeError)):
            try:
                Processes(2).map(work, range(20))
            except wanted:
                continue
            raise AssertionError(work)
    """)


def gone(pids: list[int]) -> bool:
    """Whether all these processes end (zombies that someone else will reap count as ended)."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        states = []
        for pid in pids:
            try:
                states.append(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0])
            except (FileNotFoundError, ProcessLookupError):
                continue
        if all(state == "Z" for state in states):
            return True
    return False


@pytest.mark.parametrize("blow", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_helper_outlives_the_caller(blow: signal.Signals) -> None:
    code = """
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background is born deaf to it
        def work(_):
            os.write(1, b"%d\\n" % os.getpid())
            while True:
                pass
        Processes(3).map(work, range(3))
    """
    script = HEAD + textwrap.dedent(code)
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with process:
        try:
            assert process.stdout is not None
            pids = [int(process.stdout.readline()) for _ in range(3)]
            os.kill(process.pid, blow)  # to the caller alone, not to its group
            process.wait(20)
            helpers = [pid for pid in pids if pid != process.pid]
            assert len(helpers) == 2
            assert gone(helpers)
        finally:
            process.kill()
    assert process.returncode == -blow
