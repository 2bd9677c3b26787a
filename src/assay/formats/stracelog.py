"""The log of `strace -f -y --decode-pids=pidns`, read as it comes: programs, files, connections, and who started whom.

The lines are the tracer's, but the names in them are the step's: strace quotes them (C escapes), so a name cannot
forge a line. What does not have the expected form makes the trace incomplete, never silently shorter.
"""

import hashlib
import re

from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.model.tracing import Attempt, Scope, Trace, TracedProcess, TraceState

OWN_PLACES = ("/build", "/tmp", "/out", "/dev/shm")  # noqa: S108  (as the step sees them)
"""Where a step writes: file systems that are empty when it begins, so that what lies there is its own."""
CALLS = (
    "execve", "execveat", "clone", "clone3", "fork", "vfork", "connect", "sendto", "sendmsg", "sendmmsg", "chdir",
    "fchdir",
)  # fmt: skip
FILE_CALLS = ("open", "openat", "openat2", "creat")

_LINE = re.compile(rb"(\d{1,10}) +(.*)", re.DOTALL)
_CALL = re.compile(rb"([a-z0-9_]{1,40})\(")
_RESUMED = re.compile(rb"<\.\.\. ([a-z0-9_]{1,40}) resumed>")
_UNFINISHED = b" <unfinished ...>"
_KILLED = re.compile(rb"\?{3,4}\( <detached \.\.\.>")
"""A thread that was killed when it had stopped at a call: nobody could ask it which, and the kernel skips it
(`seccomp(2)`, SECCOMP_RET_TRACE: a fatal signal that is pending forces the call to be skipped)."""
_QUOTED = re.compile(rb'"((?:[^"\\]|\\.)*)"')
_DESCRIPTOR = re.compile(rb"= \d{1,10}<((?:[^<>\\]|\\.)*)>(?:\(deleted\))?$")
_FAILED = re.compile(rb'\) += (?:-1 |\?)(?: ?[A-Z0-9_]{1,40} \([^()"<>]{1,200}\))?$')
"""A result at the very end: a name inside the line may look like one."""
_FOLDER = re.compile(rb"[a-z0-9]{1,20}\(AT_FDCWD<((?:[^<>\\]|\\.)*)>")
_FIRST_DESCRIPTOR = re.compile(rb"[a-z0-9]{1,20}\(\d{1,10}<((?:[^<>\\]|\\.)*)>")
_CHILD = re.compile(rb"= \d{1,10}(?: /\* (\d{1,10}) in strace's PID NS \*/)?$")
_IPV4 = re.compile(rb'sin_port=htons\((\d{1,5})\), sin_addr=inet_addr\("([0-9.]{1,15})"\)')
_IPV6 = re.compile(rb'sin6_port=htons\((\d{1,5})\).{0,60}?inet_pton\(AF_INET6, "([0-9a-fA-F:.]{1,45})"')
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|x[0-9a-fA-F]{2}|.)", re.DOTALL)
_LETTERS = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"v": b"\v", b"f": b"\f"}
_LINE_BYTES = 1 << 18


class Reader:
    """Takes the log piece by piece and keeps what a trace needs."""

    def __init__(self, tracer: str, scope: Scope, limits: Limits = DEFAULT_LIMITS) -> None:
        self._tracer, self._scope, self._limits = tracer, scope, limits
        self._rest = b""
        self._held: dict[bytes, bytes] = {}
        self._outside: set[bytes] = set()
        self._killed: set[bytes] = set()
        self._execs = 0
        self._inside: dict[bytes, str] = {}
        """Process → its working folder."""
        self._started: dict[bytes, list[bytes]] = {}
        self._first = b""
        self._programs: list[tuple[bytes, str]] = []
        self._reads: set[str] = set()
        self._writes: set[str] = set()
        self._attempts: set[Attempt] = set()
        self._flaw: tuple[TraceState, str] | None = None

    def feed(self, piece: bytes) -> None:
        """Some bytes of the log."""
        if self._flaw is not None:
            return
        lines = (self._rest + piece).split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > _LINE_BYTES:
            self._flaw = ("overflow", "a line of the tracer without end")
        for line in lines:
            if line:
                self._line(line)

    def finish(self) -> Trace:
        """What was seen."""
        if self._flaw is None and (self._rest or not self._first):
            self._flaw = ("unavailable", "the tracer's log ends early")
        state, detail = self._flaw or ("complete", "")
        files = self._scope == "files"
        return Trace(
            tracer=self._tracer,
            scope=self._scope,
            state=state,
            detail=detail,
            programs=tuple(sorted({program for _, program in self._programs})),
            processes=self._tree(),
            reads=tuple(sorted(self._reads)) if files else None,
            writes=tuple(sorted(self._writes)) if files else None,
            attempts=tuple(sorted(self._attempts)),
        )

    def _line(self, line: bytes) -> None:
        found = _LINE.fullmatch(line)
        if found is None:
            self._strange(line)
            return
        pid, text = found[1], found[2]
        if text.startswith((b"+++", b"---")):
            return
        if pid in self._killed:  # it went on to live: then nobody knows what it called
            self._strange(line)
            return
        if _KILLED.fullmatch(text) is not None:
            self._killed.add(pid)
            self._held.pop(pid, None)
            return
        if text.endswith(_UNFINISHED):
            self._held[pid] = text.removesuffix(_UNFINISHED)
            return
        if (resumed := _RESUMED.match(text)) is not None:
            text = self._held.pop(pid, b"") + text[resumed.end() :]
        call = _CALL.match(text)
        if call is None:
            self._strange(line)
            return
        self._saw(pid, call[1].decode(), text)

    def _saw(self, pid: bytes, call: str, text: bytes) -> None:
        succeeded = _FAILED.search(text) is None
        if call in ("execve", "execveat") and not self._first:
            # The first program is the launcher; the second is the step's.
            self._execs += succeeded
            if self._execs < 2 or not succeeded:
                self._outside.add(pid)
                return
            self._first = pid
            self._outside.discard(pid)
            self._inside[pid] = "/build"
        if not self._first or pid in self._outside:
            self._outside.add(pid)
            return
        self._inside.setdefault(pid, "/build")
        if len(self._inside) > self._limits.trace_processes_count:
            self._flaw = ("overflow", f"more than {self._limits.trace_processes_count} processes")
            return
        if call in ("connect", "sendto", "sendmsg", "sendmmsg"):
            self._attempted(text)
        elif succeeded:
            self._done(pid, call, text)

    def _done(self, pid: bytes, call: str, text: bytes) -> None:
        if call in FILE_CALLS:
            self._opened(pid, call, text)
        elif call in ("execve", "execveat"):
            self._ran(pid, text)
        elif call in ("chdir", "fchdir"):
            place = _QUOTED.search(text) if call == "chdir" else _FIRST_DESCRIPTOR.match(text)
            if place is not None:
                self._inside[pid] = joined(self._inside[pid], unquoted(place[1]))
        elif (child := _CHILD.search(text)) is not None and child[1]:
            self._started.setdefault(pid, []).append(child[1])
            self._inside.setdefault(child[1], self._inside[pid])

    def _opened(self, pid: bytes, call: str, text: bytes) -> None:
        if (folder := _FOLDER.match(text)) is not None:
            self._inside[pid] = unquoted(folder[1])
        found = _DESCRIPTOR.search(text)
        if found is None:
            self._strange(text)
            return
        path = settled(unquoted(found[1]))
        flags = text[: found.start()].rpartition(b'"')[2]
        if not path.startswith("/") or b"O_DIRECTORY" in flags or b"O_PATH" in flags or is_own(path):
            return
        if call == "creat" or b"O_WRONLY" in flags or b"O_RDWR" in flags:
            self._writes.add(path)
        if b"O_WRONLY" not in flags and call != "creat":
            self._reads.add(path)
        if len(self._reads) + len(self._writes) > self._limits.trace_paths_count:
            self._flaw = ("overflow", f"more than {self._limits.trace_paths_count} paths")

    def _ran(self, pid: bytes, text: bytes) -> None:
        place = _QUOTED.search(text)
        if place is None:
            self._strange(text)
            return
        name = unquoted(place[1])
        if text.startswith(b"execveat(") and not name and (held := _FIRST_DESCRIPTOR.match(text)) is not None:
            name = unquoted(held[1])
        program = settled(joined(self._inside[pid], name))
        if program.startswith("/tmp/"):  # noqa: S108
            program = "/tmp/*"  # noqa: S108  (what lies there has a name made by chance)
        self._programs.append((pid, program))
        if len(self._programs) > self._limits.trace_processes_count:
            self._flaw = ("overflow", f"more than {self._limits.trace_processes_count} programs")

    def _attempted(self, text: bytes) -> None:
        for family, pattern in (("AF_INET", _IPV4), ("AF_INET6", _IPV6)):
            for found in pattern.finditer(text):
                self._attempts.add(Attempt(family, found[2].decode(), int(found[1])))
                if len(self._attempts) > self._limits.trace_attempts_count:
                    self._flaw = ("overflow", f"more than {self._limits.trace_attempts_count} connections")
                    return

    def _strange(self, line: bytes) -> None:
        text = line[:80].decode("ascii", "backslashreplace")
        self._flaw = self._flaw or ("unavailable", f"a line of the tracer that cannot be read: {text}")

    def _tree(self) -> tuple[TracedProcess, ...]:
        """Programs as a tree: brothers in an order that does not depend on who was faster."""
        nodes: list[tuple[str, int]] = []
        last: dict[bytes, int] = {}
        above = {child: parent for parent, children in self._started.items() for child in children}
        for pid, program in self._programs:
            nodes.append((program, self._nearest(pid, above, last)))
            last[pid] = len(nodes) - 1
        children: dict[int, list[int]] = {}
        for number, (_, parent) in enumerate(nodes):
            children.setdefault(parent, []).append(number)
        keys: dict[int, bytes] = {}
        for number in range(len(nodes) - 1, -1, -1):
            below = b"".join(sorted(keys[child] for child in children.get(number, ())))
            keys[number] = hashlib.sha256(nodes[number][0].encode("utf-8", "replace") + b"\0" + below).digest()
        made: list[TracedProcess] = []
        numbers = {-1: 0}
        stack = sorted(children.get(-1, ()), key=keys.__getitem__, reverse=True)
        while stack:
            number = stack.pop()
            program, parent = nodes[number]
            numbers[number] = len(made) + 1
            made.append(TracedProcess(len(made) + 1, numbers[parent], program))
            stack += sorted(children.get(number, ()), key=keys.__getitem__, reverse=True)
        return tuple(made)

    @staticmethod
    def _nearest(pid: bytes, above: dict[bytes, bytes], last: dict[bytes, int]) -> int:
        """The program a process was running before this one, its own or that of who started it."""
        seen: set[bytes] = set()
        while pid not in last:
            seen.add(pid)
            pid = above.get(pid, b"")
            if not pid or pid in seen:
                return -1
        return last[pid]


def unquoted(text: bytes) -> str:
    """A name as strace quotes it."""
    return _ESCAPE.sub(_unescape, text).decode("utf-8", "backslashreplace")


def joined(folder: str, path: str) -> str:
    """A path from a working folder, without `.` and `..`; links are not followed."""
    parts: list[str] = []
    for part in (path if path.startswith("/") else f"{folder}/{path}").split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts)


def settled(path: str) -> str:
    """A path without what differs from run to run: a process's number below `/proc`."""
    if not path.startswith("/proc/"):
        return path
    return "/".join("N" if part.isdecimal() else part for part in path.split("/"))


def is_own(path: str) -> bool:
    """Whether a path lies where the step writes."""
    return any(path == place or path.startswith(f"{place}/") for place in OWN_PLACES)


def _unescape(found: "re.Match[bytes]") -> bytes:
    word = found[1]
    if word[:1] == b"x" and len(word) == 3:
        return bytes([int(word[1:], 16)])
    if word[:1].isdigit():
        return bytes([int(word, 8) & 0xFF])
    return _LETTERS.get(word, word)
