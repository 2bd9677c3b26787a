"""RFC 3161 timestamps: what time it verifiably was when a signature existed (step 10).

The signature and its chain are checked by rfc3161-client (imported only where there is a timestamp), and everything
that decides is checked here as well: the library ignores the hash of signingCertificateV2, and takes certificates of
the list for anchors that are none.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from assay.formats import cms, tsp
from assay.formats.trustroot import CertificateAuthority
from assay.formats.tsp import Token
from assay.model.errors import MalformedError, UntrustedError
from assay.trust import chain, keyring

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_COUNT = 32
_RSA = "1.2.840.113549.1.1.1"
_SIGNATURES: Mapping[tuple[str, str], frozenset[str]] = {
    ("ecdsa", "sha256"): frozenset({"1.2.840.10045.4.3.2"}),
    ("ecdsa", "sha384"): frozenset({"1.2.840.10045.4.3.3"}),
    ("ecdsa", "sha512"): frozenset({"1.2.840.10045.4.3.4"}),
    ("rsa", "sha256"): frozenset({_RSA, "1.2.840.113549.1.1.11"}),
    ("rsa", "sha384"): frozenset({_RSA, "1.2.840.113549.1.1.12"}),
    ("rsa", "sha512"): frozenset({_RSA, "1.2.840.113549.1.1.13"}),
}
"""Names of signature algorithms by key and digest. The library ignores the name, and nothing signs it."""


class Times(msgspec.Struct, frozen=True, kw_only=True):
    """Times that trusted authorities vouch for, and what was left out."""

    verified: tuple[datetime, ...] = ()
    ignored: tuple[str, ...] = ()
    """One line for each token of an authority nobody listed."""


def check(
    tokens: Sequence[bytes], signature: bytes, authorities: Sequence[CertificateAuthority], *, name: str
) -> Times:
    """Believe each timestamp of a listed authority, ignore those of others, or say what does not hold.

    Args:
        tokens: TimeStampResp in DER, as received.
        signature: the bytes the timestamps are about.
        authorities: the listed timestamp authorities.
        name: where the bundle was found, for messages.

    Raises:
        UntrustedError: `PARSE_TIMESTAMP`, `TIMESTAMP` (also for duplicates), `TIMESTAMP_WINDOW`.
    """
    if len(tokens) > _COUNT:
        raise _no("PARSE_LIMIT", "parse", name, f"more than {_COUNT} timestamps")
    verified, ignored, seen = [], [], set()
    for data in tokens:
        try:
            response = tsp.read_response(data, where=name)
        except MalformedError as error:
            raise _no("PARSE_TIMESTAMP", "parse", name, error.why) from error
        token = response.token
        if token is None or response.status != tsp.GRANTED:
            raise _no("TIMESTAMP", "timestamps", name, f"a timestamp was not granted (status {response.status})")
        if (token.issuer, token.information.serial, token.content) in seen:
            raise _no("TIMESTAMP", "timestamps", name, "one timestamp stands there twice")
        seen.add((token.issuer, token.information.serial, token.content))
        candidates = [found for one in authorities if (found := _listed(token, one, name)) is not None]
        if candidates:
            verified.append(_believe(data, token, signature, candidates, name))
        else:
            ignored.append(f"a timestamp of {chain.text(token.information.time)} by an authority that is not listed")
    return Times(verified=tuple(verified), ignored=tuple(ignored))


class _Candidate(msgspec.Struct, frozen=True):
    """A listed authority that may have signed, the certificate it would have signed with, and the listed chain."""

    authority: CertificateAuthority
    signer: "Certificate"
    listed: "tuple[Certificate, ...]"


def _listed(token: Token, authority: CertificateAuthority, name: str) -> _Candidate | None:
    """The candidate, if the signer the token names belongs to this authority.

    A listed chain begins with the authority's own certificate, or with the CA that issued it; then the token has to
    carry the certificate (RFC 3161 §2.4.1, certReq).
    """
    listed = tuple(chain.listed(data, authority.uri) for data in authority.certificates)
    if not listed:
        return None
    for certificate in listed[:1]:
        if _is_named(certificate, token):
            return _Candidate(authority, certificate, listed)
    basic = chain.extension(listed[0], chain.BASIC_CONSTRAINTS)
    if basic is None or not basic.value.ca or listed[0].subject.public_bytes() != token.issuer:
        return None
    for data in token.certificates:
        certificate = chain.read(data, where=name)
        if _is_named(certificate, token):
            return _Candidate(authority, certificate, listed)
    return None


def _is_named(certificate: "Certificate", token: Token) -> bool:
    return certificate.serial_number == token.serial and certificate.issuer.public_bytes() == token.issuer


def _believe(data: bytes, token: Token, signature: bytes, candidates: list[_Candidate], name: str) -> datetime:
    """The time of a token, if it holds under one of the authorities its signer belongs to; else the last refusal."""
    at = token.information.time
    refusal = _no("TIMESTAMP", "timestamps", name, "no authority")
    for one in candidates:
        try:
            _token(token, signature, one.signer, name)
            _path(data, token, one, name)
        except UntrustedError as error:
            refusal = error
            continue
        if one.authority.valid_for.holds(at):
            return at
        window = f"{one.authority.valid_for.start} to {one.authority.valid_for.end or 'no end'}"
        why = f"a timestamp of {chain.text(at)} by an authority that is trusted from {window}"
        refusal = _no("TIMESTAMP_WINDOW", "timestamps", name, why)
    raise refusal


def _token(token: Token, signature: bytes, signer: "Certificate", name: str) -> None:
    """What the token says and how it is bound to its signer: our own checks."""
    said = token.information
    if said.hash_algorithm not in cms.HASH_BYTES or token.digest_algorithm not in cms.HASH_BYTES:
        raise _no("TIMESTAMP", "timestamps", name, f"a timestamp by an unknown or weak hash {said.hash_algorithm[:60]}")
    if said.imprint != hashlib.new(said.hash_algorithm, signature).digest():
        raise _no("TIMESTAMP", "timestamps", name, "a timestamp over other bytes than this signature")
    kind = keyring.algorithm_of(signer.public_key(), where=name).partition("-")[0]
    if token.signature_algorithm not in _SIGNATURES.get((kind, token.digest_algorithm), ()):
        raise _no("TIMESTAMP", "timestamps", name, "a timestamp whose signature algorithm is not its key's")
    if said.has_critical_extension:
        raise _no("TIMESTAMP", "timestamps", name, "a timestamp with an unknown critical extension")
    if token.content_type != cms.ID_DATA_TST:
        raise _no("TIMESTAMP", "timestamps", name, "a timestamp whose signed content type is another")
    if token.message_digest != hashlib.new(token.digest_algorithm, token.content).digest():
        raise _no("TIMESTAMP", "timestamps", name, "a timestamp whose signed digest is not its content's")
    # RFC 5816 §2.2.1: bound by the hash of its certificate, or another with its name and key could stand in.
    if token.certificate_hash_algorithm not in cms.HASH_BYTES:
        raise _no(
            "TIMESTAMP", "timestamps", name, "a timestamp that does not bind its certificate (signingCertificateV2)"
        )
    whole = _der(signer)
    if token.certificate_hash != hashlib.new(token.certificate_hash_algorithm, whole).digest():
        raise _no("TIMESTAMP", "timestamps", name, "a timestamp bound to another certificate than its signer's")
    if any(other != whole and _same(other, signer, name) for other in token.certificates):
        raise _no("TIMESTAMP", "timestamps", name, "a timestamp with two certificates of one issuer and serial number")
    purposes = chain.extension(signer, chain.EXTENDED_KEY_USAGE)
    if purposes is None or not purposes.critical or [p.dotted_string for p in purposes.value] != [chain.TIME_STAMPING]:
        raise _no(
            "TIMESTAMP", "timestamps", name, "its certificate is not for timestamps alone (critical, RFC 3161 §2.3)"
        )
    usage, basic = chain.extension(signer, chain.KEY_USAGE), chain.extension(signer, chain.BASIC_CONSTRAINTS)
    if basic is not None and basic.value.ca:
        raise _no("TIMESTAMP", "timestamps", name, "its certificate is a certificate authority's")
    if usage is not None and not (usage.value.digital_signature or usage.value.content_commitment):
        raise _no("TIMESTAMP", "timestamps", name, "the key usage of its certificate is no signature")
    if unknown := chain.unknown_critical(signer):
        raise _no("TIMESTAMP", "timestamps", name, f"its certificate has a critical extension {unknown}")


def _path(data: bytes, token: Token, one: _Candidate, name: str) -> None:
    """The chain at the token's time (it may have expired since), and the signature."""
    at = token.information.time
    extra = [chain.read(other, where=name) for other in token.certificates]
    pool = [certificate for certificate in (*extra, *one.listed[:-1]) if certificate != one.signer]
    found = list(chain.paths(one.signer, pool, one.listed[-1], chain.TIME_STAMPING))
    if not found:
        raise _no("TIMESTAMP", "timestamps", name, "no path from its certificate to the listed authority")
    whys = [chain.outside(path, at) for path in found]
    if all(whys):
        raise _no("TIMESTAMP", "timestamps", name, whys[0])
    _signature(data, token, one, name)


def _signature(data: bytes, token: Token, one: _Candidate, name: str) -> None:
    """The library's word on the signature; a fresh builder for each, as `add_*` changes lists of its callers."""
    from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response

    intermediates = [c for c in one.listed[:-1] if c != one.signer]
    verifier = VerifierBuilder(tsa_certificate=one.signer, intermediates=intermediates, roots=[one.listed[-1]]).build()
    imprint = token.information.imprint
    try:
        verifier.verify(decode_timestamp_response(data), imprint)
    except (VerificationError, ValueError) as error:
        raise _no("TIMESTAMP", "timestamps", name, f"its signature does not hold: {str(error)[:200]}") from error


def _same(data: bytes, signer: "Certificate", name: str) -> bool:
    other = chain.read(data, where=name)
    return other.serial_number == signer.serial_number and other.issuer == signer.issuer


def _der(certificate: "Certificate") -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.DER)


def _no(code: str, step: str, name: str, why: str) -> UntrustedError:
    return UntrustedError(
        "cannot believe this timestamp", where=name, why=why,
        remedy="ask the signer for a bundle with a good timestamp", code=code, step=step,
    )  # fmt: skip
