"""The system call filter of a build step, as bytes of a classic BPF program (Linux `seccomp(2)`, `struct sock_filter`).

Bytes are a pure function of the table below, so that their digest names the filter in a provenance. Foreign ABIs are
killed; sockets are an allow-list of families; what reaches kernel parts no build needs gets EPERM; the rest is allowed,
for namespaces, mounts and capabilities close it elsewhere.
"""

import hashlib
import struct
from collections.abc import Iterable, Mapping

import msgspec

_LOAD, _JUMP_EQ, _JUMP_GE, _JUMP_SET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCH, _ARGUMENT0 = 0, 4, 16
"""Offsets in `struct seccomp_data`; the low half of the first argument on a little-endian machine."""
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_EPERM, _ENOSYS, _EAFNOSUPPORT = 1, 38, 97
_X32 = 0x40000000
"""Numbers from here on belong to the x32 ABI, which shares its architecture word with x86-64."""
_NEW_USER = 0x10000000
"""CLONE_NEWUSER."""
FAMILIES: Mapping[str, int] = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10}
"""Socket families a step may open; without a network only its own loopback answers."""
REFUSED = (
    "acct", "add_key", "bpf", "delete_module", "finit_module", "fsconfig", "fsmount", "fsopen", "fspick",
    "init_module", "io_uring_enter", "io_uring_register", "io_uring_setup", "kexec_file_load", "kexec_load", "keyctl",
    "mount", "mount_setattr", "move_mount", "open_by_handle_at", "open_tree", "perf_event_open", "pivot_root",
    "process_vm_readv", "process_vm_writev", "ptrace", "quotactl", "reboot", "request_key", "setns", "swapoff",
    "swapon", "syslog", "umount2", "unshare", "userfaultfd",
)  # fmt: skip
"""Calls that get EPERM."""


class Architecture(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers of one machine (Linux `asm/unistd.h`); those from 424 on are the same everywhere."""

    audit: int
    """AUDIT_ARCH_*."""
    numbers: Mapping[str, int]
    has_x32: bool = False


_SHARED = {
    "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "open_tree": 428, "move_mount": 429,
    "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433, "clone3": 435, "mount_setattr": 442,
}  # fmt: skip
ARCHITECTURES: Mapping[str, Architecture] = {
    "x86_64": Architecture(
        audit=0xC000003E,
        has_x32=True,
        numbers={
            **_SHARED,
            "socket": 41, "socketpair": 53, "clone": 56, "ptrace": 101, "syslog": 103, "pivot_root": 155, "acct": 163,
            "mount": 165, "umount2": 166, "swapon": 167, "swapoff": 168, "reboot": 169, "init_module": 175,
            "delete_module": 176, "quotactl": 179, "kexec_load": 246, "add_key": 248, "request_key": 249,
            "keyctl": 250, "unshare": 272, "perf_event_open": 298, "open_by_handle_at": 304, "setns": 308,
            "process_vm_readv": 310, "process_vm_writev": 311, "finit_module": 313, "kexec_file_load": 320, "bpf": 321,
            "userfaultfd": 323,
        },
    ),
    "aarch64": Architecture(
        audit=0xC00000B7,
        numbers={
            **_SHARED,
            "umount2": 39, "mount": 40, "pivot_root": 41, "quotactl": 60, "acct": 89, "unshare": 97, "kexec_load": 104,
            "init_module": 105, "delete_module": 106, "syslog": 116, "ptrace": 117, "reboot": 142, "socket": 198,
            "socketpair": 199, "add_key": 217, "request_key": 218, "keyctl": 219, "clone": 220, "swapon": 224,
            "swapoff": 225, "perf_event_open": 241, "open_by_handle_at": 265, "setns": 268, "process_vm_readv": 270,
            "process_vm_writev": 271, "finit_module": 273, "bpf": 280, "userfaultfd": 282, "kexec_file_load": 294,
        },
    ),
}  # fmt: skip


def program(machine: str, *, tracing: bool = False) -> bytes | None:
    """The filter of a machine; None where its numbers are not known.

    Args:
        machine: as `uname -m` names it.
        tracing: leave `ptrace` open, for a tracer that starts inside.
    """
    architecture = ARCHITECTURES.get(machine)
    if architecture is None:
        return None
    numbers = architecture.numbers
    code = [(_LOAD, 0, 0, _ARCH), (_JUMP_EQ, 1, 0, architecture.audit), (_RETURN, 0, 0, _KILL), (_LOAD, 0, 0, _NUMBER)]
    if architecture.has_x32:
        code += [(_JUMP_GE, 0, 1, _X32), (_RETURN, 0, 0, _KILL)]
    for name in REFUSED:
        if not (tracing and name == "ptrace"):
            code += [(_JUMP_EQ, 0, 1, numbers[name]), (_RETURN, 0, 0, _ERRNO | _EPERM)]
    # Its flags lie in memory, where no filter looks; C libraries fall back to clone.
    code += [(_JUMP_EQ, 0, 1, numbers["clone3"]), (_RETURN, 0, 0, _ERRNO | _ENOSYS)]
    code += [
        (_JUMP_EQ, 0, 4, numbers["clone"]),
        (_LOAD, 0, 0, _ARGUMENT0),
        (_JUMP_SET, 0, 1, _NEW_USER),
        (_RETURN, 0, 0, _ERRNO | _EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]
    for name in ("socket", "socketpair"):
        code += _families(numbers[name], FAMILIES.values())
    code.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("<HBBI", operation, true, false, value) for operation, true, false, value in code)


def digest(program: bytes) -> str:
    """What names the filter in a provenance: `sha256:…`."""
    return f"sha256:{hashlib.sha256(program).hexdigest()}"


def _families(number: int, families: Iterable[int]) -> list[tuple[int, int, int, int]]:
    """One call allowed for some socket families alone."""
    allowed = list(families)
    checks = [(_JUMP_EQ, len(allowed) - place, 0, family) for place, family in enumerate(allowed)]
    return [
        (_JUMP_EQ, 0, len(checks) + 3, number),
        (_LOAD, 0, 0, _ARGUMENT0),
        *checks,
        (_RETURN, 0, 0, _ERRNO | _EAFNOSUPPORT),
        (_RETURN, 0, 0, _ALLOW),
    ]
