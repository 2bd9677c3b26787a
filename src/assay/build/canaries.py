"""Canaries of a sandbox: ways out that must be closed, and the isolation level that follows from what was seen."""

from collections.abc import Mapping
from typing import Literal

import msgspec

Level = Literal["sealed", "namespaced", "open"]
State = Literal["closed", "open", "unknown"]


class Canary(msgspec.Struct, frozen=True, kw_only=True):
    """One way out."""

    name: str
    title: str
    needs_filter: bool = False
    """Closed by the system call filter alone; the rest is closed by namespaces and mounts."""


CANARIES = (
    Canary(name="unix-path", title="a UNIX socket of the host, by its path"),
    Canary(name="unix-abstract", title="a UNIX socket of the host, by its abstract name"),
    Canary(name="tcp", title="a TCP port of the host"),
    Canary(name="network", title="a network of the host's, or any interface but a loopback"),
    Canary(name="families", title="AF_NETLINK, AF_VSOCK and AF_PACKET sockets", needs_filter=True),
    Canary(name="io-uring", title="io_uring, which passes a filter by", needs_filter=True),
    Canary(name="keyring", title="the kernel's keyring", needs_filter=True),
    Canary(name="user-namespace", title="a nested user namespace"),
    Canary(name="descriptors", title="descriptors of the launcher"),
    Canary(name="host-file", title="a file of the host"),
    Canary(name="devices", title="a file of the host in a device's place"),
    Canary(name="root-write", title="writing into the locked root"),
    Canary(name="capabilities", title="capabilities, or a way to get them"),
)


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one canary."""

    name: str
    state: State
    detail: str = ""


class Isolation(msgspec.Struct, frozen=True, kw_only=True):
    """How well a sandbox closes, from what was tried and not from a tool's name."""

    tool: str
    """`bubblewrap 0.8.0`, `unshare`."""
    level: Level
    seen: tuple[Seen, ...]
    filter_digest: str = ""
    """Of the system call filter; empty where there is none."""

    @property
    def open_names(self) -> tuple[str, ...]:
        """The ways out that are not closed."""
        return tuple(one.name for one in self.seen if one.state != "closed")


def judge(states: Mapping[str, tuple[State, str]], *, tool: str, filter_digest: str) -> Isolation:
    """The level that what was seen supports.

    `sealed`: every canary closed. `namespaced`: open only where a filter is missing. Anything else, and every canary
    of which nothing is known, is `open`: no step runs there.

    Args:
        states: canary name to what was seen.
        tool: program and version that made the sandbox.
        filter_digest: of the filter it was given.
    """
    seen = tuple(
        Seen(name=one.name, state=states.get(one.name, ("unknown", ""))[0], detail=states.get(one.name, ("", ""))[1])
        for one in CANARIES
    )
    failing = [canary for canary, result in zip(CANARIES, seen, strict=True) if result.state != "closed"]
    level: Level = "sealed"
    if failing:
        only_filter = all(canary.needs_filter for canary in failing)
        known = all(result.state != "unknown" for result in seen)
        level = "namespaced" if only_filter and known else "open"
    return Isolation(tool=tool, level=level, seen=seen, filter_digest=filter_digest)
