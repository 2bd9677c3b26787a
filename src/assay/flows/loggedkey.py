"""Signing with a managed key whose signatures are dated and logged: they outlive the key's rotation and revocation.

A key alone proves no time: once it is revoked, nothing it signed can be told from what a thief signed. With a timestamp
and a log entry, what came before stays good (trust.keyring, windows and revocations).
"""

import hashlib

import msgspec

from assay.flows.publishing import Instance, Publisher
from assay.flows.signing import Standard, checked
from assay.formats import bundle as bundles
from assay.formats import dsse
from assay.formats.rekor_api import Signed
from assay.model.digest import Digest
from assay.model.errors import UnsupportedError, UntrustedError
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.model.statement import Envelope, Signature, Statement
from assay.ports.decisions import Signer
from assay.ports.sigstore import Services
from assay.ports.world import Clock
from assay.trust import dsse as signatures
from assay.trust import keyring, root
from assay.trust.expect import Expected
from assay.trust.keyring import Keyring


class LoggedKeyMaker:
    """A `BundleMaker` over a managed key and an installation's log and timestamp authorities."""

    def __init__(
        self,
        signer: Signer,
        instance: Instance,
        services: Services,
        clock: Clock,
        *,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        """Nothing is asked yet.

        Args:
            signer: the key; not pure Ed25519, which signs no digests (Rekor v2 refuses it).
            instance: the installation.
            services: opens its services.
            clock: the real time.
            limits: bounds on the answers.

        Raises:
            UnsupportedError: a kind of key that logs do not take.
        """
        self._signer, self._clock = signer, clock
        self._key = keyring.key(signer.public_key(), name="the signer's own key")
        if self._key.algorithm == "ed25519":
            raise UnsupportedError(
                "logs take no signatures of this kind of key",
                why="pure Ed25519 signs no digests",
                remedy="sign with an ECDSA or RSA key, or without a log",
            )
        self._publisher = Publisher(instance, services, clock, limits=limits)
        require = msgspec.structs.replace(instance.require, log="required")
        self._standard = Standard(expected=Expected(keys=Keyring((self._key,)), require=require), roots=instance.roots)

    def standard(self) -> Standard:
        """The key, and a log entry of the installation."""
        return self._standard

    def bundle(self, statement: Statement, subject: Digest) -> bytes:
        """Sign, have it dated and logged; see the port."""
        chosen = self._publisher.chosen()
        encoded = dsse.pae(dsse.IN_TOTO, statement.payload)
        signature = self._signer.sign(encoded)
        envelope = Envelope(payload_type=dsse.IN_TOTO, payload=statement.payload, signatures=(Signature(signature),))
        said = self._publisher.publish(chosen, self._signed(encoded, signature), envelope)
        made = bundles.write(envelope, self._key.key_id, entries=(said.entry,), timestamps=said.timestamps)
        return checked(made, subject, self._standard, self._clock.now)

    def _signed(self, message: bytes, signature: bytes) -> Signed:
        """The signature as logs are told of it, with the hash it was made with.

        Raises:
            UntrustedError: `SIGNER`: it does not hold under the signer's own key.
        """
        algorithm = signatures.held(self._key, signature, message)
        if not algorithm:
            raise UntrustedError(
                "the signer's signature does not hold under its own key",
                where=self._key.name,
                remedy="check the key",
                code="SIGNER",
                step="sign",
            )
        return Signed(
            digest=hashlib.new(algorithm, message).digest(),
            signature=signature,
            algorithm=algorithm,
            key_details=root.details(self._key, algorithm)[0],
            spki=self._key.spki,
        )
