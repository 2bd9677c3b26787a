"""What a certificate authority is asked and answers: Fulcio's API version 2, `POST /api/v2/signingCert`."""

import re
from typing import Any

import msgspec

from assay.formats import base64text, strictjson
from assay.model.errors import MalformedError, UntrustedError
from assay.model.limits import DEFAULT_LIMITS, Limits

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END CERTIFICATE-----\s*", re.ASCII)


class _Chain(msgspec.Struct):
    certificates: list[str]


class _Signed(msgspec.Struct):
    chain: _Chain


class _Answer(msgspec.Struct):
    """Unknown names are ignored: a service may say more than a client reads."""

    signedCertificateEmbeddedSct: _Signed | None = None  # noqa: N815  (the wire's name)
    signedCertificateDetachedSct: Any = None  # noqa: N815


def request(csr: bytes) -> bytes:
    """The body that asks for a certificate; the token goes in a header, so that no body holds it.

    Args:
        csr: PKCS#10 in PEM.
    """
    return strictjson.canonical({"certificateSigningRequest": base64text.encode(csr)})


def chain(answer: bytes, *, where: str, limits: Limits = DEFAULT_LIMITS) -> tuple[bytes, ...]:
    """The certificates of an answer in DER, the leaf first.

    Raises:
        MalformedError: another form, no certificate, or more than `limits.bundle_certificates_count`.
        UntrustedError: `SCT`: the authority did not embed the promise of a certificate transparency log.
    """
    value = strictjson.loads(answer, where=where, limit=limits.service_answer_bytes, depth=limits.json_depth_count)
    try:
        wire = msgspec.convert(value, _Answer)
    except msgspec.ValidationError as error:
        raise _bad(where, str(error)) from error
    if wire.signedCertificateEmbeddedSct is None:
        if wire.signedCertificateDetachedSct is not None:
            raise UntrustedError(
                "the certificate holds no promise of a transparency log",
                where=where,
                why="the authority answers with a detached timestamp, or none",
                remedy="ask its operator to set up a certificate transparency log",
                code="SCT",
                step="certificate",
            )
        raise _bad(where, "no signedCertificateEmbeddedSct")
    texts = wire.signedCertificateEmbeddedSct.chain.certificates
    if not 1 <= len(texts) <= limits.bundle_certificates_count:
        raise _bad(where, f"{len(texts)} certificates, expected 1 to {limits.bundle_certificates_count}")
    return tuple(_der(text, where) for text in texts)


def _der(text: str, where: str) -> bytes:
    found = _PEM.fullmatch(text)
    if found is None:
        raise _bad(where, "a certificate that is not one block of PEM")
    return base64text.decode("".join(found.group(1).split()), where=where)


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError(
        "not an answer of a certificate authority",
        where=where,
        why=why,
        remedy="check the address in the signing config",
    )
