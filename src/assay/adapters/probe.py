"""The canaries themselves: run inside a sandbox, this file tries each way out and prints what it found as JSON.

It is also run as a script by a bare interpreter, so it imports nothing of Assay. Argument: JSON with the places to
try. Output: one JSON object, canary name → [state, detail].
"""

import ctypes
import json
import os
import platform
import socket
import stat
import sys

_NUMBERS = {"x86_64": {"add_key": 248}, "aarch64": {"add_key": 217}}
_FAMILIES = (
    ("AF_NETLINK", 16, socket.SOCK_RAW),
    ("AF_PACKET", 17, socket.SOCK_RAW),
    ("AF_VSOCK", 40, socket.SOCK_STREAM),
)
_DEVICES = {
    "null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9), "tty": (5, 0),
}  # fmt: skip
"""Linux, admin-guide/devices.txt."""
_IO_URING_SETUP = 425
_CLONE_NEWUSER = 0x10000000
_SECONDS = 2.0


def _connects(family: int, address: object) -> tuple[str, str]:
    try:
        with socket.socket(family, socket.SOCK_STREAM) as door:
            door.settimeout(_SECONDS)
            door.connect(address)  # type: ignore[arg-type]
    except OSError as error:
        return "closed", str(error)
    return "open", "it answered"


def _network(namespace: str) -> tuple[str, str]:
    """Interfaces are listed in `/proc/net/dev` after two lines of headings; the namespace has a name of its own."""
    if os.readlink("/proc/self/ns/net") == namespace:
        return "open", "the host's own namespace"
    with open("/proc/net/dev", encoding="utf-8") as file:
        names = [line.partition(":")[0].strip() for line in file.readlines()[2:]]
    more = [name for name in names if name != "lo"]
    return ("open", ", ".join(more)) if more else ("closed", "")


def _families() -> tuple[str, str]:
    opened = []
    for name, number, kind in _FAMILIES:
        try:
            socket.socket(number, kind).close()
            opened.append(name)
        except OSError as error:
            if error.errno not in (97, 1) and name != "AF_PACKET":  # refused by the filter, or not there at all
                opened.append(f"{name} ({error})")
    return ("open", ", ".join(opened)) if opened else ("closed", "")


def _call(library: ctypes.CDLL, number: int, *arguments: object) -> tuple[int, int]:
    ctypes.set_errno(0)
    result = library.syscall(number, *arguments)
    return result, ctypes.get_errno()


def _system_call(library: ctypes.CDLL, number: int, *arguments: object) -> tuple[str, str]:
    result, errno = _call(library, number, *arguments)
    if result >= 0:
        return "open", "it succeeded"
    # Any other error means the kernel looked at the arguments: the call itself is open.
    return ("closed", os.strerror(errno)) if errno in (1, 38) else ("open", os.strerror(errno))


def _user_namespace(library: ctypes.CDLL) -> tuple[str, str]:
    child = os.fork()
    if child == 0:
        os._exit(0 if library.unshare(_CLONE_NEWUSER) == 0 else 1)
    _, status = os.waitpid(child, 0)
    return ("open", "one was made") if os.waitstatus_to_exitcode(status) == 0 else ("closed", "")


def _descriptors() -> tuple[str, str]:
    extra = []
    for name in os.listdir("/proc/self/fd"):
        try:
            place = os.readlink(f"/proc/self/fd/{name}")
        except OSError:
            continue  # the folder's own, closed by now
        if int(name) > 2 and not place.startswith("/proc/"):
            extra.append(f"{name} → {place}")
    return ("open", ", ".join(extra)) if extra else ("closed", "")


def _host_file(path: str, secret: str) -> tuple[str, str]:
    try:
        with open(path, encoding="utf-8") as file:
            return ("open", "it was read") if secret in file.read() else ("closed", "another file is there")
    except OSError as error:
        return "closed", str(error)


def devices(folder: str) -> tuple[str, str]:
    """Launchers bind the host's nodes: where a mistake made `/dev/null` a file, a step could write that file."""
    wrong = []
    for entry in os.scandir(folder):
        found = entry.stat(follow_symlinks=False)
        kind = stat.S_IFMT(found.st_mode)
        number = (os.major(found.st_rdev), os.minor(found.st_rdev)) if kind == stat.S_IFCHR else None
        if kind not in (stat.S_IFCHR, stat.S_IFDIR, stat.S_IFLNK) or number != _DEVICES.get(entry.name, number):
            wrong.append(entry.name)
    return ("open", f"no such device: {', '.join(sorted(wrong))}") if wrong else ("closed", "")


def _root_write() -> tuple[str, str]:
    opened = []
    for folder in ("/", "/usr", "/etc", "/src"):
        path = os.path.join(folder, ".assay-canary")
        try:
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
            os.unlink(path)
            opened.append(folder)
        except OSError:
            continue
    return ("open", ", ".join(opened)) if opened else ("closed", "")


def _capabilities() -> tuple[str, str]:
    with open("/proc/self/status", encoding="utf-8") as file:
        fields = {name: value.strip() for name, _, value in (line.partition(":") for line in file)}
    held = [name for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb") if int(fields.get(name) or "0", 16)]
    if fields.get("NoNewPrivs") != "1":
        held.append("NoNewPrivs is off")
    return ("open", ", ".join(held)) if held else ("closed", "")


def main(words: list[str]) -> None:
    """Try everything and print it."""
    places = json.loads(words[0])
    library = ctypes.CDLL(None, use_errno=True)
    numbers = _NUMBERS.get(platform.machine())
    found = {
        "descriptors": _descriptors(),
        "unix-path": _connects(socket.AF_UNIX, places["unix_path"]),
        "unix-abstract": _connects(socket.AF_UNIX, "\0" + places["unix_abstract"]),
        "tcp": _connects(socket.AF_INET, ("127.0.0.1", places["tcp_port"])),
        "network": _network(places["network"]),
        "families": _families(),
        "io-uring": _system_call(library, _IO_URING_SETUP, 0, None),
        "host-file": _host_file(places["file"], places["secret"]),
        "devices": devices("/dev"),
        "root-write": _root_write(),
        "capabilities": _capabilities(),
        "user-namespace": _user_namespace(library),
    }
    if numbers is not None:
        found["keyring"] = _system_call(library, numbers["add_key"], b"user", b"assay", b"x", 1, -3)
    print(json.dumps(found))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
