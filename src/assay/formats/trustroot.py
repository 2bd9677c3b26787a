"""Sigstore trusted roots: which logs, certificate and timestamp authorities somebody believes, and when.

Clause: sigstore protobuf-specs, `sigstore_trustroot.proto`, in its canonical JSON form. Names this program does not
know are ignored and listed: a root is published once for many readers.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from assay.formats import base64text, strictjson
from assay.model.errors import MalformedError, UntrustedError
from assay.model.limits import DEFAULT_LIMITS, Limits

MEDIA_TYPE = "application/vnd.dev.sigstore.trustedroot+json;version=0.1"
"""What is written."""
MEDIA_TYPES = frozenset(
    {
        MEDIA_TYPE,
        "application/vnd.dev.sigstore.trustedroot.v0.1+json",
        "application/vnd.dev.sigstore.trustedroot.v0.2+json",
    }
)
_TIME = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(\.\d{1,9})?Z", re.ASCII)


class Validity(msgspec.Struct, frozen=True):
    """A closed interval of RFC 3339 times in UTC; an empty end is open."""

    start: str
    end: str = ""

    def holds(self, time: datetime) -> bool:
        """Whether a time lies inside, both ends included."""
        return instant(self.start) <= time and (not self.end or time <= instant(self.end))


class TransparencyLog(msgspec.Struct, frozen=True, kw_only=True):
    """A log that is believed: of entries (`tlogs`) or of certificates (`ctlogs`)."""

    base_url: str
    hash_algorithm: str
    spki: bytes
    """`publicKey.rawBytes`: DER SubjectPublicKeyInfo, or PKCS#1 where `key_details` says so."""
    key_details: str
    valid_for: Validity
    log_id: bytes
    checkpoint_key_id: bytes = b""
    operator: str = ""


class CertificateAuthority(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate or timestamp authority; only the last certificate of its chain is an anchor."""

    organization: str
    common_name: str
    uri: str
    certificates: tuple[bytes, ...]
    """DER, leaf or intermediate first."""
    valid_for: Validity
    operator: str = ""


class TrustedRoot(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to believe, oldest instance first."""

    tlogs: tuple[TransparencyLog, ...] = ()
    ctlogs: tuple[TransparencyLog, ...] = ()
    certificate_authorities: tuple[CertificateAuthority, ...] = ()
    timestamp_authorities: tuple[CertificateAuthority, ...] = ()
    unknown_names: tuple[str, ...] = ()
    """Paths of names that were ignored, `tlogs[0].colour`."""


class _Window(msgspec.Struct):
    start: str | None = None
    end: str | None = None


class _Key(msgspec.Struct):
    rawBytes: str  # noqa: N815  (the wire's name)
    keyDetails: str  # noqa: N815
    validFor: _Window | None = None  # noqa: N815


class _LogId(msgspec.Struct):
    keyId: str  # noqa: N815


class _Log(msgspec.Struct):
    publicKey: _Key  # noqa: N815
    baseUrl: str = ""  # noqa: N815
    hashAlgorithm: str = ""  # noqa: N815
    logId: _LogId | None = None  # noqa: N815
    checkpointKeyId: _LogId | None = None  # noqa: N815
    operator: str | None = None


class _Subject(msgspec.Struct):
    organization: str | None = None
    commonName: str | None = None  # noqa: N815


class _Certificate(msgspec.Struct):
    rawBytes: str  # noqa: N815


class _Chain(msgspec.Struct):
    certificates: list[_Certificate]


class _Authority(msgspec.Struct):
    certChain: _Chain  # noqa: N815
    validFor: _Window | None = None  # noqa: N815
    subject: _Subject | None = None
    uri: str | None = None
    operator: str | None = None


class _Root(msgspec.Struct):
    mediaType: str  # noqa: N815
    tlogs: list[_Log] | None = None
    ctlogs: list[_Log] | None = None
    certificateAuthorities: list[_Authority] | None = None  # noqa: N815
    timestampAuthorities: list[_Authority] | None = None  # noqa: N815


_LOG_NAMES: dict[str, Any] = {
    "baseUrl": None,
    "hashAlgorithm": None,
    "publicKey": {"rawBytes": None, "keyDetails": None, "validFor": {"start": None, "end": None}},
    "logId": {"keyId": None},
    "checkpointKeyId": {"keyId": None},
    "operator": None,
}
_AUTHORITY_NAMES: dict[str, Any] = {
    "subject": {"organization": None, "commonName": None},
    "uri": None,
    "certChain": {"certificates": {"rawBytes": None}},
    "validFor": {"start": None, "end": None},
    "operator": None,
}
_NAMES: dict[str, Any] = {
    "mediaType": None,
    "tlogs": _LOG_NAMES,
    "ctlogs": _LOG_NAMES,
    "certificateAuthorities": _AUTHORITY_NAMES,
    "timestampAuthorities": _AUTHORITY_NAMES,
}
"""Every name that is read; a list is looked into as if each of its members stood there."""


def instant(text: str) -> datetime:
    """The time of a window's end, microseconds at most.

    >>> instant("2021-01-12T11:53:27.000Z").isoformat()
    '2021-01-12T11:53:27+00:00'

    Raises:
        ValueError: not an RFC 3339 time in UTC.
    """
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(f"{text[:40]!r} is not a time like 2026-01-02T03:04:05Z")
    whole = datetime.fromisoformat(found[1]).replace(tzinfo=UTC)
    return whole.replace(microsecond=int((found[2] or ".0")[1:7].ljust(6, "0")))


def read(data: bytes, *, where: str, limits: Limits = DEFAULT_LIMITS) -> TrustedRoot:
    """Read a trusted root.

    Args:
        data: the file's bytes.
        where: named in errors.
        limits: `trust_file_bytes`, `json_depth_count`.

    Raises:
        MalformedError: not strict JSON, an unknown media type, a field of another type, base64 with two spellings.
        UntrustedError: `TRUST_FORM`: a window without a start, or one that ends before it begins.
    """
    value = strictjson.loads(data, where=where, limit=limits.trust_file_bytes, depth=limits.json_depth_count)
    try:
        wire = msgspec.convert(value, _Root)
    except msgspec.ValidationError as error:
        raise _bad(where, str(error)) from error
    if wire.mediaType not in MEDIA_TYPES:
        raise _bad(where, f"media type {wire.mediaType[:100]!r} is not known")
    return TrustedRoot(
        tlogs=tuple(_logs(wire.tlogs, f"{where}: tlogs")),
        ctlogs=tuple(_logs(wire.ctlogs, f"{where}: ctlogs")),
        certificate_authorities=tuple(_authorities(wire.certificateAuthorities, f"{where}: certificateAuthorities")),
        timestamp_authorities=tuple(_authorities(wire.timestampAuthorities, f"{where}: timestampAuthorities")),
        unknown_names=tuple(_unknown(value, _NAMES, "")),
    )


def write(root: TrustedRoot) -> bytes:
    """Canonical JSON; `read(write(root))` is the root without its unknown names."""
    value = {
        "mediaType": MEDIA_TYPE,
        "tlogs": [_log_object(log) for log in root.tlogs],
        "ctlogs": [_log_object(log) for log in root.ctlogs],
        "certificateAuthorities": [_authority_object(a) for a in root.certificate_authorities],
        "timestampAuthorities": [_authority_object(a) for a in root.timestamp_authorities],
    }
    return strictjson.canonical({name: found for name, found in value.items() if found})


def _logs(wires: Iterable[_Log] | None, where: str) -> Iterator[TransparencyLog]:
    for index, wire in enumerate(wires or ()):
        place = f"{where}[{index}]"
        spki = base64text.decode(wire.publicKey.rawBytes, where=f"{place}.publicKey")
        named, other = wire.logId, wire.checkpointKeyId
        yield TransparencyLog(
            base_url=wire.baseUrl,
            hash_algorithm=wire.hashAlgorithm,
            spki=spki,
            key_details=wire.publicKey.keyDetails,
            valid_for=_window(wire.publicKey.validFor, place),
            log_id=base64text.decode(named.keyId, where=place) if named else hashlib.sha256(spki).digest(),
            checkpoint_key_id=base64text.decode(other.keyId, where=place) if other else b"",
            operator=wire.operator or "",
        )


def _authorities(wires: Iterable[_Authority] | None, where: str) -> Iterator[CertificateAuthority]:
    for index, wire in enumerate(wires or ()):
        place = f"{where}[{index}]"
        if not wire.certChain.certificates:
            raise _bad(place, "a chain without certificates")
        subject = wire.subject or _Subject()
        yield CertificateAuthority(
            organization=subject.organization or "",
            common_name=subject.commonName or "",
            uri=wire.uri or "",
            certificates=tuple(base64text.decode(c.rawBytes, where=place) for c in wire.certChain.certificates),
            valid_for=_window(wire.validFor, place),
            operator=wire.operator or "",
        )


def _window(wire: _Window | None, where: str) -> Validity:
    """A window whose start is given: without one nobody said since when this may be believed."""
    if wire is None:
        raise _no(where, "validFor is missing")
    return validity(wire.start or "", wire.end or "", where=where)


def validity(start: str, end: str, *, where: str) -> Validity:
    """A window out of two texts; an empty `end` is open.

    Raises:
        UntrustedError: `TRUST_FORM`: no start, a text that is no time, or an end before the start.
    """
    if not start:
        raise _no(where, "validFor.start is missing")
    found = Validity(start, end)
    try:
        if found.end and instant(found.end) < instant(found.start):
            raise _no(where, f"it ends at {found.end}, before it begins at {found.start}")
        instant(found.start)
    except ValueError as error:
        raise _no(where, str(error)) from error
    return found


def _unknown(value: Any, known: dict[str, Any] | None, path: str) -> Iterator[str]:
    """Paths of the names the table does not hold; no deeper than the table."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _unknown(item, known, f"{path}[{index}]")
    elif isinstance(value, dict) and known is not None:
        for name, child in value.items():
            place = f"{path}.{name}" if path else name
            if name not in known:
                yield place
            else:
                yield from _unknown(child, known[name], place)


def _log_object(log: TransparencyLog) -> dict[str, object]:
    optional = {
        "checkpointKeyId": {"keyId": base64text.encode(log.checkpoint_key_id)} if log.checkpoint_key_id else None,
        "operator": log.operator or None,
    }
    return {
        "baseUrl": log.base_url,
        "hashAlgorithm": log.hash_algorithm,
        "publicKey": {
            "rawBytes": base64text.encode(log.spki),
            "keyDetails": log.key_details,
            "validFor": _window_object(log.valid_for),
        },
        "logId": {"keyId": base64text.encode(log.log_id)},
        **{name: value for name, value in optional.items() if value is not None},
    }


def _authority_object(authority: CertificateAuthority) -> dict[str, object]:
    optional = {"uri": authority.uri, "operator": authority.operator}
    return {
        "subject": {"organization": authority.organization, "commonName": authority.common_name},
        "certChain": {"certificates": [{"rawBytes": base64text.encode(c)} for c in authority.certificates]},
        "validFor": _window_object(authority.valid_for),
        **{name: text for name, text in optional.items() if text},
    }


def _window_object(window: Validity) -> dict[str, str]:
    return {"start": window.start, **({"end": window.end} if window.end else {})}


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not a trusted root", where=where, why=why, remedy="get it again from who publishes it")


def _no(where: str, why: str) -> UntrustedError:
    return UntrustedError(
        "cannot believe by this trusted root",
        where=where,
        why=why,
        remedy="get it again from who publishes it",
        code="TRUST_FORM",
        step="root",
    )
