"""The C library's allocator, told how a layer is read: the same few hundred kilobytes, asked for thousands of times."""

from functools import cache

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3
_KEEP_BYTES = 256 << 20
_PAD_BYTES = 16 << 20
_MAPPED_BYTES = 32 << 20
"""glibc takes no more (mallopt(3), M_MMAP_THRESHOLD)."""


@cache
def keep_freed_memory() -> bool:
    """Let glibc keep what inflating frees instead of giving it back and asking again: half the page faults.

    Measured on an image of 1.2 GB: 5 % less processor time for 40 MiB more at the peak. Without glibc nothing happens.

    Returns:
        Whether the C library took the advice.
    """
    import ctypes

    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    advice = ((_M_MMAP_THRESHOLD, _MAPPED_BYTES), (_M_TRIM_THRESHOLD, _KEEP_BYTES), (_M_TOP_PAD, _PAD_BYTES))
    return all(mallopt(what, value) == 1 for what, value in advice)
