"""How bubblewrap is asked to seal a step: its arguments, and the fixed environment."""

from collections.abc import Mapping

from assay.ports.sandbox import SealedCommand

UID = GID = 1000
HOSTNAME = "build"
MOUNT_POINTS = ("src", "build", "out", "proc", "dev", "tmp")
"""Folders that must be in every build root: in a read-only root none can be made."""
PREFIX_MAP = "-ffile-prefix-map=/build=."
# Position-independent executables are the default of Debian's compilers; asking for them here breaks shared libraries.
HARDENING_FLAGS: Mapping[str, str] = {
    "CFLAGS": f"-O2 -g {PREFIX_MAP} -fstack-protector-strong -Wformat -Werror=format-security",
    "CXXFLAGS": f"-O2 -g {PREFIX_MAP} -fstack-protector-strong -Wformat -Werror=format-security",
    "CPPFLAGS": "-D_FORTIFY_SOURCE=2",
    "LDFLAGS": "-Wl,-z,relro -Wl,-z,now",
}
PLAIN_FLAGS: Mapping[str, str] = {"CFLAGS": f"-O2 -g {PREFIX_MAP}", "CXXFLAGS": f"-O2 -g {PREFIX_MAP}"}


def environment(epoch: int, *, hardened: bool, extra: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """All variables a step sees, sorted; what the step itself sets wins.

    Args:
        epoch: `SOURCE_DATE_EPOCH`, seconds since 1970.
        hardened: whether the compiler flags ask for hardening.
        extra: the step's own.
    """
    fixed = {
        "PATH": "/usr/bin:/bin",
        "HOME": "/build",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "SOURCE_DATE_EPOCH": str(epoch),
        "PYTHONHASHSEED": "0",
        "SRC": "/src",
        "OUT": "/out",
    }
    flags = HARDENING_FLAGS if hardened else PLAIN_FLAGS
    return tuple(sorted({**fixed, **flags, **extra}.items()))


def bubblewrap(command: SealedCommand, *, filter_descriptor: int | None, extra: tuple[str, ...] = ()) -> list[str]:
    """Arguments of `bwrap`: all namespaces new, the locked root alone, no capabilities, no way to new ones.

    Args:
        command: what is to run.
        filter_descriptor: where the filter is read from; None without one.
        extra: mounts of the canaries, before the command.
    """
    size = str(command.limits.memory_bytes)
    uid, gid = command.user or (UID, GID)
    arguments = [
        "--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try",
        "--disable-userns", "--die-with-parent", "--new-session", "--uid", str(uid), "--gid", str(gid),
        "--hostname", HOSTNAME, "--cap-drop", "ALL", "--ro-bind", command.root, "/", "--proc", "/proc", "--dev", "/dev",
        "--size", size, "--tmpfs", "/build", "--size", size, "--perms", "1777", "--tmpfs", "/tmp",  # noqa: S108
    ]  # fmt: skip
    arguments += ["--ro-bind", command.inputs, "/src"] if command.inputs else []
    arguments += ["--bind", command.output, "/out"] if command.output else []
    arguments += extra
    arguments += ["--chdir", "/build", "--clearenv"]
    for name, value in command.environment:
        arguments += ["--setenv", name, value]
    if filter_descriptor is not None:
        arguments += ["--seccomp", str(filter_descriptor)]
    return [*arguments, "--", *command.arguments]
