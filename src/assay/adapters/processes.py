"""Processes side by side: reading layers that lie on this machine, where threads would wait for the interpreter's lock.

The workers are forked, so they share what is loaded, open and decided; they take items from one pipe, in order, and
send each answer as far as the caller's pipe takes it, the rest when no item is left. The caller works too. Where
forking is not safe (a system other than Linux, other threads in this process) or does not pay (one processor, one
item), threads do the same work with the same result.
"""

import atexit
import gc
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from struct import Struct
from sys import platform
from typing import NamedTuple, NoReturn, TypeVar

from assay.adapters.allocator import keep_freed_memory
from assay.adapters.workers import Threads, processors
from assay.model.errors import AssayError, UnavailableError

A = TypeVar("A")
B = TypeVar("B")

_NUMBER = Struct("=I")
_LENGTH = Struct("=Q")
"""Before each answer; 0 behind the last one."""
_WAITING = Struct("=i")
"""What FIONREAD answers (ioctl_pipe(2)): bytes that wait in a pipe."""
_PIPE_BYTES = 1 << 20
"""Asked for, for answers: what any process may have (pipe(7), /proc/sys/fs/pipe-max-size)."""
_MOST_ITEMS_COUNT = 65_536 // _NUMBER.size
"""What a pipe takes without a reader (pipe(7): 64 KiB)."""
_PARENT_DEATH_SIGNAL = 1
"""prctl(2), PR_SET_PDEATHSIG."""


class _Answer(NamedTuple):
    """The result of one item, or the error it ended in."""

    number: int
    result: object
    error: BaseException | None


class _Helper(NamedTuple):
    """A forked process, the pipe its answers come through, and what came."""

    pid: int
    answers: int
    came: bytearray


_leaving: list[int] = []
"""Helpers that sent their all, and need some 10 ms yet to give back what they held: no work waits for that.

The end of this process does: whoever measures it must find their time with ours (wait4(2)), and none outlives us."""


class Processes:
    """A `Workers` of at most `count` processes, this one included (0 = one a processor).

    The function and the items need not be picklable, the results must be. What the function changes in a worker stays
    there.
    """

    def __init__(self, count: int = 0, prepare: Callable[[], object] | None = None) -> None:
        """`prepare` is what the caller will need next; done once, if at all, when hardly an item is left.

        Then others take what is left meanwhile, or work on what they have: what it costs is seldom waited for. Its
        error is that of an item behind the last one.
        """
        self._count = count if count > 0 else processors()
        self._prepare = prepare

    def map(self, function: Callable[[A], B], items: Sequence[A]) -> list[B]:
        """Results in the items' order. After an error nothing new is begun; what runs is waited for.

        An interrupt ends all workers at once; so does the end of this process, however it comes.

        Raises:
            UnavailableError: a worker was killed. Else the error of the earliest item that failed, its causes not
                included when it comes from another process. Else that of `prepare`.
        """
        if not items:
            return []
        count = min(self._count, len(items))
        if count <= 1 or len(items) > _MOST_ITEMS_COUNT or not _may_fork():
            return Threads(self._count).map(function, items)
        _reap()
        keep_freed_memory()
        import pickle  # noqa: F401  # once, for this process and those it forks

        queue = _queue(len(items))
        helpers: list[_Helper] = []
        gc.freeze()  # what is loaded stays: the collector of each process need not look at it, nor unshare its pages
        try:
            for _ in range(count - 1):
                helpers.append(_fork(function, items, queue))  # those begun must be known to `finally`
            answers: list[_Answer] = []
            prepare = self._prepare
            for answer in _work(function, items, queue):
                answers.append(answer)
                for helper in helpers:
                    _take_in(helper)
                if answer.error is not None:
                    prepare = None
                if prepare is not None and _left(queue) <= count:
                    answers += _prepared(prepare, queue, len(items))
                    prepare = None
            if prepare is not None:
                answers += _prepared(prepare, queue, len(items))
            while helpers:
                answers += _collect(helpers[0])
                _leave(helpers.pop(0))
        finally:
            gc.unfreeze()
            os.close(queue)
            for helper in helpers:
                _end(helper)
        errors = [answer for answer in answers if answer.error is not None]
        if errors:
            raise min(errors, key=lambda answer: answer.number).error or AssertionError
        ordered: list[B] = [answer.result for answer in sorted(answers, key=_number)]  # type: ignore[misc]
        return ordered


def _number(answer: _Answer) -> int:
    return answer.number


def _may_fork() -> bool:
    """Whether this is one thread on Linux: a lock that another thread holds would stay held in the child for ever."""
    if platform != "linux":
        return False
    try:
        return len(os.listdir("/proc/self/task")) == 1
    except OSError:
        return False


def _queue(count: int) -> int:
    """A pipe that holds the numbers of all items, in order; whoever reads one does it. Nobody writes to it any more."""
    reading, writing = os.pipe()
    os.write(writing, b"".join(map(_NUMBER.pack, range(count))))
    os.close(writing)
    return reading


def _left(queue: int) -> int:
    """How many items nobody has taken."""
    import fcntl
    import termios

    (size,) = _WAITING.unpack(fcntl.ioctl(queue, termios.FIONREAD, bytes(_WAITING.size)))
    return int(size) // _NUMBER.size


def _work(function: Callable[[A], B], items: Sequence[A], queue: int) -> Iterator[_Answer]:
    """Do items until none is left; at an error take the rest away, so that nobody begins them."""
    while taken := os.read(queue, _NUMBER.size):
        (number,) = _NUMBER.unpack(taken)
        try:
            answer = _Answer(number, function(items[number]), None)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001  # carried to the caller, who raises it
            _empty(queue)
            answer = _Answer(number, None, error)
        yield answer


def _prepared(prepare: Callable[[], object], queue: int, number: int) -> list[_Answer]:
    """Do what the caller needs next; at an error, which speaks where no item's does, take the rest away."""
    try:
        prepare()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  # raised once what runs was waited for
        _empty(queue)
        return [_Answer(number, None, error)]
    return []


def _empty(queue: int) -> None:
    while os.read(queue, 65_536):
        pass


def _fork(function: Callable[[A], B], items: Sequence[A], queue: int) -> _Helper:
    """Begin a helper. An interrupt waits until it is known: none may be left behind."""
    import fcntl

    reading, writing = os.pipe()
    with suppress(OSError):  # a smaller one only delays what it does not take
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    os.set_blocking(reading, False)
    parent = os.getpid()
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        pid = os.fork()
        if not pid:
            _help(function, items, queue, writing, parent)
    except OSError as error:
        os.close(reading)
        why = error.strerror or type(error).__name__
        raise UnavailableError("cannot start a worker", why=why, remedy="set ASSAY_WORKERS=1") from error
    finally:
        os.close(writing)
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    return _Helper(pid, reading, bytearray())


def _help(
    function: Callable[[A], B], items: Sequence[A], queue: int, answers: int, parent: int
) -> NoReturn:  # pragma: no cover - runs in the forked process, which coverage does not see
    """The whole life of a helper. It leaves without clean-up: open files and exit handlers belong to the parent."""
    code = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is interrupted too, and ends us
        import ctypes

        ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
        if os.getppid() == parent:
            os.set_blocking(answers, False)
            waiting = bytearray()
            for answer in _work(function, items, queue):
                waiting += _packed(answer)
                _send(answers, waiting)
            waiting += _LENGTH.pack(0)
            os.set_blocking(answers, True)
            while waiting:
                _send(answers, waiting)
            code = 0
    finally:
        os._exit(code)


def _send(pipe: int, waiting: bytearray) -> None:
    """Write what the pipe takes, and forget it."""
    sent = 0
    with memoryview(waiting) as view, suppress(BlockingIOError):
        while sent < len(view):
            sent += os.write(pipe, view[sent : sent + _PIPE_BYTES])
    del waiting[:sent]


def _packed(answer: _Answer) -> bytes:
    import pickle

    try:
        data = pickle.dumps(_portable(answer), 5)
    except Exception as error:  # noqa: BLE001  # a result's class may fail in any way: a defect, told as one
        failure = TypeError(f"a result cannot travel between processes: {error}")
        data = pickle.dumps(_Answer(answer.number, None, failure), 5)
    return _LENGTH.pack(len(data)) + data


def _portable(answer: _Answer) -> _Answer:
    """The answer with an error that survives the way, and, for a defect, the place it came from."""
    error = answer.error
    if error is None:
        return answer
    import pickle
    import traceback

    if not isinstance(error, AssayError):
        error.add_note("".join(traceback.format_exception(error)))
    try:
        pickle.loads(pickle.dumps(error, 5))  # noqa: S301  # our own bytes
    except Exception:  # noqa: BLE001  # an exception class may fail in any way when it is built again
        return answer._replace(error=RuntimeError(f"{type(error).__name__}: {error}"))
    return answer


def _take_in(helper: _Helper) -> bool:
    """Take what lies in a helper's pipe, which so has room again; false at its end."""
    with suppress(BlockingIOError):
        while data := os.read(helper.answers, _PIPE_BYTES):
            helper.came.extend(data)
        return False
    return True


def _unpacked(helper: _Helper) -> tuple[list[_Answer], bool]:
    """The answers that came whole, which are taken away, and whether these were the last."""
    import pickle

    answers: list[_Answer] = []
    at = 0
    done = False
    with memoryview(helper.came) as came:
        while len(came) - at >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(came, at)
            end = at + _LENGTH.size + length
            if end > len(came):
                break
            if length:
                answers.append(pickle.loads(came[at + _LENGTH.size : end]))  # noqa: S301  # by a process of ours
            else:
                done = True
            at = end
    del helper.came[:at]
    return answers, done


def _collect(helper: _Helper) -> list[_Answer]:
    """A helper's answers, as they come, until it is done.

    Raises:
        UnavailableError: it died before it could send them.
    """
    more = _take_in(helper)
    answers, done = _unpacked(helper)  # while it still works
    os.set_blocking(helper.answers, True)
    while more and not done:
        data = os.read(helper.answers, _PIPE_BYTES)
        more = bool(data)
        helper.came.extend(data)
        found, done = _unpacked(helper)
        answers += found
    if done:
        return answers
    end = os.waitid(os.P_PID, helper.pid, os.WEXITED | os.WNOWAIT)
    raise UnavailableError(
        "a worker process ended without an answer",
        why=f"signal {end.si_status}" if end and end.si_code != os.CLD_EXITED else "it could not send one",
        remedy="it may have run out of memory: set ASSAY_WORKERS=1, or give the machine more",
    )


def _leave(helper: _Helper) -> None:
    """Let a helper that is done end by itself."""
    os.close(helper.answers)
    _leaving.append(helper.pid)
    atexit.unregister(_reap)  # once, however many leave
    atexit.register(_reap, 0)


def _reap(options: int = os.WNOHANG) -> None:
    """Take note of those that have ended by now; with 0, wait for them."""
    for pid in _leaving[:]:
        with suppress(ChildProcessError):
            if not os.waitpid(pid, options)[0]:
                continue
        _leaving.remove(pid)


def _end(helper: _Helper) -> None:
    """Nothing of a helper is left: one that still runs is killed, one that is done is only reaped."""
    with suppress(ProcessLookupError):
        os.kill(helper.pid, signal.SIGKILL)
    os.waitpid(helper.pid, 0)
    os.close(helper.answers)
