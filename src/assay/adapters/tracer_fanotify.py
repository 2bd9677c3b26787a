"""Steps watched by fanotify (`ports.tracing.Tracer`): root's, and hardly slower than not watched at all.

`fanotify(7)`, `fanotify_mark(2)`: a mark on a file system sees every file of it that is opened or executed, whoever
opens it and whichever the call, so the locked root needs a file system of its own: an overlay without an upper layer,
mounted over it in a mount namespace that begins and ends with the launcher. Nothing is left when it is killed.
Connections are not seen: what is said of the network rests on namespace and filter.
"""

import contextlib
import ctypes
import os
import select
import struct
import tempfile
import threading
from collections.abc import Iterator
from functools import lru_cache

from assay.formats.stracelog import settled
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.model.tracing import Scope, Trace

_CLOEXEC, _NONBLOCK, _UNLIMITED = 0x1, 0x2, 0x10
_ADD, _FILESYSTEM = 0x1, 0x100
_OPEN, _OPEN_EXEC, _OVERFLOW = 0x20, 0x1000, 0x4000
_EVENT = struct.Struct("=IBBHQii")
_BUFFER_BYTES = 1 << 16
_GATHERED_SECONDS = 0.005
"""Events of this long are read together: to be woken by each of them is what would slow a step down."""
_NEW_MOUNTS = 0x00020000
_READ_ONLY, _RECURSIVE, _PRIVATE = 0x1, 0x4000, 0x40000
_AT_FDCWD = -100


class Fanotify:
    """The `Tracer` port by fanotify."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits

    def describe(self) -> str:
        """It has no version but the kernel's, which may vary where the trace may not."""
        return "fanotify"

    def available(self) -> str:
        """Whether this process may make the mark."""
        return _tried()

    @contextlib.contextmanager
    def watch(self, *, root: str, inputs: str, scope: Scope, uid: int) -> Iterator["_Watch"]:
        """Make the groups the marks will belong to."""
        with tempfile.TemporaryDirectory(prefix="assay-trace-") as empty, contextlib.ExitStack() as stack:
            os.chmod(empty, 0o755)  # noqa: S103
            groups = []
            for folder, place in ((root, ""), (inputs, "/src")):
                if folder:
                    descriptor = _group()
                    stack.callback(os.close, descriptor)
                    groups.append(_Group(folder, place, descriptor, empty))
            watch = _Watch(groups, scope, self._limits)
            try:
                yield watch
            finally:
                watch.close()


class _Group:
    """One file system of the step's."""

    def __init__(self, folder: str, place: str, descriptor: int, empty: str) -> None:
        self.folder, self.place, self.descriptor = folder, place, descriptor
        self.options = f"lowerdir={folder}:{empty}".encode()

    def cover(self, library: ctypes.CDLL) -> None:
        """Mount and mark, in the child."""
        folder = self.folder.encode()
        _checked(library.mount(b"overlay", folder, b"overlay", ctypes.c_ulong(_READ_ONLY), self.options))
        mask = ctypes.c_uint64(_OPEN | _OPEN_EXEC)
        _checked(library.fanotify_mark(self.descriptor, _ADD | _FILESYSTEM, mask, _AT_FDCWD, folder))

    def path(self, descriptor: int) -> str:
        """As the step sees it; empty where that cannot be said.

        Once the sandbox is gone its mounts hang on nothing, and a path begins at its own mount: the number of the file
        tells which of the two it is.
        """
        seen = os.readlink(f"/proc/self/fd/{descriptor}")
        if not self.place:
            return seen
        number = os.fstat(descriptor).st_ino
        for rest in (seen.removeprefix(self.place) if seen.startswith(f"{self.place}/") else "", seen):
            with contextlib.suppress(OSError):
                if rest and os.lstat(self.folder + rest).st_ino == number:
                    return self.place + rest
        return ""


class _Watch:
    """Reads events while the step runs."""

    words: tuple[str, ...] = ()
    needs_root = True

    def __init__(self, groups: list[_Group], scope: Scope, limits: Limits) -> None:
        self._groups, self._scope, self._limits = groups, scope, limits
        self._library = ctypes.CDLL(None, use_errno=True)
        self._begun = False
        self._programs: set[str] = set()
        self._reads: set[str] = set()
        self._flaw = ""
        self._lost = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def enter(self) -> None:
        """A mount namespace, the overlays, the marks."""
        _private(self._library)
        for group in self._groups:
            group.cover(self._library)

    def finish(self) -> Trace:
        """Opening waits for its event, so all of them are in the queue when the step has ended."""
        self.close()
        if not self._begun and not self._flaw:
            self._flaw = "no program was seen to start"
        return Trace(
            tracer="fanotify",
            scope=self._scope,
            state="overflow" if self._lost else "unavailable" if self._flaw else "complete",
            detail=self._flaw,
            programs=tuple(sorted(self._programs)),
            reads=tuple(sorted(self._reads)) if self._scope == "files" else None,
        )

    def close(self) -> None:
        """Read what is left and stop."""
        if not self._ended.is_set():
            self._ended.set()
            self._thread.join()
            self._drain()

    def _follow(self) -> None:
        places = [group.descriptor for group in self._groups]
        while not self._ended.is_set():
            if select.select(places, [], [], 0.05)[0]:
                self._drain()
                self._ended.wait(_GATHERED_SECONDS)

    def _drain(self) -> None:
        for group in self._groups:
            with contextlib.suppress(BlockingIOError):
                while data := os.read(group.descriptor, _BUFFER_BYTES):
                    self._events(group, data)

    def _events(self, group: _Group, data: bytes) -> None:
        at = 0
        while at + _EVENT.size <= len(data):
            length, _, _, _, mask, descriptor, _ = _EVENT.unpack_from(data, at)
            at += max(length, _EVENT.size)
            if mask & _OVERFLOW:
                self._lost, self._flaw = True, "the kernel's queue of events ran over"
            if descriptor < 0:
                continue
            try:
                self._event(group, mask, descriptor)
            finally:
                os.close(descriptor)

    def _event(self, group: _Group, mask: int, descriptor: int) -> None:
        # What the launcher opens comes before the first program; inputs are only read after it.
        self._begun = self._begun or bool(mask & _OPEN_EXEC) or bool(group.place)
        if not self._begun:
            return
        try:
            path = settled(group.path(descriptor))
        except OSError as error:
            path, self._flaw = "", f"a file without a name: {error.strerror}"
        if not path:
            self._flaw = self._flaw or "a file whose place cannot be told"
            return
        self._reads.add(path)
        if mask & _OPEN_EXEC:
            self._programs.add(path)
        if len(self._reads) > self._limits.trace_paths_count:
            self._lost, self._flaw = True, f"more than {self._limits.trace_paths_count} paths"


def _group() -> int:
    library = ctypes.CDLL(None, use_errno=True)
    flags = _CLOEXEC | _NONBLOCK | _UNLIMITED
    descriptor: int = library.fanotify_init(flags, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_LARGEFILE", 0))
    _checked(descriptor)
    return descriptor


def _private(library: ctypes.CDLL) -> None:
    _checked(library.unshare(_NEW_MOUNTS))
    _checked(library.mount(None, b"/", None, ctypes.c_ulong(_RECURSIVE | _PRIVATE), None))


def _checked(result: int) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


@lru_cache
def _tried() -> str:
    """Try it in a child, in the folder where roots are laid."""
    if os.geteuid() != 0:
        return "fanotify marks of a file system are root's"
    with tempfile.TemporaryDirectory(prefix="assay-trace-") as folder:
        lower, empty = os.path.join(folder, "lower"), os.path.join(folder, "empty")
        os.mkdir(lower)
        os.mkdir(empty)
        try:
            descriptor = _group()
        except (OSError, AttributeError) as error:
            return f"fanotify: {error}"
        group, library = _Group(lower, "", descriptor, empty), ctypes.CDLL(None, use_errno=True)
        child = os.fork()
        if child == 0:
            try:
                _private(library)
                group.cover(library)
            except OSError as error:
                os._exit(error.errno or 1)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        os.close(descriptor)
    code = os.waitstatus_to_exitcode(status)
    return "" if code == 0 else f"no overlay of its own can be marked: {os.strerror(abs(code))}"
