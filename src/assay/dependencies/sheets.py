"""What one manifest, one lock or one list of vendored packages says, in the words the judge of locks compares.

A sheet is made of one file and nothing else, so it can be cached with the layer; `locks.join` lays sheets side by side.
"""

from typing import Literal

import msgspec

Role = Literal["manifest", "lock", "installed", "catalog"]
"""`catalog`: a file beside manifests that explains them (a version catalog, a description of a project)."""


class Wish(msgspec.Struct, frozen=True):
    """A direct dependency as a manifest asks for it, or as a lock remembers that it was asked for."""

    name: str
    """In the ecosystem's canonical spelling; the folder's name for an alias."""
    wanted: str = ""
    """The constraint as written; "" = any version."""
    source: str = ""
    """`local` or `git` or `url` where it does not come from a registry: then `wanted` is no constraint."""
    marker: str = ""
    """The condition under which it is wanted (PEP 508 and the like)."""
    group: str = ""
    """`dev`, `optional`, an extra, …; "" = the project itself."""


class Entry(msgspec.Struct, frozen=True):
    """One locked package."""

    name: str
    version: str = ""
    hashed: bool = False
    """It carries a digest, or the commit it is pinned to."""
    local: bool = False
    """Part of the tree itself (a workspace member, a path): no digest can be asked for."""
    grouped: bool = False
    """Only wanted by a group that need not be installed."""
    place: str = ""
    """Its folder relative to the lock, where the lock says it."""
    needed_by: tuple[tuple[str, str], ...] = ()
    """(name of another entry or "" = the project, condition): without any it is always needed."""


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """One file's part of the comparison."""

    role: Role
    ecosystem: str
    tool: str
    wishes: tuple[Wish, ...] = ()
    """Of a manifest; of a catalog what it asks for in the name of every manifest it explains."""
    entries: tuple[Entry, ...] = ()
    """Of a lock, or what lies in a vendor folder."""
    recorded: tuple[tuple[str, tuple[Wish, ...]], ...] = ()
    """Of a lock: folder of a member ("" = its own) → the wishes it remembers of that manifest; of a catalog: name →
    what it stands for."""
    groups: tuple[str, ...] = ()
    """Of a lock: the groups of wishes it locks; () = all."""
    project: tuple[str, str, str] = ("", "", "")
    """Of a manifest: group, name and version of what it describes itself, as far as it says."""
    members: tuple[str, ...] = ()
    """Of a lock: folders of further projects it locks."""
    contents: tuple[tuple[str, str], ...] = ()
    """(tool, digest of the manifest): computed, or as a lock remembers it."""
    hashable: bool = True
    """Whether this form has a place for digests at all."""
    made_from: tuple[str, ...] = ()
    """Names of the manifests a lock says it was made from."""
    undecided: tuple[str, ...] = ()
    """What this file says that its reader cannot follow."""
    damaged: str = ""
    """Why the file could not be read; then it says nothing else."""
