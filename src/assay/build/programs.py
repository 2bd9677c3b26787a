"""Programs of the machine a build can use: what each is for, what happens without it, how it is had (a table)."""

import msgspec

from assay.build.canaries import Isolation


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """One row."""

    name: str
    enables: str
    without: str
    package: str
    """Of Debian, for the hint."""
    version: tuple[str, ...] = ("--version",)
    """Words that make it tell its version; none for a library."""


PROGRAMS = (
    Program(
        name="bwrap", enables="build steps and tests of images, sealed off",
        without="a launcher of our own, where the kernel lets it", package="bubblewrap",
    ),
    Program(
        name="apt-get", enables="locking Debian packages: what a set of them pulls in",
        without="everything else works from lock and store", package="apt",
    ),
    Program(
        name="gpgv", enables="locking Debian packages and signed tags: whose signature is good",
        without="everything else works from lock and store", package="gpgv",
    ),
    Program(name="git", enables="locking git sources", without="archives and folders still work", package="git"),
    Program(
        name="strace", enables="tracing of steps where fanotify is not to be had", without="`used` is not-traced there",
        package="strace", version=("-V",),
    ),
    Program(
        name="diffoscope", enables="the last resort of `assay compare`", without="our own causes only, and it says so",
        package="diffoscope",
    ),
    Program(
        name="npm", enables="locking npm packages: where they come from",
        without="everything else works from lock and store", package="npm",
    ),
    Program(
        name="go", enables="locking Go modules: where they come from",
        without="everything else works from lock and store", package="golang-go", version=("version",),
    ),
    Program(
        name="libfaketime", enables="another wall clock for the steps of a second build",
        without="`assay rebuild` says that the clock is not varied", package="libfaketime", version=(),
    ),
    Program(
        name="mmdebstrap", enables="a figure of the bench", without="its row is skipped by name", package="mmdebstrap"
    ),
)  # fmt: skip


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A program on this machine, or not."""

    name: str
    found: bool
    path: str = ""
    version: str = ""
    enables: str = ""
    without: str = ""
    hint: str = ""
    """How it is had; empty where it is there."""


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """What this machine can build."""

    programs: tuple[Found, ...]
    isolation: Isolation | None
    """As the canaries saw it; None where no sandbox can be made."""
    why: str = ""
    """Why there is none."""

    @property
    def is_sealed(self) -> bool:
        """Whether steps run with every way out closed."""
        return self.isolation is not None and self.isolation.level == "sealed"


def found(row: Program, path: str, version: str) -> Found:
    """A row with what the machine says; an empty path means it is not there."""
    return Found(
        name=row.name,
        found=bool(path),
        path=path,
        version=version,
        enables=row.enables,
        without=row.without,
        hint="" if path else f"apt-get install {row.package}",
    )
