"""Git objects from their bytes: ids recomputed; trees, commits and tags read (git-cat-file, git-mktree, git-mktag).

Nothing is believed because git said so: an object whose id does not match its bytes is refused.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Literal

import msgspec

from assay.model.errors import MalformedError, UntrustedError

Kind = Literal["blob", "tree", "commit", "tag"]
_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}", re.ASCII)
_TIME = re.compile(rb" (\d{1,12}) [+-]\d{4}\Z")
_SIGNATURE_KEYS = (b"gpgsig", b"gpgsig-sha256")
_FORMS: Mapping[bytes, "Form"] = {
    b"-----BEGIN PGP SIGNATURE-----": "openpgp",
    b"-----BEGIN PGP MESSAGE-----": "openpgp",
    b"-----BEGIN SSH SIGNATURE-----": "ssh",
    b"-----BEGIN SIGNED MESSAGE-----": "x509",
}
"""First lines of signatures, as git-config(1) `gpg.format` knows them."""
Form = Literal["openpgp", "ssh", "x509", "none"]
_LFS = re.compile(rb"version https://git-lfs\.github\.com/spec/v1\n(?:[^\n]{0,200}\n){0,8}?oid sha256:([0-9a-f]{64})\n")
_LFS_BYTES = 1024
"""A pointer is shorter than this (git-lfs spec, "The Pointer")."""
SUBMODULE, SYMLINK, FOLDER, PROGRAM = 0o160000, 0o120000, 0o040000, 0o100755
_MODES = frozenset({SUBMODULE, SYMLINK, FOLDER, PROGRAM, 0o100644, 0o100664})
"""What git-fsck(1) accepts; 100664 is what old versions wrote."""


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
    tagged: int | None = None
    """Unix seconds: the tagger's own word; None where the tag names no tagger."""


def object_id(kind: Kind, data: bytes, like: str) -> str:
    """The id of an object, by the hash whose length `like` has."""
    state = _hash(kind, len(data), like)
    state.update(data)
    return state.hexdigest()


def blob_hash(size: int, like: str) -> "hashlib._Hash":
    """What the bytes of a blob of this size are fed to, piece by piece; its `hexdigest` is the id."""
    return _hash("blob", size, like)


def _hash(kind: Kind, size: int, like: str) -> "hashlib._Hash":
    state = hashlib.new("sha256" if len(like) == 64 else "sha1", usedforsecurity=False)
    state.update(f"{kind} {size}\0".encode())
    return state


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


def tree(data: bytes, like: str, *, where: str) -> tuple[TreeItem, ...]:
    """The lines of a tree object.

    Args:
        data: its bytes.
        like: its id, or another of the repository: how long ids are.
        where: named in errors.

    Raises:
        MalformedError: damaged, a name twice, a name no folder can hold, or a mode git does not know.
    """
    size = len(like) // 2
    found: list[TreeItem] = []
    at = 0
    names: set[bytes] = set()
    while at < len(data):
        space, end = data.find(b" ", at, at + 8), data.find(b"\0", at)
        if space < 0 or end < space or end + 1 + size > len(data):
            raise _bad(where, "a tree line without mode, name or id")
        name = data[space + 1 : end]
        mode = data[at:space]
        if not name or b"/" in name or name in (b".", b"..") or name.lower() == b".git" or name in names:
            raise _bad(where, f"a tree holds the name {name[:60]!r}")
        if not re.fullmatch(rb"[0-7]{5,6}", mode) or int(mode, 8) not in _MODES:
            raise _bad(where, f"the mode {mode[:10]!r}")
        names.add(name)
        found.append(TreeItem(int(mode, 8), name, data[end + 1 : end + 1 + size].hex()))
        at = end + 1 + size
    return tuple(found)


def commit(data: bytes, wanted: str, *, where: str) -> Commit:
    """A commit whose id is `wanted`.

    Raises:
        UntrustedError: another object. MalformedError: no commit.
    """
    check("commit", data, wanted, where=where)
    head, _, _ = data.partition(b"\n\n")
    fields, payload, signature = _split(data, head, _key(wanted))
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
    listed, bare, _ = _split(data, head, b"")
    fields = dict(listed)
    place = _signature_at(bare)
    payload, signature = bare[:place], bare[place:]
    target = fields.get(b"object", b"").decode("ascii", "replace")
    if [name for name, _ in listed[:3]] != [b"object", b"type", b"tag"] or len(fields) != len(listed):
        raise _bad(where, "a tag that does not begin with object, type and name, each once")
    if not _ID.fullmatch(target) or len(target) != len(wanted):
        raise _bad(where, "a tag of no object")
    return Tag(
        id=wanted,
        object=target,
        kind=fields[b"type"].decode("ascii", "replace"),
        name=fields[b"tag"].decode("utf-8", "replace"),
        payload=payload,
        signature=signature,
        tagged=int(time[1]) if (time := _TIME.search(fields.get(b"tagger", b""))) else None,
    )


def form(signature: bytes) -> Form:
    """By which scheme a signature was made, by its first line.

    >>> form(b"-----BEGIN SSH SIGNATURE-----\\nAAAA"), form(b"")
    ('ssh', 'none')
    """
    return _FORMS.get(signature.lstrip().partition(b"\n")[0].rstrip(), "none")


def lfs_digest(content: bytes) -> str:
    """SHA-256 of the file an LFS pointer stands for; empty where the content is no pointer."""
    match = _LFS.match(content) if len(content) <= _LFS_BYTES else None
    return match[1].decode() if match else ""


def _key(wanted: str) -> bytes:
    """The field that holds the signature in a repository of this hash (gitformat-signature(5))."""
    return _SIGNATURE_KEYS[len(wanted) == 64]


def _signature_at(data: bytes) -> int:
    """Where the signature of a tag begins: at the last line that begins one, as git reads it; else at the end."""
    return max((place + 1 for place in (data.rfind(b"\n" + line) for line in _FORMS) if place >= 0), default=len(data))


def _split(data: bytes, head: bytes, key: bytes) -> tuple[list[tuple[bytes, bytes]], bytes, bytes]:
    """Header fields; the bytes a signature covers (all but the fields of signatures); the signature in `key`."""
    fields: list[tuple[bytes, bytes]] = []
    kept: list[bytes] = []
    signature: list[bytes] = []
    current = b""
    for line in head.split(b"\n"):
        name, _, value = (current, b"", line[1:]) if line.startswith(b" ") else line.partition(b" ")
        if name == key and key:
            signature.append(value)
        elif name not in _SIGNATURE_KEYS:
            kept.append(line)
            if not line.startswith(b" "):
                fields.append((name, value))
        current = name
    payload = b"\n".join(kept) + data[len(head) :]
    return fields, payload, b"".join(line + b"\n" for line in signature)


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not an acceptable git object", where=where, why=why, remedy="look at the repository")
