"""What an honest certificate authority issues: its own certificates, and ten-minute leaves for proven identities.

Pure: time, serial numbers and signers are handed in. Private keys are reached only through `Signer.sign`, and every
signature is checked with the public key before anything leaves.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from assay.formats import certificates as x509
from assay.formats import ct, der
from assay.formats.ct import CertificateTimestamp
from assay.model.errors import UnsupportedError, UntrustedError, UsageError
from assay.ports.decisions import Signer
from assay.trust import chain, dsse, keyring
from assay.trust.certificate import ARC, NAMES, USERNAME, IdentityKind
from assay.trust.keyring import Algorithm

LIFETIME = timedelta(minutes=10)
ALGORITHMS: Mapping[Algorithm, str] = {
    "ecdsa-p256": "1.2.840.10045.4.3.2",
    "ecdsa-p384": "1.2.840.10045.4.3.3",
    "ecdsa-p521": "1.2.840.10045.4.3.4",
    "rsa": "1.2.840.113549.1.1.11",
}
"""Signature algorithm of each kind of key, with the hash its `Signer` uses by default.

No Ed25519: Rekor v2 takes no such signatures of clients, and verifiers no such authorities.
"""
_CT_SIGNATURES: Mapping[str, int] = {"ecdsa-p256": ct.ECDSA, "rsa": ct.RSA}
"""Keys a CT log may have (RFC 6962 §2.1.4)."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TEXT_CHARACTERS = 4_096
_ENTRY_BYTES = 0xFFFF
"""Entries of a tiled log have a length of 16 bits (C2SP tlog-tiles)."""
_RAW = range(1, 7)


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a leaf is for: what a judged token says."""

    identity: str
    identity_kind: IdentityKind
    issuer: str
    extensions: Mapping[str, str] = {}
    """Other words about the identity, by the names of `trust.certificate.NAMES`."""


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """A leaf before its timestamp and its signature.

    `entry` goes into the issuance log first: a certificate timestamp is a promise that it is there.
    """

    tbs: bytes
    """TBSCertificate without the list."""
    issuer: bytes
    """DER of the issuing certificate."""
    timestamp_ms: int
    entry: bytes
    """MerkleTreeLeaf of RFC 6962 §3.4, and by design of that page the very bytes a log's timestamp signs."""


def serial(chance: bytes) -> int:
    """A positive serial number of 160 bits, two of them fixed, out of 20 random bytes (RFC 5280 §4.1.2.2).

    Raises:
        UsageError: not 20 bytes.
    """
    if len(chance) != 20:
        raise UsageError("a serial number needs 20 random bytes", why=f"{len(chance)} given", remedy="give 20")
    return int.from_bytes(chance, "big") & (1 << 159) - 1 | 1 << 158


def root(
    signer: Signer, *, organization: str, common_name: str, start: datetime, end: datetime, serial: int, below: int = 1
) -> bytes:
    """A self-signed root certificate in DER.

    Args:
        signer: the root's own key.
        organization: O of its name.
        common_name: CN of its name.
        start: first second it is valid.
        end: last second.
        serial: see `serial`.
        below: authorities that may stand below it: 1 for signing, 0 above a timestamp authority.
    """
    spki = signer.public_key()
    name = x509.name(organization, common_name)
    extensions = (x509.authority(below), x509.key_usage(x509.SIGNS_CERTIFICATES), x509.subject_key(spki))
    return _sign(
        signer, spki, serial=serial, issuer=name, start=start, end=end, subject=name, spki=spki, extensions=extensions
    )


def intermediate(
    root_certificate: bytes,
    root_signer: Signer,
    spki: bytes,
    *,
    organization: str,
    common_name: str,
    start: datetime,
    end: datetime,
    serial: int,
) -> bytes:
    """An authority below the root that may sign code-signing leaves only, and no further authority."""
    extensions = (
        x509.authority(0),
        x509.key_usage(x509.SIGNS_CERTIFICATES),
        x509.extended_key_usage(x509.CODE_SIGNING),
    )
    return _below(
        root_certificate, root_signer, spki, x509.name(organization, common_name), start, end, serial, extensions
    )


def timestamping(
    root_certificate: bytes,
    root_signer: Signer,
    spki: bytes,
    *,
    organization: str,
    common_name: str,
    start: datetime,
    end: datetime,
    serial: int,
) -> bytes:
    """The certificate of a timestamp authority: critically for timestamps alone (RFC 3161 §2.3)."""
    extensions = (
        x509.key_usage(x509.DIGITAL_SIGNATURE),
        x509.extended_key_usage(x509.TIME_STAMPING, critical=True),
    )
    return _below(
        root_certificate, root_signer, spki, x509.name(organization, common_name), start, end, serial, extensions
    )


def prepare(subject: Subject, spki: bytes, issuer: bytes, *, now: datetime, serial: int) -> Prepared:
    """A leaf for a proven identity and a proven key, ready to be logged.

    Args:
        subject: whom it is for.
        spki: DER SubjectPublicKeyInfo, whose private half the asker has shown to hold.
        issuer: DER of the intermediate certificate.
        now: aware; it is valid from this second for ten minutes.
        serial: see `serial`.

    Raises:
        UnsupportedError: a key that cannot sign for the log.
        UntrustedError: `IDENTITY`: an identity that no certificate can hold; `CERT_WINDOW`: the intermediate is not
            valid for so long.
    """
    _signs(keyring.key(spki, name="the client's key").spki)
    above = chain.read(issuer, where="the intermediate")
    if why := chain.outside((above,), now) or chain.outside((above,), now + LIFETIME):
        raise _no("CERT_WINDOW", why)
    extensions = (
        x509.key_usage(x509.DIGITAL_SIGNATURE),
        x509.extended_key_usage(x509.CODE_SIGNING),
        x509.subject_key(spki),
        x509.authority_key(_identifier(issuer)),
        _alternative(subject),
        *_words(subject),
    )
    tbs = x509.tbs(
        serial=serial,
        algorithm=_signs(chain.spki(above)),
        issuer=above.subject.public_bytes(),
        start=now,
        end=now + LIFETIME,
        subject=x509.name(),
        spki=spki,
        extensions=extensions,
    )
    timestamp_ms = (now - _EPOCH) // timedelta(milliseconds=1)
    entry = ct.signed_bytes(chain.spki(above), tbs, timestamp_ms=timestamp_ms)
    if len(entry) > _ENTRY_BYTES:
        raise _no("IDENTITY", f"its words make an entry of {len(entry)} bytes, limit {_ENTRY_BYTES}")
    return Prepared(tbs=tbs, issuer=issuer, timestamp_ms=timestamp_ms, entry=entry)


def finish(prepared: Prepared, log: Signer, authority: Signer) -> bytes:
    """The certificate in DER, its timestamp inside; call only once `prepared.entry` is durable.

    Args:
        prepared: what was logged.
        log: the key of the CT log.
        authority: the key of the intermediate.

    Raises:
        UnsupportedError: a log key that RFC 6962 does not know.
        UntrustedError: `SIGNER`: a signer made a signature that does not hold.
    """
    spki = log.public_key()
    kind = _algorithm(spki)
    if kind not in _CT_SIGNATURES:
        raise UnsupportedError(
            "a CT log cannot have this kind of key", why=kind, remedy="use ECDSA P-256 (RFC 6962 §2.1.4)"
        )
    timestamp = CertificateTimestamp(
        log_id=ct.log_id(spki),
        timestamp_ms=prepared.timestamp_ms,
        signature_algorithm=_CT_SIGNATURES[kind],
        signature=_signature(log, spki, prepared.entry),
    )
    tbs = ct.with_list(prepared.tbs, (timestamp,), where="certificate")
    above = chain.spki(chain.read(prepared.issuer, where="the intermediate"))
    if authority.public_key() != above:
        raise _no("SIGNER", "the authority's key is not the one of its certificate")
    return x509.signed(tbs, _signs(above), _signature(authority, above, tbs))


def issue(
    subject: Subject, spki: bytes, issuer: bytes, log: Signer, authority: Signer, *, now: datetime, serial: int
) -> bytes:
    """`prepare` and `finish` in one, for who keeps no issuance log; see both for arguments and errors."""
    return finish(prepare(subject, spki, issuer, now=now, serial=serial), log, authority)


def _below(
    root_certificate: bytes,
    root_signer: Signer,
    spki: bytes,
    name: bytes,
    start: datetime,
    end: datetime,
    serial: int,
    extensions: tuple[bytes, ...],
) -> bytes:
    above = chain.read(root_certificate, where="the root")
    above_spki = chain.spki(above)
    if root_signer.public_key() != above_spki:
        raise _no("SIGNER", "the root's key is not the one of its certificate")
    if why := chain.outside((above,), start) or chain.outside((above,), end):
        raise _no("CERT_WINDOW", why)
    keys = (x509.subject_key(spki), x509.authority_key(_identifier(root_certificate)))
    return _sign(
        root_signer,
        above_spki,
        serial=serial,
        issuer=above.subject.public_bytes(),
        start=start,
        end=end,
        subject=name,
        spki=spki,
        extensions=(*extensions, *keys),
    )


def _sign(
    signer: Signer,
    signer_spki: bytes,
    *,
    serial: int,
    issuer: bytes,
    start: datetime,
    end: datetime,
    subject: bytes,
    spki: bytes,
    extensions: tuple[bytes, ...],
) -> bytes:
    algorithm = _signs(signer_spki)
    tbs = x509.tbs(
        serial=serial, algorithm=algorithm, issuer=issuer, start=start, end=end, subject=subject, spki=spki,
        extensions=extensions,
    )  # fmt: skip
    return x509.signed(tbs, algorithm, _signature(signer, signer_spki, tbs))


def _signature(signer: Signer, spki: bytes, message: bytes) -> bytes:
    """A signature that holds: a device that signs with another key or hash than it says must not go unnoticed."""
    signature = signer.sign(message)
    key = keyring.Key(key_id="", spki=spki, algorithm=_algorithm(spki), name="signer")
    if not dsse.valid(key, signature, message):
        raise _no("SIGNER", "the signer's signature does not hold under its own key")
    return signature


def _algorithm(spki: bytes) -> Algorithm:
    return keyring.algorithm_of(keyring.load(spki, where="signer"), where="signer")


def _signs(spki: bytes) -> str:
    """The signature algorithm of a key that may sign certificates, or have one."""
    kind = _algorithm(spki)
    if kind not in ALGORITHMS:
        raise UnsupportedError("no certificate for this kind of key", why=kind, remedy="use ECDSA P-256 or P-384")
    return ALGORITHMS[kind]


def _identifier(certificate: bytes) -> bytes:
    """The key identifier a certificate says it has, or the one its key gives."""
    parsed = chain.read(certificate, where="issuer")
    own = chain.extension(parsed, x509.SUBJECT_KEY)
    found: bytes = x509.key_identifier(chain.spki(parsed)) if own is None else own.value.digest
    return found


def _alternative(subject: Subject) -> bytes:
    text = subject.identity
    if not text or len(text) > _TEXT_CHARACTERS or not text.isprintable():
        raise _no("IDENTITY", "an identity that is empty, too long or not printable")
    if subject.identity_kind == "username":
        return x509.other_name(USERNAME, text)
    if not text.isascii() or " " in text:
        raise _no("IDENTITY", f"an {subject.identity_kind} identity outside ASCII")
    return {"email": x509.email, "uri": x509.uri}[subject.identity_kind](text)


def _words(subject: Subject) -> list[bytes]:
    """Fulcio's extensions in the order of their numbers; empty texts are left out."""
    texts = {**subject.extensions, "issuerV1": subject.issuer, "issuer": subject.issuer}
    unknown = sorted(set(texts) - set(NAMES.values()))
    if unknown:
        raise UsageError("no such extension", why=", ".join(unknown)[:200], remedy="use the names of the table")
    found = []
    for number, name in NAMES.items():
        text = texts.get(name, "")
        if not text or name == "otherName":
            continue
        if len(text) > _TEXT_CHARACTERS:
            raise _no("IDENTITY", f"{name} has {len(text)} characters, limit {_TEXT_CHARACTERS}")
        found.append(x509.extension(f"{ARC}{number}", text.encode() if number in _RAW else der.utf8(text)))
    return found


def _no(code: str, why: str) -> UntrustedError:
    return UntrustedError(
        "no certificate is issued", why=why, remedy="see the authority's settings", code=code, step="issue"
    )
