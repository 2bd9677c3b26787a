"""The one door from claim to evidence: offline, strict, and only by keys the caller handed in.

Every refusal is an `UntrustedError` whose `code` and `step` name the check. Nothing else in the program makes
`Evidence`; a test reads the source for it.
"""

from collections.abc import Callable

import msgspec

from assay.formats import bundle as bundles
from assay.formats import dsse as envelopes
from assay.formats import intoto
from assay.formats.bundle import Bundle
from assay.formats.trustroot import TrustedRoot
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UnsupportedError, UntrustedError
from assay.model.evidence import Check, Evidence, Signer
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.model.statement import Statement
from assay.trust import dsse
from assay.trust.expect import Expected
from assay.trust.keyring import Key, Keyring, is_open

_STRONG = ("sha256", "sha384", "sha512")
_MATERIALS = {"0.1": ("key", "chain"), "0.2": ("key", "chain"), "0.3": ("key", "certificate")}
"""Which verification material a bundle version may carry."""


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for a signature over an artifact's own bytes (no statement, so no evidence for a policy)."""

    artifact: Digest
    signer: Signer
    bundle: Digest
    verified_at: str
    checks: tuple[Check, ...]


def verify(
    bundle: bytes,
    target: Digest | None,
    roots: TrustedRoot | None,
    expected: Expected,
    now: str,
    *,
    name: str,
    limits: Limits = DEFAULT_LIMITS,
) -> Evidence:
    """Believe a signed statement, or say why not.

    Args:
        bundle: a Sigstore bundle with one DSSE envelope, as received.
        target: digest the statement must speak about; None leaves that check out, and the evidence says so.
        roots: the logs and authorities to believe; None where there are none.
        expected: whose signature counts: keys among which a bundle can only select, or identities.
        now: RFC 3339 UTC; serves only the windows of keys, as a key bundle proves no time.
        name: where the bundle was found, for messages.
        limits: bounds on the bytes.

    Raises:
        UntrustedError: a check refused; `code` and `step` name it.
        UnsupportedError: a certificate bundle (keyless verification is not part of this version).
    """
    keys = expected.keys
    parsed, checks = _open(bundle, keys, name, limits)
    envelope = parsed.envelope
    if envelope is None:
        raise _no("BUNDLE_CONTENT", "content", name, "it signs an artifact's bytes, not a statement")
    if not envelope.signatures:
        raise _no("NOT_SIGNED", "content", name, "the envelope carries no signature")
    if len(envelope.signatures) != 1:
        raise _no("BUNDLE_CONTENT", "content", name, f"{len(envelope.signatures)} signatures, expected one")
    if envelope.payload_type != envelopes.IN_TOTO:
        raise _no("BUNDLE_CONTENT", "content", name, f"payload type is {envelope.payload_type[:100]!r}")
    signature = envelope.signatures[0]
    hint = parsed.key_hint or ""
    if signature.keyid and signature.keyid != hint:
        raise _no("BUNDLE_MATERIAL", "material", name, "the envelope's keyid differs from the bundle's hint")
    # DSSE v1 protocol: the signature covers PAE(payloadType, payload), and is checked before the payload is parsed.
    message = envelopes.pae(envelope.payload_type, envelope.payload)
    key = _signed_by(keys, hint, name, lambda k: dsse.valid(k, signature.sig, message))
    checks.append(Check("signature", "pass", f"{key.algorithm} over the envelope"))
    checks.append(_window(key, now, name))
    try:
        statement = intoto.read(envelope.payload, where=name, limits=limits)
    except MalformedError as error:
        raise _no("PARSE_STATEMENT", "statement", name, error.why) from error
    checks.append(_subject(statement, target, name))
    return Evidence(
        statement=statement,
        signer=Signer(kind="key", key_id=key.key_id, name=key.name),
        bundle=Digest.of(bundle),
        verified_at=now,
        checks=tuple(checks),
    )


def verify_envelope(
    envelope: bytes, target: Digest, expected: Expected, now: str, *, name: str, limits: Limits = DEFAULT_LIMITS
) -> Evidence:
    """Believe a bare DSSE envelope (a layer of a legacy `.att` tag), or say why not.

    It names no key, so every key given is tried; its `keyid` is only a hint (DSSE v1 protocol) and is not read.
    The evidence's `bundle` is the digest of the envelope's bytes.

    Raises:
        UntrustedError: as `verify`.
    """
    keys = expected.keys
    if len(envelope) > limits.bundle_bytes:
        raise _no("PARSE_LIMIT", "parse", name, f"{len(envelope)} bytes, limit {limits.bundle_bytes}")
    try:
        parsed = envelopes.read(envelope, where=name, limit=limits.bundle_bytes)
    except MalformedError as error:
        raise _no("PARSE_FORM", "parse", name, error.why) from error
    if not parsed.signatures:
        raise _no("NOT_SIGNED", "content", name, "the envelope carries no signature")
    if len(parsed.signatures) > limits.envelope_signatures_count:
        raise _no("PARSE_LIMIT", "parse", name, f"more than {limits.envelope_signatures_count} signatures")
    if parsed.payload_type != envelopes.IN_TOTO:
        raise _no("BUNDLE_CONTENT", "content", name, f"payload type is {parsed.payload_type[:100]!r}")
    if not keys.keys:
        raise _no("KEY_REQUIRED", "material", name, "it is signed, and no key was given")
    message = envelopes.pae(parsed.payload_type, parsed.payload)
    holding = [k for k in keys.keys if any(dsse.valid(k, s.sig, message) for s in parsed.signatures)]
    if not holding:
        raise _no("KEY_UNKNOWN", "material", name, f"no signature holds under any of {len(keys.keys)} keys")
    key = next((k for k in holding if is_open(k, now)), holding[0])
    window = _window(key, now, name)
    try:
        statement = intoto.read(parsed.payload, where=name, limits=limits)
    except MalformedError as error:
        raise _no("PARSE_STATEMENT", "statement", name, error.why) from error
    checks = (Check("signature", "pass", f"{key.algorithm} over the envelope"), window)
    return Evidence(
        statement=statement,
        signer=Signer(kind="key", key_id=key.key_id, name=key.name),
        bundle=Digest.of(envelope),
        verified_at=now,
        checks=(*checks, _subject(statement, target, name)),
    )


def verify_artifact(
    bundle: bytes,
    artifact: Digest,
    roots: TrustedRoot | None,
    expected: Expected,
    now: str,
    *,
    name: str,
    limits: Limits = DEFAULT_LIMITS,
) -> Proof:
    """Check a bundle that signs an artifact's own bytes (`messageSignature`), knowing only the artifact's digest.

    Raises:
        UntrustedError, UnsupportedError: as `verify`; `DIGEST_MISMATCH` where the bundle names another artifact.
    """
    keys = expected.keys
    parsed, checks = _open(bundle, keys, name, limits)
    message = parsed.message
    if message is None:
        raise _no("BUNDLE_CONTENT", "content", name, "it signs a statement, not an artifact's bytes")
    raw = bytes.fromhex(artifact.hex)
    if message.algorithm and (message.algorithm, message.digest) != (artifact.algorithm, raw):
        raise _no("DIGEST_MISMATCH", "content", name, f"the bundle is for another artifact than {artifact}")
    hint = parsed.key_hint or ""
    key = _signed_by(keys, hint, name, lambda k: dsse.valid_over_digest(k, message.signature, raw, artifact.algorithm))
    checks.append(Check("signature", "pass", f"{key.algorithm} over {artifact}"))
    checks.append(_window(key, now, name))
    return Proof(
        artifact=artifact,
        signer=Signer(kind="key", key_id=key.key_id, name=key.name),
        bundle=Digest.of(bundle),
        verified_at=now,
        checks=tuple(checks),
    )


def observed(statement: Statement, now: str) -> Evidence:
    """What this very process has just seen with its own eyes: nobody else's word is needed, and nobody else gets it.

    The signer is `self`; rules that ask for signatures do not count it.
    """
    return Evidence(
        statement=statement,
        signer=Signer(kind="self", name="this process"),
        verified_at=now,
        checks=(Check("observed", "pass", "made by this process from bytes it checked"),),
    )


def _open(data: bytes, keys: Keyring, name: str, limits: Limits) -> tuple[Bundle, list[Check]]:
    """Steps 1 to 3: within limits, canonical, a known version, one material, one content, keys at hand."""
    if len(data) > limits.bundle_bytes:
        raise _no("PARSE_LIMIT", "parse", name, f"{len(data)} bytes, limit {limits.bundle_bytes}")
    try:
        parsed = bundles.read(data, where=name, limits=limits)
    except MalformedError as error:
        raise _no("PARSE_FORM", "parse", name, error.why) from error
    if not parsed.version:
        raise _no("BUNDLE_VERSION", "parse", name, f"media type {parsed.media_type[:100]!r} is not known")
    present = {"key": parsed.key_hint, "certificate": parsed.certificate, "chain": parsed.chain}
    materials = [word for word, value in present.items() if value is not None]
    if len(materials) != 1 or materials[0] not in _MATERIALS[parsed.version]:
        why = f"carries {' and '.join(materials) or 'no key or certificate'} in version {parsed.version}"
        raise _no("BUNDLE_MATERIAL", "material", name, why)
    if (parsed.envelope is None) == (parsed.message is None):
        raise _no("BUNDLE_CONTENT", "content", name, "needs exactly one of dsseEnvelope and messageSignature")
    if materials != ["key"]:
        if keys.keys:
            raise _no("KEY_UNEXPECTED", "material", name, "it was signed with a certificate, and keys were given")
        raise UnsupportedError(
            "cannot verify a certificate bundle",
            where=name,
            why="keyless verification is not part of this version",
            remedy="verify a bundle signed with a managed key",
        )
    if not keys.keys:
        raise _no("KEY_REQUIRED", "material", name, "it was signed with a key, and none was given")
    return parsed, [Check("parse", "pass", f"bundle {parsed.version}"), *_unproven(parsed)]


def _unproven(parsed: Bundle) -> list[Check]:
    """What the bundle also carries and nobody looked at: said, so that nobody takes it for proven."""
    extras = {"log": len(parsed.entries), "timestamps": len(parsed.timestamps)}
    return [
        Check(step, "skip", f"{count} present, not checked: the managed key alone vouches")
        for step, count in extras.items()
        if count
    ]


def _signed_by(keys: Keyring, hint: str, name: str, holds: Callable[[Key], bool]) -> Key:
    """The caller's key the bundle's hint selects, if the signature holds under it."""
    if not hint:
        # One text per claim: a bundle that names no key would be a second spelling of one that does.
        raise _no("BUNDLE_MATERIAL", "material", name, "the bundle names no key (publicKey.hint is empty)")
    key = keys.select(hint)
    if key is None:
        given = ", ".join(key.key_id for key in keys.keys[:5])
        raise _no("KEY_UNKNOWN", "material", name, f"signed by key {hint[:60]}, trusted: {given}")
    if not holds(key):
        raise _no("SIGNATURE", "content", name, f"the signature does not hold under key {key.key_id}")
    return key


def _window(key: Key, now: str, name: str) -> Check:
    """Without a proven time the key must be valid now."""
    if not is_open(key, now):
        window = f"{key.not_before or 'the beginning'} to {key.not_after or 'no end'}"
        raise _no("KEY_WINDOW", "window", name, f"the key is valid from {window}, not at {now}")
    return Check("window", "pass", "the key is valid now")


def _subject(statement: Statement, target: Digest | None, name: str) -> Check:
    """One subject shares a digest algorithm with the target, agrees, and disagrees in none of the strong ones.

    Stricter than in-toto's any-match on purpose: a subject that agrees in one algorithm and differs in another
    speaks of two artifacts. A target is one digest, so the strong ones are compared where the algorithm is the same.
    """
    if target is None:
        return Check("subject", "skip", "no target was given")
    if target.algorithm in _STRONG and any(s.digest.get(target.algorithm) == target.hex for s in statement.subject):
        return Check("subject", "pass", str(target))
    named = ", ".join(f"{a}:{h[:16]}…" for s in statement.subject[:3] for a, h in sorted(s.digest.items()))
    raise _no("SUBJECT_MISMATCH", "subject", name, f"the statement is about {named}, not {target}")


def _no(code: str, step: str, name: str, why: str) -> UntrustedError:
    return UntrustedError(
        "cannot believe this bundle", where=name, why=why, remedy=_REMEDIES.get(code, ""), code=code, step=step
    )


_REMEDIES = {
    "KEY_REQUIRED": "give the public key with --key",
    "KEY_UNKNOWN": "give the public key it was signed with, if you trust it",
    "KEY_UNEXPECTED": "leave the key out, or verify a bundle signed with that key",
    "SUBJECT_MISMATCH": "attest the digest you want to verify",
    "NOT_SIGNED": "sign it",
}
