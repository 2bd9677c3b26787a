"""The embedded Rego engine (regorus) in a process of its own, killed at the deadline and replaced.

The engine has no timeout and may panic, so it never runs in this process. A worker starts without this process's
environment, with a memory limit, and imports nothing of this package. Whatever happens to it is an outcome, never an
exception.
"""

import contextlib
import fcntl
import json
import struct
import subprocess
import sys
import threading
from collections.abc import Sequence
from importlib import util
from pathlib import Path
from typing import IO, Any

import msgspec

from assay.adapters import rego_worker
from assay.model.errors import UnsupportedError
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.model.policy import PolicyBundle
from assay.ports.decisions import RawOutcome

_DISTRIBUTION, _MODULE = "gordon-to-regorus", "regorus"
_HEADER = struct.Struct(">I")
_ENVIRONMENT = {"MIMALLOC_ARENA_RESERVE": "32768"}
"""All the worker sees: its allocator takes address space by 32 MiB, not by 1 GiB, so that a limit means something."""


class _Gone(Exception):
    """The worker ended, or answered something that is no answer."""


class RegorusEngine:
    """A `PolicyEngine`. One evaluation at a time; further threads wait their turn (and their deadline runs on)."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS, bundle: PolicyBundle | None = None) -> None:
        """Start a worker, without waiting for it.

        Args:
            limits: of its memory and its answers.
            bundle: the policy it will be asked about: it reads it while this process has other things to do.

        Raises:
            UnsupportedError: the engine's wheel is not installed.
        """
        self._limits = limits
        self._folder = _engine_folder()
        self._lock = threading.Lock()
        self._closed = False
        self._loaded = self._loading = ""
        self._worker: subprocess.Popen[bytes] | None = self._start()
        if bundle is not None:
            self._hand_over(self._worker, bundle)

    def describe(self) -> str:
        """Name and version, e.g. `regorus 0.13.0`."""
        return f"{_MODULE} {_version(self._folder)}"

    def evaluate(self, bundle: PolicyBundle, packages: Sequence[str], facts: bytes, seconds: float) -> list[RawOutcome]:
        """Evaluate rule packages on a JSON fact document; what goes wrong is an outcome with `error`."""
        with self._lock:
            if self._closed:
                return _all(packages, "the engine is closed")
            worker = self._worker if self._worker and self._worker.poll() is None else self._restart()
            late = threading.Event()
            timer = threading.Timer(seconds, _expire, (worker, late))
            timer.daemon = True
            timer.start()
            try:
                outcomes = self._ask(worker, bundle, packages, facts, seconds)
            except (_Gone, OSError) as error:
                self._stop()
                why = f"no answer within {seconds:g} seconds" if late.is_set() else f"the engine ended: {error}"
                self._worker = self._start()  # a spare takes over at once
                return _all(packages, why)
            finally:
                timer.cancel()
            if late.is_set():  # the answer won the race, the worker did not
                self._restart()
            return outcomes

    def close(self) -> None:
        """End the worker. Safe to call twice."""
        with self._lock:
            self._closed = True
            self._stop()

    def _ask(
        self,
        worker: subprocess.Popen[bytes],
        bundle: PolicyBundle,
        packages: Sequence[str],
        facts: bytes,
        seconds: float,
    ) -> list[RawOutcome]:
        if self._loaded != bundle.digest or not bundle.digest:
            early, self._loading = self._loading, ""
            if early:
                answer = self._answer(worker)
            if not early or early != bundle.digest:
                answer = self._call(worker, _load(bundle))
            error = str(answer.get("error"))
            self._loaded = "" if error else bundle.digest
            if error:
                return _all(packages, error)
        request = {"packages": list(packages), "facts": facts.decode(), "seconds": seconds}
        answer = self._call(worker, {"evaluate": request})
        try:
            outcomes = msgspec.convert(answer.get("outcomes"), list[RawOutcome])
        except msgspec.ValidationError as error:
            raise _Gone(f"unreadable answer: {error}") from error
        if [outcome.package for outcome in outcomes] != list(packages):
            raise _Gone("it answered about other rules")
        return outcomes

    def _hand_over(self, worker: subprocess.Popen[bytes], bundle: PolicyBundle) -> None:
        """Send a policy that fits into the pipe, so that nobody waits; its answer is read at the first evaluation."""
        frame = _frame(_load(bundle))
        sink, _ = _pipes(worker)
        if bundle.digest and len(frame) <= _pipe_bytes(sink):
            with contextlib.suppress(OSError):  # it is gone: the evaluation will say so
                sink.write(frame)
                sink.flush()
                self._loading = bundle.digest

    def _call(self, worker: subprocess.Popen[bytes], request: dict[str, Any]) -> dict[str, Any]:
        sink, _ = _pipes(worker)
        sink.write(_frame(request))
        sink.flush()
        return self._answer(worker)

    def _answer(self, worker: subprocess.Popen[bytes]) -> dict[str, Any]:
        _, source = _pipes(worker)
        (length,) = _HEADER.unpack(_exactly(source, _HEADER.size))
        if length > self._limits.policy_answer_bytes:
            raise _Gone(f"an answer of {length} bytes, limit {self._limits.policy_answer_bytes}")
        try:
            answer = json.loads(_exactly(source, length))
        except ValueError as error:
            raise _Gone("its answer is no JSON") from error
        if not isinstance(answer, dict):
            raise _Gone("its answer is no object")
        return answer

    def _start(self) -> subprocess.Popen[bytes]:
        # -I -S: no user site, no .pth files, no environment; the one folder it needs is handed over.
        command = [sys.executable, "-I", "-S", "-B", str(Path(rego_worker.__file__)), self._folder]
        return subprocess.Popen(  # noqa: S603  (our own interpreter and file, no shell)
            [*command, str(self._limits.policy_memory_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_ENVIRONMENT,
            cwd="/",
            start_new_session=True,
        )

    def _restart(self) -> subprocess.Popen[bytes]:
        self._stop()
        self._worker = self._start()
        return self._worker

    def _stop(self) -> None:
        worker, self._worker, self._loaded, self._loading = self._worker, None, "", ""
        if worker is None:
            return
        worker.kill()
        worker.wait()
        for pipe in _pipes(worker):
            with contextlib.suppress(BrokenPipeError):  # bytes it never read: it is dead, and nobody misses them
                pipe.close()


def _engine_folder() -> str:
    """The folder that holds the engine's package, found without importing it."""
    found = util.find_spec(_MODULE)
    if found is None or found.origin is None or not sys.executable:
        raise UnsupportedError(
            "no policy engine on this machine",
            where=_MODULE,
            why=f"the package {_DISTRIBUTION} is not installed",
            remedy=f"install {_DISTRIBUTION} (Linux with glibc), or scan without a policy",
        )
    return str(Path(found.origin).resolve().parent.parent)


def _version(folder: str) -> str:
    """The version of the engine's wheel: as the folder of its record is named (Binary distribution format)."""
    prefix = f"{_DISTRIBUTION.replace('-', '_')}-"
    found = [one.name for one in Path(folder).glob(f"{prefix}*.dist-info")]
    if len(found) == 1:
        return found[0].removeprefix(prefix).removesuffix(".dist-info")
    from importlib import metadata  # reads every record there is, and takes a while to load

    try:
        return metadata.version(_DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return "unknown"


def _expire(worker: subprocess.Popen[bytes], late: threading.Event) -> None:
    late.set()
    worker.kill()


def _pipes(worker: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    if worker.stdin is None or worker.stdout is None:
        raise _Gone("it has no pipes")
    return worker.stdin, worker.stdout


def _load(bundle: PolicyBundle) -> dict[str, Any]:
    return {"load": {"modules": bundle.modules, "data": bundle.data}}


def _frame(request: dict[str, Any]) -> bytes:
    body = json.dumps(request).encode()
    return _HEADER.pack(len(body)) + body


def _pipe_bytes(sink: IO[bytes]) -> int:
    """What an empty pipe takes without a reader; 0 where the system does not tell."""
    try:
        return fcntl.fcntl(sink, fcntl.F_GETPIPE_SZ)
    except (AttributeError, OSError):
        return 0


def _exactly(source: IO[bytes], count: int) -> bytes:
    data = source.read(count)
    if len(data) != count:
        raise _Gone("it closed the pipe")
    return data


def _all(packages: Sequence[str], why: str) -> list[RawOutcome]:
    return [RawOutcome(package=package, error=why) for package in packages]
