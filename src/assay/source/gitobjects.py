"""Git objects from their bytes: ids recomputed; trees, commits and tags read (git-cat-file, git-mktree, git-mktag).

Nothing is believed because git said so: an object whose id does not match its bytes is refused.
"""

import hashlib
import re
from typing import Literal

import msgspec

from assay.model.errors import MalformedError, UntrustedError

Kind = Literal["blob", "tree", "commit", "tag"]
_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}", re.ASCII)
_TIME = re.compile(rb" (\d{1,12}) [+-]\d{4}\Z")
_SIGNATURE = b"-----BEGIN "
SUBMODULE, SYMLINK, FOLDER, PROGRAM = 0o160000, 0o120000, 0o040000, 0o100755


class TreeItem(msgspec.Struct, frozen=True):
    """One line of a tree object."""

    mode: int
    name: bytes
    id: str


class Commit(msgspec.Struct, frozen=True, kw_only=True):
    """A commit, and what its signature covers."""

    id: str
    tree: str
    parents: tuple[str, ...]
    committed: int
    """Committer time, Unix seconds: the committer's own word."""
    payload: bytes
    signature: bytes = b""


class Tag(msgspec.Struct, frozen=True, kw_only=True):
    """An annotated tag."""

    id: str
    object: str
    kind: str
    name: str
    payload: bytes
    signature: bytes = b""


def object_id(kind: Kind, data: bytes, like: str) -> str:
    """The id of an object, by the hash whose length `like` has."""
    state = hashlib.new("sha256" if len(like) == 64 else "sha1", usedforsecurity=False)
    state.update(f"{kind} {len(data)}\0".encode())
    state.update(data)
    return state.hexdigest()


def check(kind: Kind, data: bytes, wanted: str, *, where: str) -> bytes:
    """The bytes, if they are those of the id.

    Raises:
        UntrustedError: they are not.
    """
    found = object_id(kind, data, wanted)
    if found != wanted:
        raise UntrustedError(
            "a git object is not what its id says", where=f"{where} {kind} {wanted}", why=f"its bytes are {found}",
            remedy="fetch again from another place",
        )  # fmt: skip
    return data


def tree(data: bytes, *, where: str) -> tuple[TreeItem, ...]:
    """The lines of a tree object.

    Raises:
        MalformedError: damaged, a name twice, or a name no folder can hold.
    """
    size = 20
    found: list[TreeItem] = []
    at = 0
    names: set[bytes] = set()
    while at < len(data):
        space, end = data.find(b" ", at, at + 8), data.find(b"\0", at)
        if space < 0 or end < space:
            raise _bad(where, "a tree line without mode or name")
        name = data[space + 1 : end]
        mode = data[at:space]
        if not name or b"/" in name or name in (b".", b"..") or name.lower() == b".git" or name in names:
            raise _bad(where, f"a tree holds the name {name[:60]!r}")
        if not re.fullmatch(rb"[0-7]{5,6}", mode):
            raise _bad(where, f"the mode {mode[:10]!r}")
        names.add(name)
        found.append(TreeItem(int(mode, 8), name, data[end + 1 : end + 1 + size].hex()))
        at = end + 1 + size
    if at != len(data):
        raise _bad(where, "a tree ends in an id")
    return tuple(found)


def commit(data: bytes, wanted: str, *, where: str) -> Commit:
    """A commit whose id is `wanted`.

    Raises:
        UntrustedError: another object. MalformedError: no commit.
    """
    check("commit", data, wanted, where=where)
    head, _, _ = data.partition(b"\n\n")
    fields, payload, signature = _split(data, head, b"gpgsig")
    trees = [value for name, value in fields if name == b"tree"]
    times = [_TIME.search(value) for name, value in fields if name == b"committer"]
    if len(trees) != 1 or not _ID.fullmatch(trees[0].decode("ascii", "replace")) or len(times) != 1 or not times[0]:
        raise _bad(where, "a commit without one tree and one committer")
    return Commit(
        id=wanted,
        tree=trees[0].decode(),
        parents=tuple(value.decode("ascii", "replace") for name, value in fields if name == b"parent"),
        committed=int(times[0][1]),
        payload=payload,
        signature=signature,
    )


def tag(data: bytes, wanted: str, *, where: str) -> Tag:
    """An annotated tag whose id is `wanted`.

    Raises:
        UntrustedError: another object. MalformedError: no tag.
    """
    check("tag", data, wanted, where=where)
    head, _, _ = data.partition(b"\n\n")
    fields = dict(line.partition(b" ")[::2] for line in head.split(b"\n"))
    place = data.find(b"\n" + _SIGNATURE)
    payload, signature = (data, b"") if place < 0 else (data[: place + 1], data[place + 1 :])
    target = fields.get(b"object", b"").decode("ascii", "replace")
    if not _ID.fullmatch(target) or b"type" not in fields or b"tag" not in fields:
        raise _bad(where, "a tag without object, type and name")
    return Tag(
        id=wanted,
        object=target,
        kind=fields[b"type"].decode("ascii", "replace"),
        name=fields[b"tag"].decode("utf-8", "replace"),
        payload=payload,
        signature=signature,
    )


def _split(data: bytes, head: bytes, key: bytes) -> tuple[list[tuple[bytes, bytes]], bytes, bytes]:
    """Header fields; the bytes a signature covers (all but its own field); the signature."""
    fields: list[tuple[bytes, bytes]] = []
    kept: list[bytes] = []
    signature: list[bytes] = []
    inside = False
    for line in head.split(b"\n"):
        if line.startswith(b" "):
            if inside:
                signature.append(line[1:])
            else:
                kept.append(line)
            continue
        name, _, value = line.partition(b" ")
        inside = name == key
        if inside:
            signature.append(value)
        else:
            kept.append(line)
            fields.append((name, value))
    payload = b"\n".join(kept) + data[len(head) :]
    return fields, payload, b"\n".join(signature)


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not an acceptable git object", where=where, why=why, remedy="look at the repository")
