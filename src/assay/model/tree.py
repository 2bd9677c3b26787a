"""A file tree that is being put together: entries as a tar names them, and whose they are."""

from typing import Literal

import msgspec

EntryKind = Literal["file", "directory", "symlink", "hardlink", "fifo", "character", "block"]


class TreeEntry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One entry. Paths are bytes without leading or trailing slash; the root itself is `b""`."""

    path: bytes
    kind: EntryKind = "file"
    mode: int = 0o644
    """Permissions and the three bits above them, without the file type."""
    uid: int = 0
    gid: int = 0
    mtime: int = 0
    """Unix seconds."""
    size: int = 0
    """Of a file, in bytes."""
    link: bytes = b""
    """Target of a symbolic link as it is written; path of the file a hard link names."""
    xattrs: tuple[tuple[bytes, bytes], ...] = ()
    """Extended attributes by name, sorted (`security.capability`)."""


class Owner(msgspec.Struct, frozen=True, order=True):
    """Why an entry is in the image; every one has exactly one owner."""

    kind: Literal["package", "dependency", "step", "source", "rule"]
    name: str
    """`libc6:amd64`, `py`, `speed-wheel.wheel`, `app`; or the rule that made it up: `parents`, `accounts`."""

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class Span(msgspec.Struct, frozen=True, gc=False):
    """Where a file's bytes lie in a spool."""

    offset: int
    size: int
    digest: str
    """SHA-256 in hexadecimal."""


class OwnedEntry(msgspec.Struct, frozen=True, gc=False):
    """An entry, its owner, and for a file its bytes."""

    entry: TreeEntry
    owner: Owner
    span: Span | None = None
