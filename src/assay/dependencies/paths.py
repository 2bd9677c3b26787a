"""Path hashes: how ownership is remembered without keeping a hundred thousand names."""

from collections.abc import Iterable
from hashlib import blake2b

HASH_BYTES = 8
_new_hash = blake2b(digest_size=HASH_BYTES).copy  # a copy is made faster than one is set up
_PREFIXES = ("bin/", "sbin/", "lib/", "lib32/", "lib64/", "libx32/")
_BYTE_PREFIXES = tuple(prefix.encode() for prefix in _PREFIXES)


def canonical(path: str) -> str:
    """The path without leading `./` or `/`, with merged-/usr directories written as `usr/…`.

    Package databases name `/lib/x` for what a merged-/usr image holds as `usr/lib/x`.
    """
    path = path.removeprefix("./").lstrip("/")
    return "usr/" + path if path.startswith(_PREFIXES) else path


def path_hash(path: str) -> bytes:
    """8-byte BLAKE2b of the canonical path (surrogateescape UTF-8)."""
    hashed = _new_hash()
    hashed.update(canonical(path).encode("utf-8", "surrogateescape"))
    return hashed.digest()


def path_hashes(paths: Iterable[bytes]) -> bytes:
    """`path_hash` of many paths, concatenated in their order; a hot loop (a hundred thousand paths an image).

    Args:
        paths: as bytes, without leading `/` or `./`.
    """
    prefixes, new_hash = _BYTE_PREFIXES, _new_hash
    found = []
    for path in paths:
        if path:
            hashed = new_hash()
            hashed.update(b"usr/" + path if path.startswith(prefixes) else path)
            found.append(hashed.digest())
    return b"".join(found)
