"""Steps 1 to 4: what a bundle is, whose key it was signed with, and that the signature over its content holds."""

from collections.abc import Mapping

import msgspec

from assay.formats import bundle as bundles
from assay.formats import dsse as envelopes
from assay.formats.bundle import Bundle, MessageSignature
from assay.model.errors import AssayError, MalformedError, UntrustedError
from assay.model.limits import Limits
from assay.model.statement import Envelope
from assay.trust import chain, dsse, keyring
from assay.trust.entry import Signed
from assay.trust.expect import Expected, Legacy
from assay.trust.keyring import Key

_MATERIALS = {"0.1": ("key", "chain"), "0.2": ("key", "chain"), "0.3": ("key", "certificate")}
"""Which verification material a bundle version may carry."""


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A bundle of a known form, and the key it says it was signed with."""

    bundle: Bundle
    key: Key
    rows: tuple[Key, ...] = ()
    """The caller's rows for that key: one for each window. Empty for a certificate."""
    certificate: bytes = b""
    intermediates: tuple[bytes, ...] = ()
    """Came along in the bundle: may help to find a path, are never trusted."""


def open_bundle(data: bytes, expected: Expected, *, name: str, limits: Limits) -> Opened:
    """Steps 1 to 3: within limits, canonical, a known version, one material, one content, the key at hand.

    Raises:
        UntrustedError: `PARSE_LIMIT`, `PARSE_FORM`, `PARSE_CERTIFICATE`, `BUNDLE_VERSION`, `BUNDLE_MATERIAL`,
            `BUNDLE_CONTENT`, `KEY_UNEXPECTED`, `KEY_REQUIRED`, `KEY_UNKNOWN`, `IDENTITY`, `ALGORITHM`.
    """
    if len(data) > limits.bundle_bytes:
        raise no("PARSE_LIMIT", "parse", name, f"{len(data)} bytes, limit {limits.bundle_bytes}")
    try:
        parsed = bundles.read(data, where=name, limits=limits)
    except MalformedError as error:
        raise no("PARSE_FORM", "parse", name, error.why) from error
    if not parsed.version:
        raise no("BUNDLE_VERSION", "parse", name, f"media type {parsed.media_type[:100]!r} is not known")
    present = {"key": parsed.key_hint, "certificate": parsed.certificate, "chain": parsed.chain}
    materials = [word for word, value in present.items() if value is not None]
    if len(materials) != 1 or materials[0] not in _MATERIALS[parsed.version]:
        why = f"carries {' and '.join(materials) or 'no key or certificate'} in version {parsed.version}"
        raise no("BUNDLE_MATERIAL", "material", name, why)
    if (parsed.envelope is None) == (parsed.message is None):
        raise no("BUNDLE_CONTENT", "content", name, "needs exactly one of dsseEnvelope and messageSignature")
    return _by_key(parsed, expected, name) if materials == ["key"] else _by_certificate(parsed, expected, name)


def _by_key(parsed: Bundle, expected: Expected, name: str) -> Opened:
    hint, keys = parsed.key_hint or "", expected.keys
    if not keys.keys:
        raise no("KEY_REQUIRED", "material", name, "it was signed with a key, and none was given")
    if not hint:
        # One text per claim: a bundle that names no key would be a second spelling of one that does.
        raise no("BUNDLE_MATERIAL", "material", name, "the bundle names no key (publicKey.hint is empty)")
    rows = keys.named(hint)
    if not rows:
        given = ", ".join(key.key_id for key in keys.keys[:5])
        raise no("KEY_UNKNOWN", "material", name, f"signed by key {hint[:60]}, trusted: {given}")
    return Opened(bundle=parsed, key=rows[0], rows=rows)


def _by_certificate(parsed: Bundle, expected: Expected, name: str) -> Opened:
    if not expected.identities:
        if expected.keys.keys:
            raise no("KEY_UNEXPECTED", "material", name, "it was signed with a certificate, and keys were given")
        raise no("IDENTITY", "identity", name, "it was signed with a certificate, and no identity is expected")
    leaf, *others = (parsed.certificate,) if parsed.certificate is not None else parsed.chain or (b"",)
    if not leaf:
        raise no("BUNDLE_MATERIAL", "material", name, "a chain without certificates")
    if len({leaf, *others}) != 1 + len(others):
        raise no("BUNDLE_MATERIAL", "material", name, "its chain holds a certificate twice")
    certificate = chain.read(leaf, where=name)
    kept = [data for data in others if not _is_self_issued(data, name)]
    if len(kept) != len(others) and not is_promise_only(parsed, expected.legacy):
        raise no("BUNDLE_MATERIAL", "material", name, "its chain holds a self-issued certificate")
    if certificate.subject == certificate.issuer:
        raise no("BUNDLE_MATERIAL", "material", name, "its certificate is self-issued")
    key = _key_of(chain.spki(certificate), name)
    return Opened(bundle=parsed, key=key, certificate=leaf, intermediates=tuple(kept))


def _is_self_issued(data: bytes, name: str) -> bool:
    certificate = chain.read(data, where=name)
    return certificate.subject == certificate.issuer


def is_promise_only(parsed: Bundle, legacy: Legacy) -> bool:
    """Whether it is a bundle v0.1 without an inclusion proof, and those are to be read."""
    return legacy.v01_promise and parsed.version == "0.1" and all(entry.proof is None for entry in parsed.entries)


def _key_of(spki: bytes, name: str) -> Key:
    try:
        algorithm = keyring.algorithm_of(keyring.load(spki, where=name), where=name)
    except AssayError as error:
        raise no("ALGORITHM", "signature", name, f"the certificate's key: {error.why}") from error
    return Key(key_id=keyring.key_id(spki), spki=spki, algorithm=algorithm)


def check_envelope(opened: Opened, *, name: str) -> tuple[Signed, Envelope]:
    """Step 4 for a statement: one DSSE signature over the PAE, checked before the payload is looked at.

    Raises:
        UntrustedError: `BUNDLE_CONTENT`, `NOT_SIGNED`, `BUNDLE_MATERIAL`, `SIGNATURE`.
    """
    envelope = opened.bundle.envelope
    if envelope is None:
        raise no("BUNDLE_CONTENT", "content", name, "it signs an artifact's bytes, not a statement")
    if not envelope.signatures:
        raise no("NOT_SIGNED", "content", name, "the envelope carries no signature")
    if len(envelope.signatures) != 1:
        raise no("BUNDLE_CONTENT", "content", name, f"{len(envelope.signatures)} signatures, expected one")
    if envelope.payload_type != envelopes.IN_TOTO:
        raise no("BUNDLE_CONTENT", "content", name, f"payload type is {envelope.payload_type[:100]!r}")
    signature = envelope.signatures[0]
    # Nothing signs the keyid: unequal to the hint it is a second name, beside a certificate it names nothing.
    if signature.keyid and signature.keyid != opened.bundle.key_hint:
        raise no("BUNDLE_MATERIAL", "material", name, "the envelope's keyid differs from the bundle's hint")
    message = envelopes.pae(envelope.payload_type, envelope.payload)
    held = dsse.held(opened.key, signature.sig, message)
    if held is None:
        raise no("SIGNATURE", "signature", name, _not_held(opened))
    return _signed(opened, signature.sig, held, envelope=envelope, message=message), envelope


def check_message(opened: Opened, artifact: Mapping[str, bytes], content: bytes | None, *, name: str) -> Signed:
    """Steps 4 and 5 for an artifact's own bytes.

    Args:
        opened: the bundle.
        artifact: raw digests of the artifact by algorithm.
        content: the artifact itself where the caller has it; pure Ed25519 needs it.
        name: for messages.

    Raises:
        UntrustedError: `BUNDLE_CONTENT`, `DIGEST_MISMATCH`, `ALGORITHM`, `SIGNATURE`.
    """
    message = opened.bundle.message
    if message is None:
        raise no("BUNDLE_CONTENT", "content", name, "it signs a statement, not an artifact's bytes")
    _check_digest(message, artifact, name)
    if content is not None and opened.key.algorithm == "ed25519":
        held = dsse.held(opened.key, message.signature, content)
    else:
        held = dsse.held_digest(opened.key, message.signature, artifact)
    if held is None:
        raise no("SIGNATURE", "signature", name, _not_held(opened))
    return _signed(opened, message.signature, held, artifact=dict(artifact))


def _check_digest(message: MessageSignature, artifact: Mapping[str, bytes], name: str) -> None:
    # Of an artifact whose SHA-256 is known, no other digest is taken for its name (§ messageDigest is SHA2_256).
    wanted_algorithm = "sha256" if "sha256" in artifact else message.algorithm
    if message.algorithm and (
        message.algorithm != wanted_algorithm or artifact.get(message.algorithm) != message.digest
    ):
        wanted = next((f"{kind}:{digest.hex()}" for kind, digest in sorted(artifact.items())), "one without digest")
        raise no("DIGEST_MISMATCH", "content", name, f"the bundle is for another artifact than {wanted}")


def _signed(
    opened: Opened,
    signature: bytes,
    held: str,
    *,
    envelope: Envelope | None = None,
    message: bytes = b"",
    artifact: dict[str, bytes] | None = None,
) -> Signed:
    return Signed(
        key=opened.key,
        certificate=opened.certificate,
        signature=signature,
        hash_name=held,
        envelope=envelope,
        message=message,
        artifact=artifact or {},
    )


def _not_held(opened: Opened) -> str:
    whose = "the certificate's key" if opened.certificate else f"key {opened.key.key_id}"
    return f"the signature does not hold under {whose}"


REMEDIES = {
    "KEY_REQUIRED": "give the public key with --key",
    "KEY_UNKNOWN": "give the public key it was signed with, if you trust it",
    "KEY_UNEXPECTED": "leave the key out and say whose identity you expect, or verify a bundle signed with that key",
    "IDENTITY": "say whose identity and which issuer you expect, if you trust them",
    "ISSUER": "say which issuer you expect, if you trust it",
    "SUBJECT_MISMATCH": "attest the digest you want to verify",
    "NOT_SIGNED": "sign it",
    "LOG_UNKNOWN": "log it, or use the trusted root of the instance that did",
    "TIME_MISSING": "sign it with a timestamp",
    "KEY_REVOKED": "sign it with a key that is not revoked",
}


def no(code: str, step: str, name: str, why: str) -> UntrustedError:
    """A refusal of a bundle, with the remedy of its code."""
    return UntrustedError(
        "cannot believe this bundle", where=name, why=why, remedy=REMEDIES.get(code, ""), code=code, step=step
    )
