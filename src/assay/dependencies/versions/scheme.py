"""What every version scheme offers, and the two bricks its keys are made of.

A key is a byte string whose order is the ecosystem's order, so that a range of versions is an index scan. Two
versions that the ecosystem calls equal have one key. An inclusive upper bound is stored as `key + b"\\0"`.
"""

from collections.abc import Callable
from functools import lru_cache

import msgspec

VERSION_CHARACTERS = 1_000
"""Longest version anyone compares; a longer text has no key (hostile input ends here)."""

Key = Callable[[str], bytes | None]
Compare = Callable[[str, str], int | None]


class Scheme(msgspec.Struct, frozen=True):
    """One ecosystem's idea of order.

    `key(version)` gives an order-preserving byte string, or None when the version has none. `compare(a, b)` gives -1,
    0 or 1, or None when the two cannot be compared; a keyless version may still be comparable (Maven). Neither raises,
    whatever the text. `encoder_version` rises with every change of the bytes: stored ranges must then be rebuilt.
    """

    name: str
    encoder_version: int
    key: Key
    compare: Compare


def by_key(key: Key) -> Compare:
    """A comparison made of a key function: None as soon as one side has no key."""

    def compare(a: str, b: str) -> int | None:
        left, right = key(a), key(b)
        if left is None or right is None:
            return None
        return (left > right) - (left < right)

    return compare


@lru_cache(maxsize=8_192)
def num(digits: str) -> bytes:
    """A decimal number as its length byte and big-endian magnitude; zero (and no digits) is one zero byte.

    Raises:
        OverflowError: more than 255 bytes of magnitude; key functions answer None then.
    """
    value = int(digits or "0")
    length = (value.bit_length() + 7) // 8
    if length > 255:
        raise OverflowError(f"a number of {length} bytes")
    return bytes((length,)) + value.to_bytes(length, "big")


def guarded(encode: Callable[[str], bytes | None]) -> Key:
    """Wrap an encoder: surrounding white space dropped, too long, not ASCII or too big a number gives None."""

    def key(version: str) -> bytes | None:
        version = version.strip(" \t\r\n")
        if not version or len(version) > VERSION_CHARACTERS or not version.isascii():
            return None
        try:
            return encode(version)
        except OverflowError:
            return None

    return key
