"""Go programs among what a step left: the modules and the standard library each says it was made from.

The program's own build information (`go version -m` prints the same) is the one account of which modules of go.sum
went into it: a module of the lock that only a test needs is not in the program.
"""

import re
from collections.abc import Iterable

import msgspec

from assay.formats.chunks import ChunkView
from assay.formats.executable import PROGRAM_MAGIC
from assay.formats.gobuildinfo import GoModule, read_go_build
from assay.model.errors import MalformedError
from assay.model.limits import DEFAULT_LIMITS, Limits

_RELEASE = re.compile(r"go(\d+\.\d+(?:\.\d+)?(?:(?:rc|beta)\d+)?)(?=$|[^\w.])", re.ASCII)


class LinkedModule(msgspec.Struct, frozen=True, order=True):
    """A module that was linked in, after every `replace`."""

    path: str
    version: str
    hash: str = ""
    """`h1:…` as the program tells it; empty for a vendored one."""


class GoProgram(msgspec.Struct, frozen=True, kw_only=True):
    """One program."""

    path: str
    """In the step's output."""
    sha256: str
    """Of the file, in hexadecimal: by it the program is found again where it was installed."""
    main: str = ""
    """Path of its own module; empty where the program does not say."""
    release: str = ""
    """Of the standard library, without `go`: `1.19.8`; empty for a development toolchain."""
    modules: tuple[LinkedModule, ...] = ()


def inspect(
    files: Iterable[tuple[str, str, Iterable[bytes]]], limits: Limits = DEFAULT_LIMITS
) -> tuple[GoProgram, ...]:
    """The Go programs among files, by path; a file whose build information cannot be read is none.

    Args:
        files: path, SHA-256 in hexadecimal, and content.
        limits: on the build information.
    """
    found = []
    for path, sha256, content in files:
        one = _read(path, sha256, content, limits)
        if one is not None:
            found.append(one)
    return tuple(sorted(found, key=lambda one: one.path))


def _read(path: str, sha256: str, content: Iterable[bytes], limits: Limits) -> GoProgram | None:
    chunks: list[bytes] = []
    for piece in content:
        if not chunks and piece[:4] not in PROGRAM_MAGIC:
            return None
        chunks.append(piece)
    try:
        build = read_go_build(ChunkView(chunks, where=path), limits)
    except MalformedError:  # the scan of the finished image reads it again, and tells it as a gap
        return None
    if build is None:
        return None
    release = _RELEASE.match(build.toolchain)
    return GoProgram(
        path=path,
        sha256=sha256,
        main=build.main.path if build.main else "",
        release=release[1] if release else "",
        modules=tuple(sorted({_linked(one) for one in build.dependencies})),
    )


def _linked(module: GoModule) -> LinkedModule:
    """What was really built: the replacement, unless that is a folder, whose content nobody pins."""
    new = module.replaced_by
    if new is None:
        return LinkedModule(module.path, module.version, module.sum)
    if new.path.startswith((".", "/")):
        return LinkedModule(module.path, "", "")
    return LinkedModule(new.path, new.version, new.sum)
