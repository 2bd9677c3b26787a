"""The launcher itself: makes namespaces and mounts, gives every right away, and runs one command inside.

It is run as a script by a bare interpreter, so it imports nothing of Assay. Argument: the number of a descriptor with
the plan as JSON; the plan is no argument because everybody inside may read the words of process 1. Its own errors begin
with `unshared: `. `namespaces(7)`, `user_namespaces(7)`, `pivot_root(2)`, `mount_setattr(2)`, `capabilities(7)`.
"""

import ctypes
import json
import os
import signal
import socket
import struct
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    _Words = TypeVar("_Words")

_NEW_NAMESPACES = 0x10000000 | 0x00020000 | 0x20000000 | 0x40000000 | 0x08000000 | 0x04000000 | 0x02000000
"""User, mount, pid, net, ipc, uts, cgroup."""
_READ_ONLY, _NO_SETUID, _NO_DEVICES, _NO_EXECUTE = 0x1, 0x2, 0x4, 0x8
"""The same bits in `mount(2)` and `mount_setattr(2)`."""
_BIND, _RECURSIVE, _SLAVE, _DETACH = 0x1000, 0x4000, 0x80000, 0x2
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_MOUNT_SETATTR, _CLOSE_RANGE = 442, 436
"""The same number on every machine, as all since 424."""
_DEATH_SIGNAL, _DUMPABLE, _SECCOMP, _DROP_BOUND, _NO_NEW_PRIVILEGES, _AMBIENT = 1, 4, 22, 24, 38, 47
_CAPABILITIES = 0x20080522
"""`_LINUX_CAPABILITY_VERSION_3`."""
_LAST_CAPABILITY = 63
_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 0x1
_DEVICES = ("null", "zero", "full", "random", "urandom")
_LINKS = (("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2"))
_library = ctypes.CDLL(None, use_errno=True)


def _done(result: int, what: str) -> int:
    if result < 0:
        errno = ctypes.get_errno()
        raise OSError(errno, os.strerror(errno), what)
    return result


def _control(what: str, *words: object) -> None:
    padded = [ctypes.c_ulong(word) if isinstance(word, int) else word for word in (*words, 0, 0, 0, 0)[1:5]]
    _done(_library.prctl(words[0], *padded), what)


def _mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    words = [word.encode() if word else None for word in (source, target, kind)]
    _done(_library.mount(*words, ctypes.c_ulong(flags), data.encode() or None), f"mount {target}")


def _bind(source: str, target: str, attributes: int) -> None:
    """With all that is mounted beneath; attributes are only ever added."""
    _mount(source, target, flags=_BIND | _RECURSIVE)
    change = struct.pack("=QQQQ", attributes, 0, 0, 0)
    call = (ctypes.c_long(_MOUNT_SETATTR), ctypes.c_int(_AT_FDCWD), target.encode(), ctypes.c_uint(_AT_RECURSIVE))
    _done(_library.syscall(*call, change, ctypes.c_size_t(len(change))), f"mount_setattr {target}")


def _map(uid: int, gid: int) -> None:
    """One user and one group, and no way to others."""
    outside = os.getuid(), os.getgid()
    _done(_library.unshare(_NEW_NAMESPACES), "new user namespace")
    for name, text in (
        ("setgroups", "deny"), ("uid_map", f"{uid} {outside[0]} 1"), ("gid_map", f"{gid} {outside[1]} 1"),
    ):  # fmt: skip
        with open(f"/proc/self/{name}", "w", encoding="utf-8") as file:
            file.write(text)


def _devices(folder: str) -> None:
    _mount("tmpfs", folder, "tmpfs", _NO_SETUID | _NO_EXECUTE, "mode=0755,size=65536")
    for name in _DEVICES:
        place = f"{folder}/{name}"
        os.close(os.open(place, os.O_CREAT | os.O_WRONLY, 0o666))
        _mount(f"/dev/{name}", place, flags=_BIND)
    for name, target in _LINKS:
        os.symlink(target, f"{folder}/{name}")
    os.mkdir(f"{folder}/shm", 0o755)


def _proc(folder: str) -> None:
    """A new one; its settings are closed, and with them the door to further user namespaces."""
    _mount("proc", folder, "proc", _NO_SETUID | _NO_DEVICES | _NO_EXECUTE)
    with open(f"{folder}/sys/user/max_user_namespaces", "w", encoding="utf-8") as file:
        file.write("0")
    _bind(f"{folder}/sys", f"{folder}/sys", _READ_ONLY)


def _mounts(plan: "dict[str, Any]") -> None:
    """All the command will see, at `/`; the host's tree is let go."""
    root, size = plan["root"], plan["memory_bytes"]
    sealed, private = _READ_ONLY | _NO_SETUID | _NO_DEVICES, _NO_SETUID | _NO_DEVICES
    _mount("", "/", flags=_SLAVE | _RECURSIVE)
    _bind(root, root, sealed)
    os.chdir(root)  # from here on relative, into the new mount
    _mount("tmpfs", "build", "tmpfs", private, f"mode=0755,size={size}")
    _mount("tmpfs", "tmp", "tmpfs", private, f"mode=1777,size={size}")
    _devices("dev")
    _mount("tmpfs", "dev/shm", "tmpfs", private | _NO_EXECUTE, f"mode=1777,size={size}")
    _proc("proc")
    for source, target, writable in plan["binds"]:
        os.makedirs(target.lstrip("/"), exist_ok=True)
        _bind(source, target.lstrip("/"), private if writable else sealed)
    _done(_library.syscall(ctypes.c_long(plan["pivot_root"]), b".", b"."), "pivot_root")
    _done(_library.umount2(b".", _DETACH), "umount")
    os.chdir("/build")


def _loopback() -> None:
    """The one interface there is."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        request = ctypes.create_string_buffer(struct.pack("16sH22x", b"lo", 0), 40)
        _done(_library.ioctl(door.fileno(), ctypes.c_ulong(_GET_FLAGS), request), "lo")
        flags = struct.unpack_from("H", request.raw, 16)[0] | _UP
        struct.pack_into("H", request, 16, flags)
        _done(_library.ioctl(door.fileno(), ctypes.c_ulong(_SET_FLAGS), request), "lo")


def _give_away(program: bytes) -> None:
    """Every capability, every way to new ones, and the calls of the filter."""
    _control("ambient", _AMBIENT, 4)
    for number in range(_LAST_CAPABILITY + 1):
        if _library.prctl(_DROP_BOUND, ctypes.c_ulong(number), *[ctypes.c_ulong(0)] * 3) < 0:
            break  # past the last this kernel knows
    header, nothing = struct.pack("=Ii", _CAPABILITIES, 0), bytes(24)
    _done(_library.capset(header, nothing), "capset")
    _control("no new privileges", _NO_NEW_PRIVILEGES, 1)
    # Process 1 is this interpreter: nothing of its memory, descriptors or program is the command's to see.
    _control("dumpable", _DUMPABLE, 0)
    if program:
        code = ctypes.create_string_buffer(program, len(program))
        filtered = struct.pack("@HP", len(program) // 8, ctypes.addressof(code))
        _control("seccomp", _SECCOMP, 2, ctypes.c_char_p(filtered))


def _first(plan: "dict[str, Any]") -> int:
    """Process 1 of the sandbox: makes it, starts the command and waits for all that ends."""
    _control("die with parent", _DEATH_SIGNAL, int(signal.SIGKILL))
    for number in (signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)  # what Python changed; process 1 is deaf to signals from inside
    _mounts(plan)
    _loopback()
    name = plan["hostname"].encode()
    _done(_library.sethostname(name, len(name)), "sethostname")
    _give_away(bytes.fromhex(plan["filter"]))
    _done(_library.syscall(ctypes.c_long(_CLOSE_RANGE), *[ctypes.c_ulong(word) for word in (3, 2**32 - 1, 0)]), "close")
    command = os.fork()
    if command == 0:
        _control("dumpable", _DUMPABLE, 1)  # its own memory is its own again, and a tracer's to read
        os.setsid()
        os.execvpe(plan["arguments"][0], plan["arguments"], dict(plan["environment"]))  # noqa: S606
    os.closerange(0, 3)  # the log ends with the command
    while True:
        ended, status = os.wait()
        if ended == command:
            return _code(status)


def _code(status: int) -> int:
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def main(words: list[str]) -> int:
    """Make the sandbox and run the command; its exit code."""
    with open(int(words[0]), "rb") as file:
        plan = json.load(file)
    _map(*plan["user"])
    _control("die with parent", _DEATH_SIGNAL, int(signal.SIGKILL))
    inside = os.fork()
    if inside == 0:
        os._exit(_told(_first, plan))
    _done(_library.syscall(ctypes.c_long(_CLOSE_RANGE), *[ctypes.c_ulong(word) for word in (0, 2**32 - 1, 0)]), "close")
    return _code(os.waitpid(inside, 0)[1])


def _told(work: "Callable[[_Words], int]", words: "_Words") -> int:
    """Its exit code; what the kernel refused in one line."""
    try:
        return work(words)
    except Exception as error:  # noqa: BLE001  (the border: whatever fails, nothing has run)
        where = getattr(error, "filename", None) or type(error).__name__
        os.write(1, f"unshared: {where}: {getattr(error, 'strerror', None) or error}\n".encode())
        return 1


if __name__ == "__main__":
    os._exit(_told(main, sys.argv[1:]))
