"""Whether a step read anything but what the lock names: its trace against the trees it was given.

Pure: a trace, the locked root, the inputs. A trace that is not whole proves nothing, and says so.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from assay.model.tracing import Attempt, Trace
from assay.model.tree import OwnedEntry

State = Literal["closed", "open", "unknown", "not-traced"]
_LINKS_COUNT = 40
"""Links followed on one path, as the kernel does."""
DEVICES = frozenset(
    f"/dev/{name}" for name in ("full", "null", "ptmx", "random", "stderr", "stdin", "stdout", "tty", "urandom", "zero")
)
"""What a sandbox's own `/dev` holds."""
SYSTEM = frozenset(
    f"/proc/{name}"
    for name in (
        "cpuinfo", "filesystems", "loadavg", "meminfo", "mounts", "stat", "swaps", "sys/kernel/cap_last_cap",
        "sys/kernel/ngroups_max", "sys/kernel/osrelease", "sys/kernel/pid_max", "sys/kernel/random/uuid",
        "sys/vm/overcommit_memory", "uptime", "version",
    )
)  # fmt: skip
"""What programs ask the kernel about the machine. Nothing of it is locked, so whoever reads it is named."""
_OWN_PROCESS = ("/proc/N/", "/dev/fd/", "/dev/pts/")


class Accessed(msgspec.Struct, frozen=True, order=True):
    """A locked file that a step opened."""

    path: str
    owner: str
    """`package libc6`, `source app`, `rule certificates`."""
    digest: str
    """SHA-256 in hexadecimal, from the tree the root was laid from: it is read-only, so nobody changed it."""


class Closure(msgspec.Struct, frozen=True, kw_only=True):
    """What a step used, and whether that is all locked."""

    state: State
    why: str = ""
    accessed: tuple[Accessed, ...] = ()
    """Sorted by path."""
    system: tuple[str, ...] = ()
    """What it read of the machine: `/proc/cpuinfo`."""
    outside: tuple[str, ...] = ()
    """Opened, and in nothing that is locked: `build.closure-open`."""
    written: tuple[str, ...] = ()
    """Opened for writing where only locked things lie: `build.write-outside`."""

    @property
    def used(self) -> frozenset[str] | None:
        """Owners of what was opened; None where nobody knows."""
        if self.state in ("unknown", "not-traced"):
            return None
        return frozenset(one.owner for one in self.accessed)


def judge(trace: Trace | None, root: Iterable[OwnedEntry], inputs: Iterable[OwnedEntry]) -> Closure:
    """Hold a trace against what was locked.

    Args:
        trace: None where nothing was asked for.
        root: entries of the locked root, at `/`.
        inputs: entries of the step's inputs, at `/src`.
    """
    if trace is None:
        return Closure(state="not-traced", why="the spec asks for no trace of files")
    if trace.state == "unavailable" and not trace.tracer:
        return Closure(state="not-traced", why=trace.detail or "no tracer works here")
    if trace.state != "complete":
        return Closure(state="unknown", why=f"{trace.tracer}: {trace.detail or trace.state}")
    if trace.reads is None:
        return Closure(state="not-traced", why=f"{trace.tracer} watched programs alone")
    tree = {item.entry.path: item for item in root}
    tree |= {b"src/" + item.entry.path: _below_src(item) for item in inputs}
    accessed: set[Accessed] = set()
    system: set[str] = set()
    outside: set[str] = set()
    own = ("/build/", "/tmp/", "/out/", "/dev/shm/")  # noqa: S108  (as the step sees them)
    for path in {*trace.reads, *trace.programs}:
        found = _file(tree, path)
        if found is not None:
            if found.span is not None:
                accessed.add(Accessed(_resolved(tree, path), str(found.owner), found.span.digest))
        elif path in SYSTEM:
            system.add(path)
        elif not (path == "/" or path in DEVICES or path.startswith(_OWN_PROCESS) or path.startswith(own)):
            outside.add(path)
    written = {path for path in trace.writes or () if not _may_write(path)}
    flawed = outside | written
    return Closure(
        state="open" if flawed else "closed",
        why=f"{len(flawed)} paths that nothing locked explains" if flawed else "",
        accessed=tuple(sorted(accessed)),
        system=tuple(sorted(system)),
        outside=tuple(sorted(outside)),
        written=tuple(sorted(written)),
    )


def locked_files(root: Iterable[OwnedEntry]) -> dict[str, tuple[str, str]]:
    """Path → owner and SHA-256 of every file of a root, as `judge` tells them."""
    tree = {item.entry.path: item for item in root}
    found: dict[str, tuple[str, str]] = {}
    for path, item in tree.items():
        target = tree.get(item.entry.link, item) if item.entry.kind == "hardlink" else item
        if target.span is not None:
            name = "/" + path.decode("utf-8", "surrogateescape")
            found[name] = (str(item.owner), target.span.digest)
    return found


def followed(root: Iterable[OwnedEntry], paths: Iterable[str]) -> frozenset[str]:
    """Paths as a step named them, with every link of its root followed."""
    tree = {item.entry.path: item for item in root}
    return frozenset(_resolved(tree, path) for path in paths)


def asked_outside(attempts: Iterable[Attempt]) -> tuple[Attempt, ...]:
    """Whom a step asked for beyond its own loopback: `build.network-attempt`."""
    return tuple(
        one
        for one in attempts
        if not (one.address.startswith("127.") or one.address in ("::1", "::ffff:127.0.0.1", "::", "0.0.0.0"))  # noqa: S104
    )


def difference(first: Trace, second: Trace) -> tuple[str, ...]:
    """What two traces of one step do not share, as lines; empty where they are equal."""
    if first.kind != second.kind or first.scope != second.scope:
        return (f"watched by {first.tracer or 'nobody'} and by {second.tracer or 'nobody'}: not comparable",)
    lines: list[str] = []
    for word, one, other in (
        ("state", (first.state,), (second.state,)),
        ("program", first.programs, second.programs),
        ("file", first.reads or (), second.reads or ()),
        ("written", first.writes or (), second.writes or ()),
        ("asked", _texts(first.attempts), _texts(second.attempts)),
    ):
        lines += [f"{word} only in the first: {item}" for item in sorted(set(one) - set(other))]
        lines += [f"{word} only in the second: {item}" for item in sorted(set(other) - set(one))]
    if not lines and first.processes != second.processes:
        lines.append(f"processes: {len(first.processes)} against {len(second.processes)}, or another tree of them")
    return tuple(lines)


def _texts(attempts: tuple[Attempt, ...] | None) -> tuple[str, ...]:
    return tuple(f"{one.address} port {one.port}" for one in attempts or ())


def _may_write(path: str) -> bool:
    return path in DEVICES or path.startswith(_OWN_PROCESS)


def _below_src(item: OwnedEntry) -> OwnedEntry:
    if item.entry.kind != "hardlink":
        return item
    return OwnedEntry(msgspec.structs.replace(item.entry, link=b"src/" + item.entry.link), item.owner, item.span)


def _file(tree: Mapping[bytes, OwnedEntry], path: str) -> OwnedEntry | None:
    """The entry a path of the step's leads to, with its bytes where it is a file."""
    found = tree.get(_resolved(tree, path).encode("utf-8", "surrogateescape").lstrip(b"/"))
    if found is not None and found.entry.kind == "hardlink":
        target = tree.get(found.entry.link)
        return OwnedEntry(found.entry, found.owner, target.span) if target is not None else None
    return found


def _resolved(tree: Mapping[bytes, OwnedEntry], path: str) -> str:
    """A path with every link of the tree followed; tracers mostly did that already."""
    left = [part for part in path.encode("utf-8", "surrogateescape").split(b"/") if part]
    left.reverse()
    done: list[bytes] = []
    links = 0
    while left:
        part = left.pop()
        if part == b"..":
            del done[-1:]
            continue
        done.append(part)
        found = tree.get(b"/".join(done))
        if found is not None and found.entry.kind == "symlink" and links < _LINKS_COUNT:
            links += 1
            del done[-1:]
            if found.entry.link.startswith(b"/"):
                done = []
            left += [piece for piece in reversed(found.entry.link.split(b"/")) if piece not in (b"", b".")]
    return "/" + b"/".join(done).decode("utf-8", "surrogateescape")
