"""Platforms of one spec: which parts of a lock each takes, whose code its image holds, and what may be said of it.

Steps run in one place: the toolchains of the first platform. What they leave goes into the images of other platforms
only where it is no code of the first (brief B37).
"""

import struct
from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

from assay.build import lock as locks
from assay.build import spec as specs
from assay.model.tree import OwnedEntry, Span
from assay.ports.stores import Spool

Label = Literal["native", "cross", "assembled"]
"""`native`: code of that platform ran, a step or a test; `cross`: outputs of steps that ran on another one went into
it; `assembled`: nothing ran at all."""
ANNOTATION = "dev.assay.build.platform"
"""Of a manifest in an index of several: its label."""
ARCHITECTURES = {
    "linux/386": "i386", "linux/amd64": "amd64", "linux/arm/v7": "armhf", "linux/arm64": "arm64",
    "linux/ppc64le": "ppc64el", "linux/riscv64": "riscv64", "linux/s390x": "s390x",
}  # fmt: skip
"""Platform → Debian architecture."""
_MACHINES = {"386": 3, "amd64": 62, "arm": 40, "arm64": 183, "ppc64le": 21, "riscv64": 243, "s390x": 22}
"""Architecture of OCI → `e_machine` (ELF gABI, chapter 4)."""
_NAMES = {number: name for name, number in _MACHINES.items()}
_ALSO_RUNS = {"linux/amd64": ("linux/386",)}
"""Kernels that run a second kind of code without emulation."""
_HEADER_BYTES = 20


def runs_here(platform: str, host: str) -> bool:
    """Whether the host runs code of a platform itself; a host nobody named is taken to.

    >>> runs_here("linux/386", "linux/amd64"), runs_here("linux/arm64", "linux/amd64")
    (True, False)
    """
    here, wanted = (text.removesuffix("/v8") for text in (host, platform))
    return not host or wanted == here or wanted in _ALSO_RUNS.get(here, ())


def of_platform(lock: locks.Lock, platform: str) -> locks.Lock:
    """The lock with only what one platform's image takes; toolchains stay, they are the steps'."""
    own = (ARCHITECTURES.get(platform, ""), "all")
    packages = tuple(one for one in (_roles(one, own) for one in lock.packages) if one.roles)
    return msgspec.structs.replace(
        lock,
        packages=packages,
        python=tuple(one for one in lock.python if _takes(one.platforms, platform)),
        npm=tuple(one for one in lock.npm if _takes(one.platforms, platform)),
    )


def _roles(package: locks.DebianPackage, architectures: tuple[str, ...]) -> locks.DebianPackage:
    if package.architecture in architectures:
        return package
    return msgspec.structs.replace(package, roles=tuple(role for role in package.roles if role != "image"))


def _takes(platforms: tuple[str, ...] | msgspec.UnsetType, platform: str) -> bool:
    return isinstance(platforms, msgspec.UnsetType) or platform in platforms


def installs(image: specs.Image, platform: str) -> Iterator[specs.Install]:
    """What a spec installs into the image of a platform."""
    return (item for item in image.install if not item.platforms or platform in item.platforms)


def label(spec: specs.Spec, platform: str, *, tested: bool) -> Label:
    """What may be said of a platform's image.

    Args:
        spec: of it.
        platform: one of the spec's.
        tested: whether the spec's tests ran in this very image.
    """
    stepped = any(item.from_.startswith("steps.") for item in installs(spec.image, platform))
    if tested or (stepped and platform == spec.platforms[0]):
        return "native"
    return "cross" if stepped else "assembled"


def foreign(tree: Iterable[OwnedEntry], spool: Spool, platform: str) -> Iterator[tuple[OwnedEntry, str]]:
    """Programs and libraries of steps that are of another machine than a platform's, each with its machine."""
    wanted = _MACHINES.get(platform.split("/")[1])
    for item in tree:
        if item.owner.kind == "step" and item.span is not None:
            machine = _machine(spool, item.span)
            if machine is not None and machine != wanted:
                yield item, _NAMES.get(machine, f"machine {machine}")


def _machine(spool: Spool, span: Span) -> int | None:
    """`e_machine` of an ELF file; None of everything else."""
    if span.size < _HEADER_BYTES:
        return None
    head = b""
    for piece in spool.read(span):
        head += piece[:_HEADER_BYTES]
        if len(head) >= _HEADER_BYTES:
            break
    if head[:4] != b"\x7fELF" or len(head) < _HEADER_BYTES:
        return None
    (number,) = struct.unpack_from("<H" if head[5] == 1 else ">H", head, 18)
    return int(number)
