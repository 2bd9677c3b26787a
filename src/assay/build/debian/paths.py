"""Where a package's files belong in an image: merged /usr, and what is left out on request."""

from collections.abc import Collection

_MERGED = (b"bin", b"sbin", b"lib", b"lib32", b"lib64", b"libx32")
LINKS = {
    "amd64": ("bin", "lib", "lib64", "sbin"),
    "i386": ("bin", "lib", "sbin"),
    "arm64": ("bin", "lib", "sbin"),
    "armhf": ("bin", "lib", "sbin"),
    "riscv64": ("bin", "lib", "sbin"),
    "s390x": ("bin", "lib", "sbin"),
    "ppc64el": ("bin", "lib", "lib64", "sbin"),
}
"""Folders at the root that are links into /usr, by Debian architecture (debootstrap's `setup_merged_usr`)."""
_STRIPPED = {
    "docs": (b"usr/share/doc/",),
    "man": (b"usr/share/man/",),
    "info": (b"usr/share/info/",),
    "locales": (b"usr/share/locale/", b"usr/share/i18n/"),
}
_KEPT_DOCUMENTS = b"copyright"
"""Licences stay: leaving them out would break most of them."""


def merged(path: bytes) -> bytes:
    """A path under /usr where Debian has had it since bookworm; hard-link targets likewise.

    >>> merged(b"lib/x86_64-linux-gnu/libc.so.6"), merged(b"library")
    (b'usr/lib/x86_64-linux-gnu/libc.so.6', b'library')
    """
    first, slash, rest = path.partition(b"/")
    if first not in _MERGED:
        return path
    return b"usr/" + first + slash + rest


def is_stripped(path: bytes, what: Collection[str]) -> bool:
    """Whether a path is left out.

    Args:
        path: under merged /usr.
        what: words of the spec: `docs`, `man`, `info`, `locales`.
    """
    for word in what:
        for prefix in _STRIPPED[word]:
            if path.startswith(prefix):
                return not (word == "docs" and path.rsplit(b"/", 1)[-1] == _KEPT_DOCUMENTS)
    return False
