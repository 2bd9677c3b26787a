"""Package indexes, as far as they are asked what their publishers took back."""

from typing import Protocol

import msgspec


class Kept(msgspec.Struct, frozen=True):
    """An answer of before."""

    asked: str
    """RFC 3339 time."""
    said: str | None
    """The publisher's reason; `true` for none given, empty for not withdrawn, None for a version that is not there."""


class PackageIndexes(Protocol):
    """The indexes this machine's own clients are told to use."""

    def address(self, ecosystem: str) -> str:
        """Where an ecosystem's index lies, without credentials.

        Raises:
            UnavailableError, UsageError: nobody is configured, or the client does not say.
        """

    def ask(self, ecosystem: str, path: str, accept: str, limit: int) -> bytes | None:
        """What lies at a path below the address; None for what the index does not have.

        Raises:
            UnavailableError: no answer. UnsupportedError: more than `limit` bytes. UntrustedError: not over TLS.
        """


class AnswerShelf(Protocol):
    """Answers kept between runs."""

    def get(self, key: str) -> Kept | None:
        """What was answered; None for nothing."""

    def put(self, key: str, answer: Kept) -> None:
        """Keep an answer."""

    def save(self) -> None:
        """Write what was put, where it can be written: losing it costs a question."""
