"""Path hashes: how ownership is remembered without keeping a hundred thousand names."""

from hashlib import blake2b

_PREFIXES = ("bin/", "sbin/", "lib/", "lib32/", "lib64/", "libx32/")


def canonical(path: str) -> str:
    """The path without leading `./` or `/`, with merged-/usr directories written as `usr/…`.

    Package databases name `/lib/x` for what a merged-/usr image holds as `usr/lib/x`.
    """
    path = path.removeprefix(".").lstrip("/")
    return "usr/" + path if path.startswith(_PREFIXES) else path


def path_hash(path: str) -> bytes:
    """8-byte BLAKE2b of the canonical path (surrogateescape UTF-8)."""
    return blake2b(canonical(path).encode("utf-8", "surrogateescape"), digest_size=8).digest()
