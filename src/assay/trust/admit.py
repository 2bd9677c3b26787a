"""What an honest log takes: a signature that holds, by the key the asker names, as the canonical body of an entry."""

import hashlib

from assay.formats import dsse as envelopes
from assay.formats import rekor
from assay.formats.authority_requests import EntryRequest
from assay.model.errors import UntrustedError
from assay.trust import chain, dsse, keyring, root
from assay.trust.keyring import Key

_HASHES = {"sha256": 32, "sha384": 48, "sha512": 64}


def admit(request: EntryRequest) -> bytes:
    """The body to log (RFC 8785). A DSSE envelope is logged as the hash of its PAE, as today's clients ask for it.

    Raises:
        UntrustedError: `ALGORITHM`: the key is of another kind than the request says, or cannot sign a hash (pure
            Ed25519); `DIGEST_MISMATCH`: a digest of another length; `SIGNATURE`: the signature does not hold;
            `PARSE_CERTIFICATE`.
        MalformedError, UnsupportedError: as `keyring.key`.
    """
    spki = request.spki
    if request.certificate:
        spki = chain.spki(chain.read(request.certificate, where="x509Certificate"))
    key = keyring.key(spki, name="publicKey")
    algorithm = _hash_of(key, request.key_details)
    digest = _digest(request, algorithm)
    if dsse.held_digest(key, request.signature, {algorithm: digest}) is None:
        raise _no("SIGNATURE", "the signature is not this key's over this digest")
    return rekor.hashedrekord_v2(
        algorithm=algorithm,
        digest=digest,
        signature=request.signature,
        key_details=request.key_details,
        certificate=request.certificate,
        spki=b"" if request.certificate else spki,
    )


def _hash_of(key: Key, key_details: str) -> str:
    """The hash that goes with a key's details."""
    for name in _HASHES:
        if key_details in root.details(key, name):
            return name
    raise _no("ALGORITHM", f"{key_details[:60]!r} is not taken for a key of {key.algorithm}")


def _digest(request: EntryRequest, algorithm: str) -> bytes:
    if request.envelope is not None:
        envelope = request.envelope
        return hashlib.new(algorithm, envelopes.pae(envelope.payload_type, envelope.payload)).digest()
    if len(request.digest) != _HASHES[algorithm]:
        raise _no("DIGEST_MISMATCH", f"{len(request.digest)} bytes are no {algorithm}")
    return request.digest


def _no(code: str, why: str) -> UntrustedError:
    return UntrustedError(
        "this entry is not logged",
        why=why,
        remedy="sign again, and log exactly what was signed",
        code=code,
        step="entry",
    )
