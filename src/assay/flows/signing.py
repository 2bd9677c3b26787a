"""The one way statements become bundles: a `BundleMaker`, be it a managed key, a KMS or a keyless identity.

A maker also says by what its own bundles are verified: each passes our own verifier before it leaves, and what the same
maker signed before is found again by it.
"""

from collections.abc import Callable
from typing import Protocol

import msgspec

from assay.formats.trustroot import TrustedRoot
from assay.model.digest import Digest
from assay.model.statement import Statement
from assay.ports.decisions import Signer
from assay.ports.world import Clock
from assay.trust import dsse, keyring
from assay.trust.expect import Expected
from assay.trust.keyring import Keyring
from assay.trust.verify import verify


class Standard(msgspec.Struct, frozen=True, kw_only=True):
    """By what a maker's bundles are verified."""

    expected: Expected
    roots: TrustedRoot | None = None


class BundleMaker(Protocol):
    """Whoever signs statements."""

    def standard(self) -> Standard:
        """By what its bundles are verified; a keyless maker gets its certificate to know."""

    def bundle(self, statement: Statement, subject: Digest) -> bytes:
        """A signed v0.3 bundle of a statement about `subject`, verified by `standard`.

        Raises:
            UntrustedError: a service refused, or what it answered does not verify; the statement is about something
                else.
            UnavailableError: a service did not answer.
        """


class KeyMaker:
    """A managed key, from a file or a KMS."""

    def __init__(self, signer: Signer, clock: Clock) -> None:
        self._signer, self._clock = signer, clock
        key = keyring.key(signer.public_key(), name="the signer's own key")
        self._standard = Standard(expected=Expected(keys=Keyring((key,))))

    @property
    def signer(self) -> Signer:
        """The key, for forms that are no bundle."""
        return self._signer

    def standard(self) -> Standard:
        """The key itself; neither log nor time."""
        return self._standard

    def bundle(self, statement: Statement, subject: Digest) -> bytes:
        """Sign with the key."""
        return checked(dsse.sign(statement, self._signer), subject, self._standard, self._clock.now)


def checked(bundle: bytes, subject: Digest, standard: Standard, now: Callable[[], str]) -> bytes:
    """The bundle, once our own verifier has accepted it.

    Raises:
        UntrustedError: it has not.
    """
    verify(bundle, subject, standard.roots, standard.expected, now(), name="the bundle just made", whole=False)
    return bundle
