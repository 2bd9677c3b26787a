"""Paths whose removal changes nothing in an image that was never installed into by a package manager."""

_ROOTS = (
    "/var/lib/apt/lists",
    "/var/cache/apt",
    "/var/cache/debconf",
    "/var/log",
    "/var/lib/dpkg/info",
    "/tmp",  # noqa: S108  (a name in an image)
    "/var/tmp",  # noqa: S108
    "/root/.cache",
    "/root/.npm",
    "~/.cache",
    "~/.npm",
    "$HOME/.cache",
    "/usr/share/doc",
    "/usr/share/man",
    "/usr/share/info",
    "/usr/share/locale",
    "/etc/apt",
)


def is_cache(path: str) -> bool:
    """Whether a path lies in one of them.

    >>> is_cache("/var/lib/apt/lists/*"), is_cache("/var/lib"), is_cache("/tmp/../etc")
    (True, False, False)
    """
    if ".." in path.split("/"):
        return False
    return any(path == root or path.startswith(f"{root}/") for root in _ROOTS)
