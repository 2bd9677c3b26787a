"""What the program in front of a launcher asks of the kernel: namespaces, mounts, marks, handles.

A part of `tracer_marking`, which a bare interpreter runs: it imports nothing of Assay.
"""

import ctypes
import os
import signal
import struct

_NEW_USER, _NEW_MOUNTS = 0x10000000, 0x00020000
_READ_ONLY, _NO_SETUID, _NO_DEVICES = 0x1, 0x2, 0x4
_BIND, _DETACH = 0x1000, 0x2
_CLOEXEC, _NONBLOCK, _REPORT = 0x1, 0x2, 0x400 | 0x800
"""`FAN_REPORT_DIR_FID`, `FAN_REPORT_NAME`."""
ADD, ON_CHILD = 0x1, 0x08000000
_FILESYSTEM = 0x100
OPEN_EXEC = 0x1000
_OPEN = 0x20
HANDLE = struct.Struct("=Ii")
_HANDLE_BYTES = 128
"""`MAX_HANDLE_SZ`."""
HANDLE_FID = 0x200
"""A handle that need not lead back to the file (name_to_handle_at(2))."""
_AT_FDCWD = -100
_DEATH_SIGNAL, _DUMPABLE = 1, 4
_library = ctypes.CDLL(None, use_errno=True)


def _done(result: int, what: str) -> int:
    if result < 0:
        errno = ctypes.get_errno()
        raise OSError(errno, os.strerror(errno), what)
    return result


def namespaces() -> None:
    """A user namespace of one user and one group, and mounts nobody else sees."""
    user, group = os.geteuid(), os.getegid()
    _done(_library.unshare(_NEW_USER | _NEW_MOUNTS), "new user namespace")
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with open(f"/proc/self/{name}", "w", encoding="utf-8") as file:
            file.write(text)


def new_group() -> int:
    """A group that is told of opened files by their folder's handle and their name; its descriptor."""
    flags = ctypes.c_uint(_CLOEXEC | _NONBLOCK | _REPORT)
    return _done(_library.fanotify_init(flags, ctypes.c_uint(os.O_RDONLY)), "fanotify_init")


def mark(group: int, path: bytes, how: int, more: int = 0) -> None:
    """Have a group told what is opened at a path."""
    wanted = ctypes.c_uint64(_OPEN | OPEN_EXEC | more)
    _done(_library.fanotify_mark(group, how, wanted, _AT_FDCWD, path), "fanotify_mark")


def mark_tmpfs(folder: str, size: int) -> int:
    """A tmpfs of at most `size` bytes on a folder, and a group that sees all that is opened in it; its descriptor."""
    data = f"size={size},mode=0755".encode()
    private = ctypes.c_ulong(_NO_SETUID | _NO_DEVICES)
    _done(_library.mount(b"tmpfs", folder.encode(), b"tmpfs", private, data), "mount tmpfs")
    group = new_group()
    mark(group, folder.encode(), ADD | _FILESYSTEM)
    return group


def cover(folder: str, empty: str) -> None:
    """An overlay on a folder that shows what lies there; its handles' number of the file system is the folder's."""
    if set(folder + empty) & set(":,\\"):
        raise OSError(0, "a path that stands for something else in options", folder)
    data = f"lowerdir={folder}:{empty},uuid=null".encode()
    sealed = ctypes.c_ulong(_READ_ONLY | _NO_SETUID | _NO_DEVICES)
    _done(_library.mount(b"overlay", folder.encode(), b"overlay", sealed, data), "mount overlay")


def uncover(folder: str) -> None:
    """Take away what was mounted on a folder."""
    _library.umount2(folder.encode(), _DETACH)


def bind(source: str, folder: str) -> None:
    """Show a folder in the place of another."""
    _done(_library.mount(source.encode(), folder.encode(), None, ctypes.c_ulong(_BIND), None), "bind")


def handles(paths: "list[str]", folder: str, place: str, flags: int = 0) -> "dict[bytes, str]":
    """Handle of each folder → what the step calls it, which calls `folder` `place`."""
    found: dict[bytes, str] = {}
    for path in paths:
        held = ctypes.create_string_buffer(HANDLE.pack(_HANDLE_BYTES, 0), HANDLE.size + _HANDLE_BYTES)
        mount = ctypes.c_int()
        call = _library.name_to_handle_at(_AT_FDCWD, os.fsencode(path), held, ctypes.byref(mount), flags)
        _done(call, "name_to_handle_at")
        size, _ = HANDLE.unpack_from(held.raw)
        handle = held.raw[: HANDLE.size + size]
        if handle in found:
            raise OSError(0, "two folders have one handle", path)
        found[handle] = place + path[len(folder) :]
    return found


def die_with_parent() -> None:
    """Be killed when the parent ends (prctl(2), `PR_SET_PDEATHSIG`)."""
    _done(_library.prctl(_DEATH_SIGNAL, ctypes.c_ulong(signal.SIGKILL), *[ctypes.c_ulong(0)] * 3), "die with parent")


def dumpable() -> None:
    """Own the files of /proc/self again, after becoming another user (proc(5))."""
    _done(_library.prctl(_DUMPABLE, ctypes.c_ulong(1), *[ctypes.c_ulong(0)] * 3), "dumpable")
