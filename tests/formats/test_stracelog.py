"""The tracer's log becomes a trace that is the same from run to run."""

import random

import pytest

from assay.formats.stracelog import Reader, joined, settled, unquoted
from assay.model.limits import Limits
from assay.model.tracing import Attempt, Trace, TracedProcess

START = (
    '10 execve("/usr/bin/bwrap", ["bwrap"], 0x1 /* 0 vars */) = 0\n'
    '10 openat(AT_FDCWD</>, "/etc/host", O_RDONLY) = 3</etc/host>\n'
    '12 execve("/bin/sh", ["/bin/sh"], 0x1 /* 3 vars */) = 0\n'
)


def trace(text: str, *, scope: str = "files", limits: Limits | None = None) -> Trace:
    reader = Reader("strace 6.1", scope, limits or Limits())  # type: ignore[arg-type]
    data = (START + text).encode()
    step = 7 if len(data) < 10_000 else 1 << 16
    for at in range(0, len(data), step):
        reader.feed(data[at : at + step])
    return reader.finish()


def test_what_the_launcher_does_is_no_part_of_it() -> None:
    found = trace('10 openat(AT_FDCWD</>, "/etc/shadow", O_RDONLY) = 3</etc/shadow>\n')
    assert (found.state, found.reads, found.programs) == ("complete", (), ("/bin/sh",))


def test_failed_opens_folders_and_the_steps_own_files_are_left_out() -> None:
    found = trace(
        '12 openat(AT_FDCWD</build>, "/no", O_RDONLY) = -1 ENOENT (No such file or directory)\n'
        '12 openat(AT_FDCWD</build>, "/usr", O_RDONLY|O_DIRECTORY) = 3</usr>\n'
        '12 openat(AT_FDCWD</build>, "x.c", O_RDONLY) = 3</build/x.c>\n'
        '12 openat(AT_FDCWD</build>, "/tmp/ccQ1.o", O_RDWR|O_CREAT, 0600) = 3</tmp/ccQ1.o>\n'
        '12 openat(AT_FDCWD</build>, "/lib/libc.so.6", O_RDONLY|O_CLOEXEC) = 3</usr/lib/libc.so.6>\n'
        '12 openat(AT_FDCWD</build>, "/proc/self/maps", O_RDONLY) = 3</proc/6/maps>\n'
    )
    assert found.reads == ("/proc/N/maps", "/usr/lib/libc.so.6")
    assert found.writes == ()


def test_a_write_outside_of_the_steps_own_places_is_told() -> None:
    found = trace('12 openat(AT_FDCWD</build>, "/dev/null", O_WRONLY|O_CREAT, 0666) = 3</dev/null>\n')
    assert found.writes == ("/dev/null",)


def test_whom_a_step_asked_for_is_told_whether_it_answered_or_not() -> None:
    found = trace(
        '12 connect(3<socket:[1]>, {sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("203.0.113.9")}, 16)'
        " = -1 ENETUNREACH (Network is unreachable)\n"
        '12 sendto(3<socket:[1]>, "x", 1, 0, {sa_family=AF_INET6, sin6_port=htons(53), sin6_flowinfo=htonl(0),'
        ' inet_pton(AF_INET6, "2001:db8::1", &sin6_addr), sin6_scope_id=0}, 28) = 1\n',
        scope="processes",
    )
    assert found.attempts == (Attempt("AF_INET", "203.0.113.9", 443), Attempt("AF_INET6", "2001:db8::1", 53))
    assert found.reads is None


def test_lines_torn_apart_are_joined_and_programs_know_who_started_them() -> None:
    found = trace(
        "12 vfork( <unfinished ...>\n"
        '13 execve("/usr/bin/make", ["make"], 0x5 /* 3 vars */ <unfinished ...>\n'
        "12 <... vfork resumed>)              = 6 /* 13 in strace's PID NS */\n"
        "13 <... execve resumed>)             = 0\n"
        "13 clone(child_stack=NULL, flags=SIGCHLD) = 7 /* 14 in strace's PID NS */\n"
        '14 chdir("sub") = 0\n'
        '14 execve("./tool", ["tool"], 0x5 /* 3 vars */) = 0\n'
        "14 +++ exited with 0 +++\n"
    )
    assert found.state == "complete"
    assert found.processes == (
        TracedProcess(1, 0, "/bin/sh"),
        TracedProcess(2, 1, "/usr/bin/make"),
        TracedProcess(3, 2, "/build/sub/tool"),
    )


@pytest.mark.parametrize("seed", range(4))
def test_who_was_faster_does_not_matter(seed: int) -> None:
    programs = [f"/usr/bin/p{number % 3}" for number in range(9)]
    random.Random(seed).shuffle(programs)
    lines = []
    for number, program in enumerate(programs):
        lines.append(f"12 vfork() = {number} /* {100 + number} in strace's PID NS */\n")
        lines.append(f'{100 + number} execve("{program}", ["x"], 0x5 /* 3 vars */) = 0\n')
    expected = tuple(TracedProcess(2 + at, 1, f"/usr/bin/p{at // 3}") for at in range(9))
    assert trace("".join(lines)).processes[1:] == expected


def test_a_name_cannot_forge_a_line() -> None:
    text = r'12 openat(AT_FDCWD</build>, "a\n12 x", O_RDONLY) = 3</usr/a\n99 openat\74\"\76>' + "\n"
    assert trace(text).reads == ('/usr/a\n99 openat<">',)


@pytest.mark.parametrize(
    "result",
    ["-1 ENOENT (No such file or directory)", "? ERESTARTSYS (To be restarted if SA_RESTART is set)", "?"],
)
def test_a_failure_is_a_failure_also_where_its_line_was_torn(result: str) -> None:
    whole = trace(f'12 openat(AT_FDCWD</build>, "/x", O_RDONLY) = {result}\n')
    torn = trace(
        f'12 openat(AT_FDCWD</build>, "/x", O_RDONLY <unfinished ...>\n12 <... openat resumed>)      = {result}\n'
    )
    assert (whole.state, whole.reads) == ("complete", ())
    assert torn == whole


@pytest.mark.parametrize("name", [") = -1 ENOENT (x)", ") = ?", "(AT_FDCWD</etc>", "= 3</usr/y>", "O_DIRECTORY"])
def test_a_name_cannot_hide_its_own_opening(name: str) -> None:
    shown = name.replace("<", "\\74").replace(">", "\\76")
    text = f'12 open("/usr/{name}", O_RDONLY) = 3</usr/{shown}>\n12 execve("./t", ["t"], 0x5 /* 3 vars */) = 0\n'
    found = trace(text)
    assert (found.state, found.reads) == ("complete", (f"/usr/{name}",))
    assert "/build/t" in found.programs


@pytest.mark.parametrize(
    ("text", "limits", "state"),
    [
        ("nonsense\n", Limits(), "unavailable"),
        ("12 openat(AT_FDCWD</build>, ", Limits(), "unavailable"),
        ("12 openat(AT_FDCWD</build>, \"x\", O_RDONLY) = 3\n", Limits(), "unavailable"),
        ('12 openat(1, "a", O_RDONLY) = 3</a>\n12 openat(1, "b", O_RDONLY) = 3</b>\n', Limits(trace_paths_count=1), "overflow"),
        ("13 vfork() = 1\n14 vfork() = 1\n", Limits(trace_processes_count=2), "overflow"),
        ("12 " + "x" * (1 << 19), Limits(), "overflow"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_or_held_is_never_complete(text: str, limits: Limits, state: str) -> None:
    assert trace(text, limits=limits).state == state


def test_a_log_without_the_steps_program_is_not_complete() -> None:
    assert Reader("strace", "files").finish().state == "unavailable"


def test_names() -> None:
    assert unquoted(rb"a\303\244\tb\"\\") == 'aä\tb"\\'
    assert joined("/build", "../usr/./bin/x") == "/usr/bin/x"
    assert joined("/", "../../..") == "/"
    assert settled("/proc/12/task/13/comm") == "/proc/N/task/N/comm"
    assert settled("/usr/12") == "/usr/12"


def test_a_thread_that_was_killed_at_a_call_it_never_made_takes_nothing_from_the_trace() -> None:
    killed = "12 fork() = 13 /* 13 in strace's PID NS */\n13 ???( <detached ...>\n"
    program = '12 execve("/usr/bin/link", ["link"], 0x1 /* 3 vars */) = 0\n'
    found = trace(killed + "13 +++ killed by SIGKILL +++\n" + program)
    assert (found.state, found.programs) == ("complete", ("/bin/sh", "/usr/bin/link"))


@pytest.mark.parametrize(
    "line",
    [
        '13 execve("/usr/bin/link", ["link"], 0x1 /* 3 vars */) = 0\n',  # it lived: what it called before is not known
        "14 openat( <detached ...>\n",
        "14 ???( <detached ...> = 0\n",
        "14 ???(\n",
    ],
)
def test_what_is_left_out_for_another_reason_makes_it_incomplete(line: str) -> None:
    assert trace("13 ???( <detached ...>\n" + line).state == "unavailable"
