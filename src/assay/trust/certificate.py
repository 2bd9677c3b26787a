"""Signing certificates: who held the key, says which authority, and was it said in public (steps 13 to 16).

Every refusal is an `UntrustedError` whose `code` names the check. Identity and issuer are handed back, not judged.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from assay.formats import base64text, ct, der
from assay.formats.ct import CertificateTimestamp
from assay.formats.trustroot import CertificateAuthority, TransparencyLog, TrustedRoot
from assay.model.errors import MalformedError, UntrustedError
from assay.trust import chain, dsse, keyring

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

IdentityKind = Literal["email", "uri", "username"]

ARC = "1.3.6.1.4.1.57264.1."
USERNAME = ARC + "7"
"""The OtherName of a SubjectAlternativeName that holds a user name."""
NAMES: dict[int, str] = {
    1: "issuerV1",
    2: "githubWorkflowTrigger",
    3: "githubWorkflowSha",
    4: "githubWorkflowName",
    5: "githubWorkflowRepository",
    6: "githubWorkflowRef",
    7: "otherName",
    8: "issuer",
    9: "buildSignerURI",
    10: "buildSignerDigest",
    11: "runnerEnvironment",
    12: "sourceRepositoryURI",
    13: "sourceRepositoryDigest",
    14: "sourceRepositoryRef",
    15: "sourceRepositoryIdentifier",
    16: "sourceRepositoryOwnerURI",
    17: "sourceRepositoryOwnerIdentifier",
    18: "buildConfigURI",
    19: "buildConfigDigest",
    20: "buildTrigger",
    21: "runInvocationURI",
    22: "sourceRepositoryVisibilityAtSigning",
    23: "deploymentEnvironment",
    24: "tokenSubject",
}
"""Fulcio's extensions by the last arc of their identifier (fulcio docs/oid-info.md)."""
_RAW = range(1, 7)
"""The first six hold their text raw, the others as a DER UTF8String."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MS = 253_402_300_799_999
_KEY_DETAILS = {
    "ecdsa-p256": ("PKIX_ECDSA_P256_SHA_256",),
    "rsa": (
        "PKCS1_RSA_PKCS1V5", "PKIX_RSA_PKCS1V5",
        "PKIX_RSA_PKCS1V15_2048_SHA256", "PKIX_RSA_PKCS1V15_3072_SHA256", "PKIX_RSA_PKCS1V15_4096_SHA256",
    ),
}  # fmt: skip
"""Keys of CT logs: RFC 6962 §2.1.4 knows ECDSA P-256 and RSA; the first two RSA rows are deprecated spellings."""
_RSA_ENCRYPTION = "1.2.840.113549.1.1.1"
_SIGNATURES = {"ecdsa-p256": ct.ECDSA, "rsa": ct.RSA}


class Leaf(msgspec.Struct, frozen=True, kw_only=True):
    """What a believed certificate says."""

    spki: bytes
    """DER SubjectPublicKeyInfo of the signer."""
    identity: str
    identity_kind: IdentityKind
    issuer: str
    """Who vouched for the identity: the address of an OIDC issuer."""
    extensions: dict[str, str] = {}
    """The other words of the issuer, by the names of `NAMES`; `issuer` among them."""


def check(
    leaf_der: bytes,
    intermediates: Sequence[bytes],
    times: Sequence[datetime],
    roots: TrustedRoot,
    *,
    name: str,
) -> Leaf:
    """Believe a signing certificate at every verified time, or say why not.

    Args:
        leaf_der: the signer's certificate.
        intermediates: certificates that came with it; used for paths, never trusted.
        times: every verified time (aware); at least one.
        roots: the trusted authorities and CT logs.
        name: where the bundle was found, for messages.

    Raises:
        UntrustedError: `PARSE_CERTIFICATE`, `TIME_MISSING`, `CERT_WINDOW`, `CERT_CHAIN`, `CERT_PROFILE`, `SCT`,
            `ISSUER`.
    """
    if not times:
        raise _no("TIME_MISSING", "time", name, "no verified time says when the certificate was used")
    leaf = chain.read(leaf_der, where=name)
    others = [chain.read(data, where=name) for data in intermediates]
    issuer = _path(leaf, others, times, roots.certificate_authorities, name)
    identity_kind, identity = _profile(leaf, name)
    _transparency(leaf_der, chain.spki(issuer), roots.ctlogs, name)
    extensions = _extensions(leaf, name)
    return Leaf(
        spki=chain.spki(leaf),
        identity=identity,
        identity_kind=identity_kind,
        issuer=_issuer(extensions, name),
        extensions=extensions,
    )


def _path(
    leaf: "Certificate",
    others: list["Certificate"],
    times: Sequence[datetime],
    authorities: Sequence[CertificateAuthority],
    name: str,
) -> "Certificate":
    """Step 13: the leaf is valid at every time, and has then a path to an authority whose window holds."""
    for at in times:
        if why := chain.outside((leaf,), at):
            raise _no("CERT_WINDOW", "certificate", name, why)
    found = [
        (authority.valid_for, path)
        for authority in authorities
        for listed in [[chain.listed(data, authority.uri) for data in authority.certificates]]
        if listed
        # Only the last certificate of a listed chain is an anchor; the others are as good as those of the bundle.
        for path in chain.paths(leaf, (*others, *listed[:-1]), listed[-1], chain.CODE_SIGNING)
    ]
    if not found:
        subject = leaf.issuer.rfc4514_string()[:100]
        raise _no("CERT_CHAIN", "certificate", name, f"no path from its issuer {subject!r} to a trusted authority")
    for at in times:
        if not any(window.holds(at) and not chain.outside(path, at) for window, path in found):
            why = next((why for _, path in found if (why := chain.outside(path, at))), "")
            raise _no("CERT_WINDOW", "certificate", name, why or f"the authority is not trusted at {chain.text(at)}")
    return found[0][1][1]


def _profile(leaf: "Certificate", name: str) -> tuple[IdentityKind, str]:
    """Step 14: a code-signing leaf with exactly one name."""

    def refuse(why: str) -> UntrustedError:
        return _no("CERT_PROFILE", "certificate", name, why)

    basic, usage = chain.extension(leaf, chain.BASIC_CONSTRAINTS), chain.extension(leaf, chain.KEY_USAGE)
    if basic is not None and basic.value.ca:
        raise refuse("it is a certificate authority's")
    if usage is None or not usage.value.digital_signature or usage.value.key_cert_sign or usage.value.crl_sign:
        raise refuse("its key usage is not digitalSignature")
    purposes = chain.extension(leaf, chain.EXTENDED_KEY_USAGE)
    if purposes is None or [one.dotted_string for one in purposes.value] != [chain.CODE_SIGNING]:
        raise refuse("its extended key usage is not exactly codeSigning")
    if unknown := chain.unknown_critical(leaf):
        raise refuse(f"it has a critical extension {unknown}")
    names = chain.extension(leaf, chain.SUBJECT_ALTERNATIVE)
    listed = [] if names is None else list(names.value)
    if len(listed) != 1:
        raise refuse(f"{len(listed)} subject alternative names, expected one")
    return _identity(listed[0], name)


def _identity(general: Any, name: str) -> tuple[IdentityKind, str]:
    from cryptography.x509 import OtherName, RFC822Name, UniformResourceIdentifier

    if isinstance(general, RFC822Name | UniformResourceIdentifier) and general.value:
        return ("email" if isinstance(general, RFC822Name) else "uri"), general.value
    if isinstance(general, OtherName) and general.type_id.dotted_string == USERNAME:
        try:
            if text := der.read_utf8(der.one(general.value, where=name), where=name):
                return "username", text
        except MalformedError as error:
            raise _no("CERT_PROFILE", "certificate", name, f"its user name: {error.why}") from error
    raise _no("CERT_PROFILE", "certificate", name, f"its name is an empty or unknown {type(general).__name__}")


def _transparency(leaf: bytes, issuer_spki: bytes, logs: Sequence[TransparencyLog], name: str) -> None:
    """Step 15: at least one timestamp by a listed CT log, and none of a listed log that fails."""
    try:
        tbs, value = ct.without_list(leaf, where=name)
        timestamps = ct.read_list(value, where=name) if value is not None else ()
    except MalformedError as error:
        raise _no("SCT", "sct", name, error.why) from error
    if not timestamps:
        raise _no("SCT", "sct", name, "the certificate was not logged: it carries no certificate timestamp")
    listed = 0
    for one in timestamps:
        # RFC 6962 §3.2: the id of a log is the hash of its key, whatever a list says.
        candidates = [log for log in logs if ct.log_id(_log_spki(log)) == one.log_id]
        if not candidates:
            continue
        if why := _timestamp_fails(one, candidates, tbs, issuer_spki):
            raise _no("SCT", "sct", name, why)
        listed += 1
    if not listed:
        ids = ", ".join(base64text.encode(one.log_id) for one in timestamps[:3])
        raise _no("SCT", "sct", name, f"its timestamps are by unknown logs ({ids})")


def _timestamp_fails(
    one: CertificateTimestamp, candidates: list[TransparencyLog], tbs: bytes, issuer_spki: bytes
) -> str:
    """Why a timestamp does not hold under the listed log with its id, or nothing."""
    if one.timestamp_ms > _LAST_MS:
        return "a certificate timestamp beyond the year 9999"
    at = _EPOCH + timedelta(milliseconds=one.timestamp_ms)
    inside = [log for log in candidates if log.valid_for.holds(at)]
    if not inside:
        return f"a certificate timestamp of {chain.text(at)}, outside the window of the log {candidates[0].base_url}"
    log = inside[0]
    spki = _log_spki(log)
    algorithm = keyring.algorithm_of(keyring.load(spki, where=log.base_url), where=log.base_url)
    if log.key_details not in _KEY_DETAILS.get(algorithm, ()):
        return f"the log {log.base_url} has a key of kind {algorithm}, announced as {log.key_details[:60]!r}"
    if (one.hash_algorithm, one.signature_algorithm) != (ct.SHA256, _SIGNATURES[algorithm]):
        return f"a certificate timestamp with algorithms {one.hash_algorithm} and {one.signature_algorithm}"
    message = ct.signed_bytes(issuer_spki, tbs, timestamp_ms=one.timestamp_ms, extensions=one.extensions)
    key = keyring.Key(key_id="", spki=spki, algorithm=algorithm, name=log.base_url)
    if not dsse.valid(key, one.signature, message):
        return f"the certificate timestamp does not hold under the key of the log {log.base_url}"
    return ""


def _log_spki(log: TransparencyLog) -> bytes:
    """SubjectPublicKeyInfo of a log's key; the deprecated PKCS#1 rows hold the bare RSA key."""
    if not log.key_details.startswith("PKCS1_"):
        return log.spki
    return der.sequence(der.sequence(der.oid(_RSA_ENCRYPTION), der.null()), der.bits(log.spki))


def _extensions(leaf: "Certificate", name: str) -> dict[str, str]:
    """Fulcio's extensions by name; one that this table does not know keeps its identifier as its name."""
    found = {}
    for one in leaf.extensions:
        dotted = one.oid.dotted_string
        if not dotted.startswith(ARC):
            continue
        last = dotted.removeprefix(ARC)
        number = int(last) if last.isdecimal() else 0
        value: bytes = one.value.public_bytes() if number not in NAMES else one.value.value
        known = NAMES.get(number)
        try:
            found[known or dotted] = (
                value.decode() if number in _RAW else der.read_utf8(der.one(value, where=name), where=name)
            )
        except (MalformedError, UnicodeDecodeError) as error:
            if known is None:
                found[dotted] = value.hex()
                continue
            raise _no("CERT_PROFILE", "certificate", name, f"its extension {known} is not text") from error
    return dict(sorted(found.items()))


def _issuer(extensions: dict[str, str], name: str) -> str:
    """Step 16: the issuer of both spellings, equal if there are both."""
    said = {extensions[word] for word in ("issuer", "issuerV1") if word in extensions}
    if len(said) != 1 or "" in said:
        why = f"names {len(said)} issuers: {', '.join(sorted(said))[:200]}" if said else "names no issuer"
        raise _no("ISSUER", "identity", name, f"the certificate {why}")
    return said.pop()


def _no(code: str, step: str, name: str, why: str) -> UntrustedError:
    return UntrustedError(
        "cannot believe this certificate", where=name, why=why, remedy=_REMEDIES.get(code, ""), code=code, step=step
    )


_REMEDIES = {
    "CERT_CHAIN": "use the trusted root of the instance that issued it",
    "SCT": "use the trusted root of the instance that issued it, or sign again",
}
