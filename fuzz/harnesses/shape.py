"""What a harness is: a parser's door, asked with any bytes, and the law its answer must keep."""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from assay.model.errors import AssayError

Check = Callable[[bytes], object]


class Harness(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table.

    `check` lets the parser read the bytes. A named error (the five of `model.errors`) is an answer; any other
    exception, an AssertionError of the law among them, is a finding.
    """

    name: str
    check: Check
    doors: tuple[Any, ...]
    """The functions and classes that are asked: what is covered, and where the tests' own inputs are picked up."""
    bytes_limit: int = 4096
    """Longest input that is tried."""
    seeds: Callable[[], Iterable[bytes]] = tuple
    """Inputs that no test hands to a door as plain bytes."""
    paths: tuple[str, ...] = ()
    """Of a cataloguer: where its files lie. With more than one, the input's first byte says which."""

    def modules(self) -> set[str]:
        """The modules whose doors are asked."""
        return {door.__module__ for door in self.doors}


def answers(check: Check, data: bytes) -> bool:
    """Whether the bytes were understood; False for one of the five errors. Every other exception passes through."""
    try:
        check(data)
    except AssayError as error:
        assert type(error) is not AssayError, "one of the five, not their base"
        assert error.what
        assert len(error.line()) < 20_000, f"an error of {len(error.line())} characters"
        return False
    return True


def text_of(data: bytes) -> str:
    """Any text, half surrogates among them, as paths and file names bring them."""
    return data.decode("utf-8", "surrogateescape")
