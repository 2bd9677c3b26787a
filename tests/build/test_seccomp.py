"""The filter's bytes: golden digests, and what a machine would answer, by running the program."""

import struct

import pytest

from assay.build import seccomp
from assay.build.seccomp import ARCHITECTURES, REFUSED

ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
GOLDEN = {
    "x86_64": "sha256:49486bf72560c5f504bd798619815ad2a11ae69b4cacc4141764f92d775c71e0",
    "aarch64": "sha256:f9d067ed112e7265524c135d6fa205cf05be3c46ef4cc4593039abc30df3f735",
}


def answer(program: bytes, audit: int, number: int, argument: int = 0) -> int:
    """What the kernel would return for one system call (the four operations the filter uses)."""
    code = [struct.unpack("<HBBI", program[at : at + 8]) for at in range(0, len(program), 8)]
    data = struct.pack("<IIQQ", number, audit, 0, argument)
    at = accumulator = 0
    while True:
        operation, true, false, value = code[at]
        if operation == 0x06:
            return value
        if operation == 0x20:
            accumulator = struct.unpack_from("<I", data, value)[0]
            at += 1
            continue
        held = {0x15: accumulator == value, 0x35: accumulator >= value, 0x45: bool(accumulator & value)}[operation]
        at += 1 + (true if held else false)


@pytest.mark.parametrize("machine", sorted(ARCHITECTURES))
def test_the_bytes_are_those_that_were_reviewed(machine: str) -> None:
    program = seccomp.program(machine)
    assert program is not None
    assert seccomp.digest(program) == GOLDEN[machine]


@pytest.mark.parametrize("machine", sorted(ARCHITECTURES))
def test_each_refused_call_gets_eperm_and_others_pass(machine: str) -> None:
    architecture, program = ARCHITECTURES[machine], seccomp.program(machine)
    assert program is not None
    for name in REFUSED:
        assert answer(program, architecture.audit, architecture.numbers[name]) == ERRNO | 1, name
    named = set(architecture.numbers.values())
    assert all(answer(program, architecture.audit, n) == ALLOW for n in range(500) if n not in named)
    assert answer(program, architecture.audit, architecture.numbers["clone3"]) == ERRNO | 38


@pytest.mark.parametrize("machine", sorted(ARCHITECTURES))
@pytest.mark.parametrize("call", ["socket", "socketpair"])
def test_socket_families_are_an_allow_list(machine: str, call: str) -> None:
    architecture, program = ARCHITECTURES[machine], seccomp.program(machine)
    assert program is not None
    for family in range(64):
        expected = ALLOW if family in (1, 2, 10) else ERRNO | 97
        assert answer(program, architecture.audit, architecture.numbers[call], family) == expected


@pytest.mark.parametrize("machine", sorted(ARCHITECTURES))
def test_a_user_namespace_cannot_be_cloned(machine: str) -> None:
    architecture, program = ARCHITECTURES[machine], seccomp.program(machine)
    assert program is not None
    clone = architecture.numbers["clone"]
    assert answer(program, architecture.audit, clone, 0x10000000 | 17) == ERRNO | 1
    assert answer(program, architecture.audit, clone, 17) == ALLOW


def test_foreign_calling_conventions_are_killed() -> None:
    program = seccomp.program("x86_64")
    assert program is not None
    assert answer(program, 0x40000003, 1) == KILL  # i386
    assert answer(program, 0xC000003E, 0x40000000 | 41) == KILL  # x32


def test_a_tracer_inside_may_trace() -> None:
    traced, plain = seccomp.program("x86_64", tracing=True), seccomp.program("x86_64")
    assert traced is not None
    assert plain is not None
    assert answer(traced, 0xC000003E, 101) == ALLOW
    assert answer(plain, 0xC000003E, 101) == ERRNO | 1


def test_an_unknown_machine_has_no_filter() -> None:
    assert seccomp.program("pdp11") is None
