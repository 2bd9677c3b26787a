"""The policy engine, and who signs."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from assay.model.policy import PolicyBundle


class RawOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine answered for one rule, before anyone weighs it.

    `error` non-empty means the rule could not be evaluated (undefined, builtin error, deadline, crash).
    """

    package: str
    applies: bool = True
    deny: tuple[dict[str, object], ...] = ()
    warn: tuple[dict[str, object], ...] = ()
    error: str = ""


class PolicyEngine(Protocol):
    """Evaluates Rego v1 with strict builtin errors. Never decides."""

    def describe(self) -> str:
        """Name and version, e.g. `regorus 0.13.0`."""

    def evaluate(self, bundle: PolicyBundle, packages: Sequence[str], facts: bytes, seconds: float) -> list[RawOutcome]:
        """Evaluate each rule package on a JSON fact document within the deadline.

        Never raises for what a rule does: an engine error, panic or timeout is a `RawOutcome` with `error`.

        Raises:
            UnsupportedError: no engine on this machine.
        """

    def close(self) -> None:
        """End the worker."""


class Signer(Protocol):
    """A private key behind a door: a file now, a KMS later."""

    def public_key(self) -> bytes:
        """DER SubjectPublicKeyInfo."""

    def sign(self, data: bytes) -> bytes:
        """Signature over `data` by the key's default algorithm (ECDSA P-256: SHA-256, DER; Ed25519: pure)."""
