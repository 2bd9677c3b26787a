"""What a monitor thinks of one entry: was it to be expected? Pure; the order of steps is `flows.monitor`'s."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import msgspec

from assay.formats import ct, ctleaf, der, rekor
from assay.formats.trustroot import TransparencyLog, TrustedRoot
from assay.formats.vkey import VerifierKey
from assay.model.errors import AssayError, MalformedError, UnsupportedError, UntrustedError
from assay.trust import certificate, chain, keyring, merkle, notes, root
from assay.trust.expect import Expected

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

Kind = Literal[
    "fork",
    "rollback",
    "mismatch",
    "checkpoint",
    "witnesses",
    "unexpected-identity",
    "unexpected-signer",
    "unlogged-certificate",
    "malformed-entry",
    "silence",
]


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """Something a person has to look at."""

    kind: Kind
    log: str
    """Origin of the log."""
    why: str
    index: int | None = None
    """The entry, where it is about one."""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What was found about one entry."""

    kind: str
    """`hashedrekord 0.0.2` and the like; `certificate` in an issuance log; `unknown` for kinds not known here."""
    alerts: tuple[Alert, ...] = ()
    certificate: bytes = b""
    """DER of the signer's certificate, where there is one."""


def entry(body: bytes, index: int, log: str, expected: Expected, roots: TrustedRoot) -> Seen:
    """Judge an entry of a transparency log.

    An entry by a certificate must chain to a listed authority (judged at the certificate's beginning: a log says no
    time), carry a listed CT log's timestamp, and bear an expected identity; one by a bare key, an expected key. Where
    nothing is expected, identities and keys are not judged. Kinds that are not known are counted, not judged.
    """

    def alert(kind: Kind, why: str) -> Alert:
        return Alert(kind=kind, log=log, why=why, index=index)

    where = f"entry {index}"
    try:
        found = rekor.read(body, where=where)
    except UnsupportedError:
        return Seen(kind="unknown")
    except MalformedError as error:
        return Seen(kind="malformed", alerts=(alert("malformed-entry", error.why or error.what),))
    kind = f"{found.kind} {found.version}"
    if not found.certificate:
        known = {key.spki for key in expected.keys.keys}
        if found.spki in known or not _is_asked(expected):
            return Seen(kind=kind)
        return Seen(kind=kind, alerts=(alert("unexpected-signer", f"key {keyring.key_id(found.spki)}"),))
    try:
        begins = chain.read(found.certificate, where=where).not_valid_before_utc
        leaf = certificate.check(found.certificate, (), (begins,), roots, name=where)
    except UntrustedError as error:
        why = f"its certificate is not believed: {error.why} ({error.code})"
        return Seen(kind=kind, alerts=(alert("unexpected-signer", why),), certificate=found.certificate)
    why = _unexpected(leaf.identity, leaf.issuer, expected)
    alerts = (alert("unexpected-identity", why),) if why else ()
    return Seen(kind=kind, alerts=alerts, certificate=found.certificate)


def issued(body: bytes, index: int, log: str, expected: Expected) -> Seen:
    """Judge a leaf of an issuance log: a certificate for an identity that is expected."""
    where = f"leaf {index}"
    try:
        leaf = ctleaf.read(body, where=where)
        said = _said(chain.read(leaf.certificate(where=where), where=where), where)
    except UnsupportedError:
        return Seen(kind="unknown")
    except (MalformedError, UntrustedError) as error:
        why = error.why or error.what
        return Seen(kind="malformed", alerts=(Alert(kind="malformed-entry", log=log, why=why, index=index),))
    why = _unexpected(*said, expected)
    alerts = (Alert(kind="unexpected-identity", log=log, why=why, index=index),) if why else ()
    return Seen(kind="certificate", alerts=alerts)


def listed(logs: Sequence[TransparencyLog], origin: str) -> tuple[TransparencyLog, ...]:
    """The listed logs whose key signs checkpoints under this name: their key id says so, or their address."""
    keys = ((log, root.key_of(log)) for log in logs)
    return tuple(log for log, key in keys if key and root.note_key(log, key, origin, version_2=True))


def key_of(logs: Sequence[TransparencyLog], origin: str) -> VerifierKey | None:
    """The key under which a listed log signs its checkpoints; None where no log of this name is listed.

    Raises:
        UnsupportedError: a key of a kind that does not sign notes.
    """
    found = listed(logs, origin)
    return notes.key_of(origin, found[0].spki, cosigner=False, where=origin) if found else None


def issuers(roots: TrustedRoot) -> tuple[bytes, ...]:
    """Keys (DER SubjectPublicKeyInfo) that may have issued a certificate: all of the listed authorities."""
    found = {
        chain.spki(chain.read(one, where=authority.uri))
        for authority in roots.certificate_authorities
        for one in authority.certificates
    }
    return tuple(sorted(found))


def leaves(data: bytes, issuers: Sequence[bytes], *, where: str) -> dict[bytes, tuple[bytes, ...]]:
    """Leaf hashes under which a certificate may stand in issuance logs, by the id of each log it has a timestamp of.

    Several for each log: one for every authority that may be its own.

    Raises:
        MalformedError: no certificate, or a list of timestamps that is none.
    """
    tbs, held = ct.without_list(data, where=where)
    stamps = ct.read_list(held, where=where) if held else ()
    return {
        one.log_id: tuple(
            merkle.leaf_hash(ct.signed_bytes(spki, tbs, timestamp_ms=one.timestamp_ms, extensions=one.extensions))
            for spki in issuers
        )
        for one in stamps
    }


def _unexpected(identity: str, issuer: str, expected: Expected) -> str:
    """Why an identity is none of the expected ones; empty where it is, or where nothing is expected."""
    if not _is_asked(expected) or any(one.names(identity, issuer) == (True, True) for one in expected.identities):
        return ""
    return f"{identity} by {issuer or 'no issuer'}"


def _is_asked(expected: Expected) -> bool:
    return bool(expected.identities or expected.keys.keys)


def _said(found: "Certificate", where: str) -> tuple[str, str]:
    """Identity and issuer a certificate names, whoever signed it."""
    names = chain.extension(found, chain.SUBJECT_ALTERNATIVE)
    generals: Sequence[object] = [] if names is None else list(names.value)
    texts = [_name(one, where) for one in generals]
    issuer = chain.extension(found, certificate.ARC + "8")
    said = "" if issuer is None else der.read_utf8(der.one(issuer.value.value, where=where), where=where)
    return ", ".join(texts) or "no name", said


def _name(general: object, where: str) -> str:
    value = getattr(general, "value", None)
    if isinstance(value, str):
        return value
    try:
        return der.read_utf8(der.one(value, where=where), where=where) if isinstance(value, bytes) else repr(general)
    except AssayError:
        return repr(general)
