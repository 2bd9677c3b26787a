"""What an honest timestamp authority answers (RFC 3161 §2.4): pure, with time, serial and signer handed in.

A request that cannot be granted gets a TimeStampResp that says why, never an exception: clients understand that.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from assay.formats import cms, tsp
from assay.formats.tsp import Information, Request
from assay.model.errors import MalformedError, UnsupportedError, UntrustedError
from assay.ports.decisions import Signer
from assay.trust import chain, dsse, keyring

POLICY = "1.3.6.1.4.1.57264.2"
ACCURACY = timedelta(seconds=1)
"""Times are whole seconds, cut off; and how far a clock may have been set back before nothing is said any more."""
_SIGNATURES: Mapping[str, tuple[str, str]] = {
    "ecdsa-p256": ("sha256", "1.2.840.10045.4.3.2"),
    "ecdsa-p384": ("sha384", "1.2.840.10045.4.3.3"),
    "ecdsa-p521": ("sha512", "1.2.840.10045.4.3.4"),
    "rsa": ("sha256", "1.2.840.113549.1.1.11"),
}
"""By kind of key: the hash its `Signer` uses by default, and the signature algorithm."""


class Authority(msgspec.Struct, frozen=True, kw_only=True):
    """A timestamp authority: its certificate in DER, and the key to it."""

    certificate: bytes
    signer: Signer
    policy: str = POLICY


class Stamped(msgspec.Struct, frozen=True, kw_only=True):
    """An answer, and the time it names (None where it refuses): keep that durably before the answer leaves."""

    response: bytes
    time: datetime | None = None
    refusal: str = ""


def respond(request: bytes, authority: Authority, *, now: datetime, last: datetime | None, serial: int) -> Stamped:
    """Answer a TimeStampReq in DER.

    Args:
        request: as received.
        authority: who answers.
        now: aware.
        last: the time of the last answer of this authority, if there was one; none is ever earlier.
        serial: unique among the authority's tokens; `trust.issue.serial` makes one out of chance.

    Raises:
        UnsupportedError: the authority has a kind of key that cannot sign timestamps.
        UntrustedError: `SIGNER`: the key is not the certificate's, or signs what does not hold.
    """
    try:
        asked = tsp.read_request(request, where="request")
    except MalformedError as error:
        return _refused("badDataFormat", error.why)
    return stamp(asked, authority, now=now, last=last, serial=serial)


def stamp(asked: Request, authority: Authority, *, now: datetime, last: datetime | None, serial: int) -> Stamped:
    """Answer a request that is already read (clients may send it as JSON); see `respond`."""
    if (size := cms.HASH_BYTES.get(asked.hash_algorithm)) is None:
        return _refused("badAlg", "use SHA-256, SHA-384 or SHA-512")
    if len(asked.imprint) != size:
        return _refused("badDataFormat", f"{len(asked.imprint)} bytes are no {asked.hash_algorithm}")
    if asked.policy not in {"", authority.policy}:
        return _refused("unacceptedPolicy", f"the policy is {authority.policy}")
    if asked.has_extensions:
        return _refused("unacceptedExtension", "no extension is understood")
    certificate = chain.read(authority.certificate, where="the timestamp authority")
    at = now.replace(microsecond=0)
    if last is not None and at < last:
        if last - at > ACCURACY:
            return _refused("timeNotAvailable", "the clock went backwards")
        at = last
    if why := chain.outside((certificate,), at):
        return _refused("timeNotAvailable", why)
    information = Information(
        policy=authority.policy,
        hash_algorithm=asked.hash_algorithm,
        imprint=asked.imprint,
        serial=serial,
        time=at,
        nonce=asked.nonce,
        accuracy_ms=ACCURACY // timedelta(milliseconds=1),
    )
    return Stamped(response=_granted(information, authority, asked.wants_certificate), time=at)


def _granted(information: Information, authority: Authority, wants_certificate: bool) -> bytes:
    certificate = chain.read(authority.certificate, where="the timestamp authority")
    spki = chain.spki(certificate)
    kind = keyring.algorithm_of(keyring.load(spki, where="signer"), where="signer")
    if kind not in _SIGNATURES:
        raise UnsupportedError(
            "a timestamp authority cannot have this kind of key", why=kind, remedy="use ECDSA P-256 or P-384"
        )
    if authority.signer.public_key() != spki:
        raise _broken("the key is not the one of the certificate")
    digest_algorithm, signature_algorithm = _SIGNATURES[kind]
    content = tsp.write_information(information)
    attributes = cms.signed_attributes(
        hashlib.new(digest_algorithm, content).digest(),
        information.time,
        hashlib.sha256(authority.certificate).digest(),
        "sha256",
    )
    signature = authority.signer.sign(attributes)
    if not dsse.valid(keyring.Key(key_id="", spki=spki, algorithm=kind, name="signer"), signature, attributes):
        raise _broken("the signer's signature does not hold under its own key")
    token = cms.write(
        content,
        attributes,
        signature,
        issuer=certificate.issuer.public_bytes(),
        serial=certificate.serial_number,
        digest_algorithm=digest_algorithm,
        signature_algorithm=signature_algorithm,
        along=(authority.certificate,) if wants_certificate else (),
    )
    return tsp.write_granted(token)


def _refused(reason: str, why: str) -> Stamped:
    text = f"{reason}: {why}"[:200]
    return Stamped(response=tsp.write_rejection(reason, text), refusal=text)


def _broken(why: str) -> UntrustedError:
    return UntrustedError(
        "no timestamp is issued", why=why, remedy="see the authority's settings", code="SIGNER", step="issue"
    )
