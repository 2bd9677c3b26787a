"""A step's trace against what was locked: every row of the table has a trace that fails it."""

import msgspec
import pytest

from assay.build import closure
from assay.model.tracing import Attempt, Trace, TracedProcess
from assay.model.tree import OwnedEntry, Owner, Span, TreeEntry

LIBC = Owner("package", "libc6")
ROOT = (
    OwnedEntry(TreeEntry(path=b"bin", kind="symlink", link=b"usr/bin"), Owner("rule", "usr")),
    OwnedEntry(TreeEntry(path=b"etc/loop", kind="symlink", link=b"/etc/loop"), Owner("rule", "x")),
    OwnedEntry(TreeEntry(path=b"usr/bin", kind="directory", mode=0o755), Owner("rule", "parents")),
    OwnedEntry(TreeEntry(path=b"usr/bin/dash"), Owner("package", "dash"), Span(0, 1, "aa")),
    OwnedEntry(TreeEntry(path=b"usr/bin/sh", kind="symlink", link=b"dash"), Owner("package", "dash")),
    OwnedEntry(TreeEntry(path=b"usr/bin/true"), Owner("package", "coreutils"), Span(1, 1, "bb")),
    OwnedEntry(TreeEntry(path=b"usr/lib/a.so"), LIBC, Span(2, 1, "cc")),
    OwnedEntry(TreeEntry(path=b"usr/lib/b.so", kind="hardlink", link=b"usr/lib/a.so"), LIBC),
)
INPUTS = (
    OwnedEntry(TreeEntry(path=b"app/main.c"), Owner("source", "app"), Span(3, 1, "dd")),
    OwnedEntry(TreeEntry(path=b"app/same.c", kind="hardlink", link=b"app/main.c"), Owner("source", "app")),
)
GOOD = Trace(
    tracer="strace 6.1",
    scope="files",
    programs=("/bin/sh", "/build/configure"),
    reads=(
        "/dev/null",
        "/proc/N/maps",
        "/proc/meminfo",
        "/src/app/main.c",
        "/usr/bin",
        "/usr/lib/a.so",
        "/usr/lib/b.so",
    ),
    writes=("/dev/null",),
    attempts=(Attempt("AF_INET", "127.0.0.1", 80),),
)


def judge(**changed: object) -> closure.Closure:
    return closure.judge(msgspec.structs.replace(GOOD, **changed), ROOT, INPUTS)


def test_what_a_step_used_is_told_by_its_owner_and_what_it_did_not_use_is_not() -> None:
    found = judge()
    assert (found.state, found.outside, found.written) == ("closed", (), ())
    assert found.used == {"package dash", "package libc6", "source app"}
    assert found.system == ("/proc/meminfo",)
    assert [(one.path, one.digest) for one in found.accessed] == [
        ("/src/app/main.c", "dd"),
        ("/usr/bin/dash", "aa"),
        ("/usr/lib/a.so", "cc"),
        ("/usr/lib/b.so", "cc"),
    ]


@pytest.mark.parametrize("path", ["/etc/passwd", "/proc/kcore", "/dev/sda", "/usr/bin/true2", "/srcs", "/etc/loop"])
def test_any_other_path_opens_the_closure(path: str) -> None:
    found = judge(reads=(*(GOOD.reads or ()), path))
    if path == "/etc/loop":  # a link without an end leads to no file
        assert found.accessed == judge().accessed
        return
    assert (found.state, found.outside) == ("open", (path,))


def test_writing_where_only_locked_files_lie_opens_it_too() -> None:
    found = judge(writes=("/usr/bin/sh",))
    assert (found.state, found.written) == ("open", ("/usr/bin/sh",))


@pytest.mark.parametrize(
    ("changed", "state"),
    [
        ({"state": "overflow", "detail": "the queue ran over"}, "unknown"),
        ({"state": "unavailable"}, "unknown"),
        ({"state": "unavailable", "tracer": ""}, "not-traced"),
        ({"reads": None}, "not-traced"),
    ],
)
def test_a_trace_that_is_not_whole_proves_nothing(changed: dict[str, object], state: str) -> None:
    found = judge(**changed)
    assert (found.state, found.used) == (state, None)
    assert found.why


def test_without_a_trace_nothing_is_known() -> None:
    assert closure.judge(None, ROOT, INPUTS).state == "not-traced"


def test_only_its_own_loopback_may_be_asked() -> None:
    outside = Attempt("AF_INET", "203.0.113.9", 443)
    own = [Attempt("AF_INET", "127.0.0.53", 53), Attempt("AF_INET6", "::1", 80)]
    assert closure.asked_outside([*own, outside]) == (outside,)


def test_two_traces_are_equal_or_the_difference_is_told() -> None:
    assert closure.difference(GOOD, GOOD) == ()
    other = msgspec.structs.replace(GOOD, reads=("/usr/lib/a.so", "/usr/lib/c.so"), attempts=())
    lines = closure.difference(GOOD, other)
    assert "file only in the second: /usr/lib/c.so" in lines
    assert "asked only in the first: 127.0.0.1 port 80" in lines
    forked = msgspec.structs.replace(GOOD, processes=(TracedProcess(1, 0, "/bin/sh"),))
    assert closure.difference(GOOD, forked) == ("processes: 0 against 1, or another tree of them",)
    assert "not comparable" in closure.difference(GOOD, msgspec.structs.replace(GOOD, tracer="fanotify"))[0]
