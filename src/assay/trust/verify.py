"""The one door from claim to evidence: offline, strict, and only by keys and identities the caller expects.

Every refusal is an `UntrustedError` whose `code` and `step` name the check. Nothing else in the program makes
`Evidence` of a claim (`observed` makes it of what this process saw itself); a test reads the source for it. The steps:
`material` 1 to 4, here 5, `proof` 6 to 12, `certificate` 13 to 15, here 16 and 17.
"""

from collections.abc import Sequence

import msgspec

from assay.formats import dsse as envelopes
from assay.formats import intoto
from assay.formats.trustroot import TrustedRoot
from assay.model.digest import Digest
from assay.model.errors import MalformedError
from assay.model.evidence import Check, Evidence, Signer
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.model.statement import ResourceDescriptor, Statement
from assay.trust import dsse, keyring, material, proof
from assay.trust.entry import Signed
from assay.trust.expect import Expected
from assay.trust.keyring import Key
from assay.trust.material import Opened, no
from assay.trust.proof import time_text

_STRONG = ("sha256", "sha384", "sha512")
Target = Digest | Sequence[Digest] | None
"""What a statement must be about: one digest, or several digests of one thing."""


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for a signature over an artifact's own bytes (no statement, so no evidence for a policy)."""

    artifact: Digest
    signer: Signer
    bundle: Digest
    verified_at: str
    times: tuple[str, ...] = ()
    log: str = ""
    checks: tuple[Check, ...]


class _Vouched(msgspec.Struct, frozen=True):
    """Who signed, and what is proven beside it."""

    signer: Signer
    proof: proof.Proof


def verify(
    bundle: bytes,
    target: Target,
    roots: TrustedRoot | None,
    expected: Expected,
    now: str,
    *,
    name: str,
    limits: Limits = DEFAULT_LIMITS,
    trail: list[Check] | None = None,
    whole: bool = True,
) -> Evidence:
    """Believe a signed statement, or say why not.

    Args:
        bundle: a Sigstore bundle with one DSSE envelope, as received.
        target: what the statement must speak about; None leaves that check out, and the evidence says so.
        roots: the logs and authorities to believe; None where there are none.
        expected: whose signature counts: keys among which a bundle can only select, or identities.
        now: RFC 3339 UTC; serves only the windows of keys, where nothing proves a time.
        name: where the bundle was found, for messages.
        limits: bounds on the bytes.
        trail: where given, receives each check as it is made, so that a refusal can tell what held before.
        whole: False leaves the predicate out of the evidence.

    Raises:
        UntrustedError: a check refused; `code` and `step` name it.
    """
    checks = [] if trail is None else trail
    opened = _open(bundle, expected, checks, name, limits)
    signed, envelope = material.check_envelope(opened, name=name)
    checks.append(Check("content", "pass", envelope.payload_type))
    checks.append(Check("signature", "pass", f"{opened.key.algorithm} over the envelope"))
    try:
        statement = intoto.read(envelope.payload, where=name, whole=whole, limits=limits)
    except MalformedError as error:
        raise no("PARSE_STATEMENT", "statement", name, error.why) from error
    checks += (Check("statement", "pass", statement.predicate_type), _subject(statement, target, name))
    vouched = _vouch(opened, signed, roots, expected, now, checks, name, limits)
    return Evidence(
        statement=statement,
        signer=vouched.signer,
        bundle=Digest.of(bundle),
        verified_at=now,
        times=tuple(time_text(at) for at in vouched.proof.times),
        log=vouched.proof.log,
        inclusion=vouched.proof.inclusion,
        checks=tuple(checks),
    )


def verify_envelope(
    envelope: bytes, target: Target, expected: Expected, now: str, *, name: str, limits: Limits = DEFAULT_LIMITS
) -> Evidence:
    """Believe a bare DSSE envelope (a layer of a legacy `.att` tag) signed with a managed key, or say why not.

    It names no key, so every key given is tried; its `keyid` is only a hint (DSSE v1 protocol) and is not read.
    The evidence's `bundle` is the digest of the envelope's bytes.

    Raises:
        UntrustedError: as `verify`.
    """
    keys = expected.keys
    if len(envelope) > limits.bundle_bytes:
        raise no("PARSE_LIMIT", "parse", name, f"{len(envelope)} bytes, limit {limits.bundle_bytes}")
    try:
        parsed = envelopes.read(envelope, where=name, limit=limits.bundle_bytes)
    except MalformedError as error:
        raise no("PARSE_FORM", "parse", name, error.why) from error
    if not parsed.signatures:
        raise no("NOT_SIGNED", "content", name, "the envelope carries no signature")
    if len(parsed.signatures) > limits.envelope_signatures_count:
        raise no("PARSE_LIMIT", "parse", name, f"more than {limits.envelope_signatures_count} signatures")
    if parsed.payload_type != envelopes.IN_TOTO:
        raise no("BUNDLE_CONTENT", "content", name, f"payload type is {parsed.payload_type[:100]!r}")
    if not keys.keys:
        raise no("KEY_REQUIRED", "material", name, "it is signed, and no key was given")
    message = envelopes.pae(parsed.payload_type, parsed.payload)
    holding = tuple(k for k in keys.keys if any(dsse.valid(k, s.sig, message) for s in parsed.signatures))
    if not holding:
        raise no("KEY_UNKNOWN", "material", name, f"no signature holds under any of {len(keys.keys)} keys")
    key, window = _window(holding, proof.Proof(), now, name)
    try:
        statement = intoto.read(parsed.payload, where=name, limits=limits)
    except MalformedError as error:
        raise no("PARSE_STATEMENT", "statement", name, error.why) from error
    checks = (Check("signature", "pass", f"{key.algorithm} over the envelope"), window)
    return Evidence(
        statement=statement,
        signer=_key_signer(key),
        bundle=Digest.of(envelope),
        verified_at=now,
        checks=(*checks, _subject(statement, target, name)),
    )


def verify_artifact(
    bundle: bytes,
    artifact: Digest | Sequence[Digest],
    roots: TrustedRoot | None,
    expected: Expected,
    now: str,
    *,
    name: str,
    limits: Limits = DEFAULT_LIMITS,
    content: bytes | None = None,
    trail: list[Check] | None = None,
) -> Proof:
    """Check a bundle that signs an artifact's own bytes (`messageSignature`), knowing only the artifact's digest.

    Args:
        bundle: as received.
        artifact: its digest, or several of them: a P-384 key usually signs the SHA-384 one.
        roots: as `verify`.
        expected: as `verify`.
        now: as `verify`.
        name: as `verify`.
        limits: as `verify`.
        content: the artifact itself; only pure Ed25519 needs it.
        trail: as `verify`.

    Raises:
        UntrustedError: as `verify`; `DIGEST_MISMATCH` where the bundle names another artifact.
    """
    checks = [] if trail is None else trail
    digests = (artifact,) if isinstance(artifact, Digest) else tuple(artifact)
    opened = _open(bundle, expected, checks, name, limits)
    raw = {one.algorithm: bytes.fromhex(one.hex) for one in digests}
    signed = material.check_message(opened, raw, content, name=name)
    checks.append(Check("content", "pass", "an artifact's own bytes"))
    checks.append(Check("signature", "pass", f"{opened.key.algorithm} over {digests[0]}"))
    vouched = _vouch(opened, signed, roots, expected, now, checks, name, limits)
    return Proof(
        artifact=digests[0],
        signer=vouched.signer,
        bundle=Digest.of(bundle),
        verified_at=now,
        times=tuple(time_text(at) for at in vouched.proof.times),
        log=vouched.proof.log,
        checks=tuple(checks),
    )


def _open(bundle: bytes, expected: Expected, checks: list[Check], name: str, limits: Limits) -> Opened:
    """Steps 1 to 3."""
    opened = material.open_bundle(bundle, expected, name=name, limits=limits)
    by = "a certificate" if opened.certificate else f"key {opened.key.key_id}"
    checks += (
        Check("parse", "pass", f"bundle {opened.bundle.version}"),
        Check("material", "pass", f"signed with {by}"),
    )
    return opened


def _vouch(
    opened: Opened,
    signed: Signed,
    roots: TrustedRoot | None,
    expected: Expected,
    now: str,
    checks: list[Check],
    name: str,
    limits: Limits,
) -> _Vouched:
    """Steps 6 to 17."""
    proven = proof.prove(opened.bundle, signed, roots, expected, checks, name=name, limits=limits)
    if not opened.certificate or roots is None:
        key, window = _window(opened.rows, proven, now, name)
        checks.append(window)
        return _Vouched(_key_signer(key), proven)
    from assay.trust import certificate

    leaf = certificate.check(opened.certificate, opened.intermediates, proven.times, roots, name=name)
    checks.append(Check("certificate", "pass", "valid at every verified time, issued by a trusted authority"))
    checks.append(Check("sct", "pass", "a trusted log of certificates knows it"))
    checks.append(_identity(leaf.identity, leaf.issuer, expected, name))
    return _Vouched(
        Signer(
            kind="certificate",
            key_id=opened.key.key_id,
            name=leaf.identity,
            identity=leaf.identity,
            issuer=leaf.issuer,
            extensions=leaf.extensions,
        ),
        proven,
    )


def _identity(identity: str, issuer: str, expected: Expected, name: str) -> Check:
    """Step 16: one expected pair names both; where only the identity fits, the issuer is what is wrong."""
    answers = [one.names(identity, issuer) for one in expected.identities]
    if (True, True) in answers:
        return Check("identity", "pass", f"{identity}, says {issuer}")
    wanted = ", ".join(f"{one.identity} by {one.issuer}" for one in expected.identities[:3])[:400]
    code = "ISSUER" if (True, False) in answers else "IDENTITY"
    raise no(code, "identity", name, f"signed by {identity[:200]!r}, says {issuer[:200]!r}; expected {wanted}")


def _window(rows: Sequence[Key], proven: proof.Proof, now: str, name: str) -> tuple[Key, Check]:
    """Step 17: the key is valid and not revoked at every verified time; without one, now.

    Raises:
        UntrustedError: `KEY_WINDOW`, `KEY_REVOKED`.
    """
    answers = [(one, *keyring.refused(one, proven.times, now)) for one in rows]
    for one, code, _ in answers:
        if not code:
            return one, Check("window", "pass", "the key is valid then" if proven.times else "the key is valid now")
    # Of several windows the one that was open says more than those that were not.
    _, code, why = next((answer for answer in answers if answer[1] == "KEY_REVOKED"), answers[0])
    raise no(code, "window", name, why)


def _key_signer(key: Key) -> Signer:
    return Signer(kind="key", key_id=key.key_id, name=key.name)


def _subject(statement: Statement, target: Target, name: str) -> Check:
    """Step 5: one subject shares a digest algorithm with the target, agrees, and disagrees in none of the strong ones.

    Stricter than in-toto's any-match on purpose: a subject that agrees in one algorithm and differs in another
    speaks of two artifacts. What can be compared depends on how many digests of the target are known.
    """
    targets = (target,) if isinstance(target, Digest) else tuple(target or ())
    if target is None:
        return Check("subject", "skip", "no target was given")
    for subject in statement.subject:
        agreed = _agreed(subject, targets)
        if agreed is not None:
            return Check("subject", "pass", str(agreed))
    named = ", ".join(f"{a}:{h[:16]}…" for s in statement.subject[:3] for a, h in sorted(s.digest.items()))
    wanted = str(targets[0]) if targets else "a target without digest"
    raise no("SUBJECT_MISMATCH", "subject", name, f"the statement is about {named}, not {wanted}")


def _agreed(subject: ResourceDescriptor, targets: Sequence[Digest]) -> Digest | None:
    """The first digest both have, if they differ in none."""
    shared = [one for one in targets if one.algorithm in _STRONG and one.algorithm in subject.digest]
    return shared[0] if shared and all(subject.digest[one.algorithm] == one.hex for one in shared) else None
