"""Programs of a package manager that a lock asks: whose signature is good, and what a set of packages pulls in."""

from collections.abc import Sequence
from typing import Protocol

import msgspec


class SignedText(msgspec.Struct, frozen=True, kw_only=True):
    """A text whose signature is good."""

    text: bytes
    """What the signature covers, and nothing around it."""
    fingerprints: tuple[str, ...]
    """Primary fingerprints of the keys whose signatures are good, sorted, in capitals."""


class SignedTextVerifier(Protocol):
    """Checks clear-signed texts."""

    def verify(self, data: bytes, keyring: bytes, *, where: str) -> SignedText:
        """The text under a signature by a key of the keyring.

        Raises:
            UntrustedError: no good signature, or a bad one. MalformedError: text outside of the signed block.
            UnavailableError: the program is missing.
        """

    def verify_detached(self, data: bytes, signature: bytes, keyring: bytes, *, where: str) -> tuple[str, ...]:
        """Fingerprints of the keys of the keyring whose detached signature over the data is good, sorted.

        Raises:
            UntrustedError: no signature, or none by such a key. UnavailableError: the program is missing.
        """


class Resolved(msgspec.Struct, frozen=True, order=True):
    """A package that belongs to the answer."""

    name: str
    version: str


class Resolver(Protocol):
    """Answers which packages a set of packages pulls in. Its answer is looked up, never believed."""

    def resolve(self, indexes: Sequence[bytes], wanted: Sequence[str], architecture: str) -> tuple[Resolved, ...]:
        """The packages that would be installed into an empty system, without recommendations, sorted.

        Args:
            indexes: texts of Packages files, verified.
            wanted: names.
            architecture: of Debian.

        Raises:
            UsageError: a package is not there, or they contradict each other. UnavailableError: the program is missing.
        """


class PackageSources(Protocol):
    """Where the machine's own package manager is told to look."""

    def mirror(self, suite: str, origin: str) -> str | None:
        """Address of the archive that has the suite, without a slash at its end; None where none is configured."""


class Wheel(msgspec.Struct, frozen=True, kw_only=True):
    """A wheel that a client brought."""

    file: str
    data: bytes


class LanguageClients(Protocol):
    """What the machine's own language clients know: where packages come from, and which wheel fits."""

    def wheels(self, lines: Sequence[str], *, python: str, machine: str, glibc: str, pure: bool) -> tuple[Wheel, ...]:
        """The wheels of pinned requirements, hashes checked; nothing of them is run.

        Args:
            lines: `name==version --hash=sha256:…`.
            python: `3.11`.
            machine: `x86_64`.
            glibc: newest `manylinux` version that fits: `2.36`.
            pure: only wheels without native code.

        Raises:
            UsageError: a project has no such wheel. UnavailableError: no client, or no answer.
        """

    def registry(self) -> str:
        """Address of the npm registry. Raises UnavailableError where nobody is configured."""

    def proxy(self) -> str:
        """Address of the Go module proxy. Raises UnavailableError where nobody is configured."""
