"""Signing without a key of one's own: a token becomes a certificate for a key of minutes, and a log says so in public.

The order: services, token, key, certificate, signature, timestamps, log entry, bundle. What a service answers is judged
before the next one is asked, so that nothing false becomes public; the whole bundle passes our own verifier before it
leaves. Nothing is written here.
"""

import hashlib

import msgspec

from assay.flows.publishing import Instance, Publisher
from assay.flows.signing import Standard
from assay.formats import bundle as bundles
from assay.formats import dsse, fulcio, idtoken
from assay.formats.bundle import MessageSignature
from assay.formats.rekor_api import Signed
from assay.formats.signingconfig import Service
from assay.formats.trustroot import instant
from assay.model.digest import Digest
from assay.model.errors import UntrustedError
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.model.statement import Envelope, Signature, Statement
from assay.ports.sigstore import EphemeralKey, IdentityTokens, Services
from assay.ports.world import Clock
from assay.trust import certificate, chain
from assay.trust.expect import Expected, Identity
from assay.trust.services import Chosen
from assay.trust.verify import verify, verify_artifact

AUDIENCE = "sigstore"
"""Of the tokens that certificate authorities take."""
_NAME = "the bundle just made"
_SPARE_SECONDS = 60
"""A certificate that ends sooner is not used for another signature."""


class _Certified(msgspec.Struct, frozen=True, kw_only=True):
    """A key and the certificate it got."""

    key: EphemeralKey
    certificate: bytes
    standard: Standard
    ends: float
    """Seconds since 1970."""


class KeylessMaker:
    """A `BundleMaker` that signs as whoever the token names. One certificate serves while it is valid."""

    def __init__(
        self,
        instance: Instance,
        services: Services,
        tokens: IdentityTokens,
        clock: Clock,
        *,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        """Nothing is asked yet.

        Args:
            instance: the installation.
            services: opens its services.
            tokens: asked once a certificate.
            clock: the real time.
            limits: bounds on the answers.
        """
        self._instance, self._services, self._tokens, self._clock = instance, services, tokens, clock
        self._limits = limits
        self._publisher = Publisher(instance, services, clock, limits=limits)
        self._certified: _Certified | None = None

    def standard(self) -> Standard:
        """The identity and issuer of the certificate, under the installation's root."""
        return self._current(self._publisher.chosen()).standard

    def signer(self) -> Identity:
        """As whom it signs."""
        return self.standard().expected.identities[0]

    def bundle(self, statement: Statement, subject: Digest) -> bytes:
        """Sign a statement; see the port."""
        return self.payload(statement.payload, subject)

    def payload(self, payload: bytes, subject: Digest | None) -> bytes:
        """Sign the bytes of an in-toto statement as they are.

        Args:
            payload: an in-toto statement.
            subject: what it must be about; None leaves that check out.

        Raises:
            UntrustedError, UnavailableError, UnsupportedError, MalformedError: a service refused, does not answer, is
                none, or answers what does not verify; `code` and `step` name the check.
        """
        chosen = self._publisher.chosen()
        current = self._current(chosen)
        encoded = dsse.pae(dsse.IN_TOTO, payload)
        signature = current.key.sign(encoded)
        envelope = Envelope(payload_type=dsse.IN_TOTO, payload=payload, signatures=(Signature(signature),))
        made = self._made(chosen, current, hashlib.sha256(encoded).digest(), signature, envelope)
        standard = current.standard
        verify(made, subject, standard.roots, standard.expected, self._clock.now(), name=_NAME)
        return made

    def artifact(self, digest: Digest) -> bytes:
        """Sign an artifact's bytes by their digest; errors as `payload`.

        Args:
            digest: SHA-256.
        """
        chosen = self._publisher.chosen()
        current = self._current(chosen)
        raw = bytes.fromhex(digest.hex)
        signature = current.key.sign_digest(raw)
        message = MessageSignature(signature=signature, algorithm=digest.algorithm, digest=raw)
        made = self._made(chosen, current, raw, signature, message)
        standard = current.standard
        verify_artifact(made, digest, standard.roots, standard.expected, self._clock.now(), name=_NAME)
        return made

    def _made(
        self,
        chosen: Chosen,
        current: _Certified,
        digest: bytes,
        signature: bytes,
        content: Envelope | MessageSignature,
    ) -> bytes:
        """The bundle of a signature, dated and logged."""
        signed = Signed(digest=digest, signature=signature, certificate=current.certificate)
        said = self._publisher.publish(chosen, signed, content if isinstance(content, Envelope) else None)
        return bundles.write(
            content, certificate=current.certificate, entries=(said.entry,), timestamps=said.timestamps
        )

    def _current(self, chosen: Chosen) -> _Certified:
        now = instant(self._clock.now()).timestamp()
        if self._certified is None or self._certified.ends < now + _SPARE_SECONDS:
            self._certified = self._certify(chosen.authority, now)
        return self._certified

    def _certify(self, authority: Service, now: float) -> _Certified:
        """Ask for a certificate and judge it: its chain, its profile, its promise of transparency, its key."""
        token = self._tokens.token(AUDIENCE)
        told = idtoken.read(token, limits=self._limits)
        if told.expires <= now:
            raise UntrustedError(
                "the identity token has expired",
                where="identity token",
                why=f"{int(now - told.expires)} s ago",
                remedy="get a fresh one",
                code="TOKEN",
                step="sign",
            )
        key = self._services.key()
        answer = self._services.authority(authority.url).certify(fulcio.request(key.request()), token)
        leaf, *others = fulcio.chain(answer, where=authority.url, limits=self._limits)
        window = chain.read(leaf, where=authority.url)
        # Judged at its own beginning: the authority's clock wrote it, and ours may be a little behind.
        begins, roots = window.not_valid_before_utc, self._instance.roots
        believed = certificate.check(leaf, others, (begins,), roots, name=authority.url)
        if believed.spki != key.public_key():
            raise UntrustedError(
                "the certificate is for another key",
                where=authority.url,
                why="its public key is not the one that was sent",
                remedy="do not sign there; tell its operator",
                code="CERT_KEY",
                step="certificate",
            )
        whom = (Identity(identity=believed.identity, issuer=believed.issuer),)
        standard = Standard(expected=Expected(identities=whom, require=self._instance.require), roots=roots)
        return _Certified(key=key, certificate=leaf, standard=standard, ends=window.not_valid_after_utc.timestamp())
