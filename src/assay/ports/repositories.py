"""VEX repositories kept on this machine between runs."""

from collections.abc import Iterator
from typing import Protocol

import msgspec

from assay.ports.content import DocumentFolder
from assay.ports.feeds import NO_VALIDATORS, Validators


class KeptRepository(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a copy."""

    url: str
    """Where its archive came from, with the folder inside behind `//`."""
    validators: Validators = NO_VALIDATORS
    checked: str = ""
    """RFC 3339 time when its publisher last said that this is it."""
    interval_seconds: int = 0
    """For how long that is enough, as its manifest says."""


class RepositoryShelf(Protocol):
    """Copies of VEX repositories, by the address they are asked at."""

    def kept(self, address: str) -> KeptRepository | None:
        """What is known of the copy; None where there is none, or a damaged one."""

    def note(self, address: str, kept: KeptRepository) -> None:
        """Remember something else of a copy that stays."""

    def keep(self, address: str, kept: KeptRepository, chunks: Iterator[bytes], folder: str) -> None:
        """Replace the copy by the JSON files of an archive below a folder of it; the old one stays until all came.

        Raises:
            MalformedError, UnsupportedError: no archive, a damaged one, or more than the limits.
            UnavailableError: it cannot be kept here, or it came only in part.
        """

    def folder(self, address: str) -> DocumentFolder:
        """The copy, to read."""
