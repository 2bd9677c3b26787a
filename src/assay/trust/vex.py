"""VEX documents that were found: which of them count, for whom, and the first reason why the others do not.

A document counts only if a signature over it holds under a key, or by an identity, that the trust policy names, the
statement around it is about this very image, and what it says lies within the signer's scope. Its author then is the
signer, whatever it calls itself: nobody can overrule an author by using the name. Everything else is *seen, not
applied*.
"""

from collections.abc import Callable, Iterable
from typing import Literal

import msgspec

from assay.formats import bundle as bundles
from assay.formats import dsse as envelopes
from assay.formats import intoto, openvex, predicates, strictjson
from assay.formats.trustroot import TrustedRoot
from assay.model.digest import Digest
from assay.model.errors import AssayError, MalformedError, UntrustedError
from assay.model.evidence import Evidence, Signer
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.model.vex import VexDocument, VexStatement
from assay.trust import legacy
from assay.trust.expect import Expected, Legacy
from assay.trust.legacy import LegacyCandidate
from assay.trust.verify import Proof, verify, verify_artifact, verify_envelope
from assay.trust.vex_found import VEX_TYPES, Found
from assay.trust.vex_policy import Trusted, VexTrust, within

Read = Callable[[bytes, str], tuple[VexStatement, ...]]
OPERATOR = "the operator"
_REASONS_COUNT = 5
_KEYLESS = "signed by a certificate, and no trust policy names an identity (--vex-trust)"
_LEGACY = "signed by a certificate in the legacy form of cosign 2, which the trust policy does not ask for"
_WORDS = {
    "KEY_REQUIRED": "signed by a key, and no trust policy names one (--vex-trust)",
    "NOT_SIGNED": "not signed",
}


class Judged(msgspec.Struct, frozen=True):
    """What became of a document, and the statements of it that count."""

    document: VexDocument
    statements: tuple[VexStatement, ...] = ()


class _Signed(msgspec.Struct, frozen=True):
    """Who signed, when that is proven to have been, and the digest of what proves it."""

    signer: Signer
    times: tuple[str, ...]
    evidence: Digest


class _Claim(msgspec.Struct, frozen=True):
    """What a document says before anyone believes it."""

    is_vex: bool
    predicate: object = None
    """Of an attestation: what becomes the document once it is believed."""
    digest: str = ""
    id: str = ""
    author: str = ""
    count: int = 0


def judge(
    found: Iterable[Found],
    trust: VexTrust,
    *,
    image: str,
    now: str,
    read: Read = openvex.read,
    limits: Limits = DEFAULT_LIMITS,
) -> tuple[Judged, ...]:
    """Judge every document by itself, in the order given; what turns out to be no VEX at all is left out.

    Args:
        found: what discovery brought.
        trust: who may say what.
        image: repository or layout the image was named by.
        now: RFC 3339 UTC, for the windows of keys where nothing proves a time.
        read: bytes of a document to statements.
        limits: bounds.
    """
    judged = (_judge(one, trust, image, now, read, limits) for one in found)
    return tuple(one for one in judged if one is not None)


def of_operator(data: bytes, name: str, read: Read = openvex.read) -> Judged:
    """A file the operator named: the operator's own word, whoever wrote it.

    Raises:
        MalformedError, UnsupportedError: not a VEX document.
    """
    statements = read(data, name)
    claim = _claim_of_document(data)
    return Judged(
        VexDocument(
            found="file",
            place=name,
            outcome="applied",
            signer=OPERATOR,
            id=claim.id,
            author=claim.author,
            digest=str(Digest.of(data)),
            statements_count=len(statements),
            applied_count=len(statements),
        ),
        statements,
    )


def is_attestation(data: bytes) -> bool:
    """Whether bytes are a bundle, an envelope or a statement, rather than a document itself."""
    try:
        _form(data, "", DEFAULT_LIMITS)
    except MalformedError:
        return False
    return True


def _judge(one: Found, trust: VexTrust, image: str, now: str, read: Read, limits: Limits) -> Judged | None:
    claim = _Claim(is_vex=True)
    try:
        if one.error is not None:
            raise one.error
        claim = _claim_of_document(one.data) if one.kind == "document" else _claim(one, limits)
        if not claim.is_vex:
            return None
        rows, evidence = _believed(one, trust, now, limits)
        data = one.data if one.kind == "document" else strictjson.canonical(claim.predicate)
        statements = read(data, one.place)
    except AssayError as error:
        code = getattr(error, "code", "") or error.kind.upper()
        outcome: Literal["seen", "failed"] = "failed" if error.kind == "unavailable" else "seen"
        return Judged(_document(one, claim, outcome, code, _WORDS.get(code, error.why or error.what)))
    return _scoped(one, claim, statements, rows, evidence, image)


def _believed(one: Found, trust: VexTrust, now: str, limits: Limits) -> tuple[tuple[Trusted, ...], Digest]:
    """The rows that say what a document counts for, and the digest of what proves it: at least one, or it raises.

    A document without a signature counts by its place where the settings vouch for that; a signature that does not hold
    is never passed over for it.
    """
    if one.vouched is not None and one.kind == "document" and not one.signature:
        return (one.vouched,), Digest.of(one.data)
    signed = _signed(one, trust, now, limits)
    rows = trust.of_signer(signed.signer, signed.times, now)
    if not rows:
        raise _no("OUTSIDE_WINDOW", one.place, "no row of the trust policy holds when it was signed")
    return rows, signed.evidence


def _scoped(
    one: Found,
    claim: _Claim,
    statements: tuple[VexStatement, ...],
    rows: tuple[Trusted, ...],
    evidence: Digest,
    image: str,
) -> Judged:
    """The statements the signer may make; each in the name of the row that allows it."""
    kept: list[VexStatement] = []
    reasons: dict[str, None] = {}
    for statement in statements:
        answers = [(row, *within(statement, row.scope, image)) for row in rows]
        allowed = next(((row, said) for row, said, _ in answers if said is not None), None)
        if allowed is None:
            reasons.setdefault(answers[0][2])
            continue
        row, said = allowed
        kept.append(
            msgspec.structs.replace(
                said, author=row.name, digest=claim.digest, evidence=(*said.evidence, str(evidence))
            )
        )
    left_out = tuple(reasons)[:_REASONS_COUNT]
    signer = rows[0].name
    if statements and not kept:
        document = _document(one, claim, "seen", "SCOPE", left_out[0])
        return Judged(msgspec.structs.replace(document, signer=signer, statements_count=len(statements)))
    document = msgspec.structs.replace(
        _document(one, claim, "applied", "", ""),
        signer=signer,
        statements_count=len(statements),
        applied_count=len(kept),
        left_out=left_out,
    )
    return Judged(document, tuple(kept))


def _document(
    one: Found, claim: _Claim, outcome: Literal["applied", "seen", "failed"], code: str, why: str
) -> VexDocument:
    return VexDocument(
        found=one.found,
        place=one.place,
        outcome=outcome,
        code=code,
        why=why,
        id=claim.id,
        author=claim.author,
        digest=claim.digest,
        statements_count=claim.count,
        as_of=one.as_of,
    )


def _signed(one: Found, trust: VexTrust, now: str, limits: Limits) -> _Signed:
    """Who signed, and the digest of what proves it.

    Raises:
        UntrustedError, UnsupportedError: nobody trusted did.
    """
    name = one.place
    if one.kind == "document":
        if not one.signature:
            raise _no("NOT_SIGNED", name, "no signature lies beside it")
        roots, expected = _trusted(one.signature, trust, now, name, limits)
        digest = Digest.of(one.data)
        proof = verify_artifact(one.signature, digest, roots, expected, now, name=name, limits=limits)
        return _of(proof, proof.bundle)
    form = _form(one.data, name, limits)
    if one.target is None:
        raise _no("SUBJECT_MISMATCH", name, "the image has no digest it could be about")
    if form == "statement":
        return _signed_carrier(one, one.target, trust, now, limits)
    if form == "bundle":
        roots, expected = _trusted(one.data, trust, now, name, limits)
        evidence = verify(one.data, one.target, roots, expected, now, name=name, limits=limits)
    elif one.certificate:
        evidence = _legacy(one, one.target, trust, now, limits)
    else:
        keys = Expected(keys=trust.keyring(now))
        evidence = verify_envelope(one.data, one.target, keys, now, name=name, limits=limits)
    return _of(evidence, evidence.digest)


def _legacy(one: Found, target: Digest, trust: VexTrust, now: str, limits: Limits) -> Evidence:
    """An envelope whose certificate and promise lie in annotations, believed only where the table asks for it."""
    if not trust.cosign_v2:
        raise _no("KEYLESS", one.place, _LEGACY)
    if not trust.identities:
        raise _no("KEYLESS", one.place, _KEYLESS)
    candidate = LegacyCandidate(place=one.place, payload=False, data=one.data, annotations=one.annotations)
    expected = Expected(identities=trust.identities, legacy=Legacy(cosign_v2=True))
    row = legacy.judge(candidate, target, trust.roots, expected, now, limits)
    if row.evidence is None:
        raise _no(row.code or row.outcome.upper(), one.place, row.reason)
    return row.evidence


def _of(proven: Evidence | Proof, digest: Digest) -> _Signed:
    return _Signed(proven.signer, proven.times, digest)


def _signed_carrier(one: Found, target: Digest, trust: VexTrust, now: str, limits: Limits) -> _Signed:
    """Who signed the manifest around a bare statement: its digest covers the statement, whose subject must fit."""
    if one.carrier is None or not one.carrier_signatures:
        raise _no("NOT_SIGNED", one.place, "a bare in-toto statement")
    statement = intoto.read(one.data, where=one.place, limits=limits)
    if not any(subject.digest.get(target.algorithm) == target.hex for subject in statement.subject):
        raise _no("SUBJECT_MISMATCH", one.place, f"the statement is not about {target}")
    refusals: list[AssayError] = []
    for signature in one.carrier_signatures:
        try:
            roots, expected = _trusted(signature, trust, now, one.place, limits)
            evidence = verify(signature, one.carrier, roots, expected, now, name=one.place, limits=limits)
        except AssayError as error:
            refusals.append(error)
            continue
        if evidence.statement.predicate_type == predicates.COSIGN_SIGN:
            return _of(evidence, evidence.digest)
        refusals.append(_no("NOT_SIGNED", one.place, "what is signed about its manifest is another statement"))
    raise refusals[0]


def _trusted(data: bytes, trust: VexTrust, now: str, name: str, limits: Limits) -> tuple[TrustedRoot | None, Expected]:
    """Whom a bundle is measured by: by its certificate the identities and the roots, by its key the keys alone."""
    parsed = bundles.read(data, where=name, limits=limits)
    if parsed.certificate is None and parsed.chain is None:
        return None, Expected(keys=trust.keyring(now))
    if not trust.identities:
        raise _no("KEYLESS", name, _KEYLESS)
    return trust.roots, Expected(identities=trust.identities)


def _form(data: bytes, name: str, limits: Limits) -> Literal["bundle", "envelope", "statement"]:
    value = strictjson.loads(data, where=name, limit=limits.bundle_bytes)
    names = value.keys() if isinstance(value, dict) else ()
    if "verificationMaterial" in names:
        return "bundle"
    if "payloadType" in names:
        return "envelope"
    if "_type" in names:
        return "statement"
    raise MalformedError("not an attestation", where=name, why="neither a bundle, an envelope nor a statement")


def _claim(one: Found, limits: Limits) -> _Claim:
    """What an attestation claims to hold; only whether it is worth listing depends on it."""
    form = _form(one.data, one.place, limits)
    if form == "statement":
        payload = one.data
    else:
        if form == "bundle":
            envelope = bundles.read(one.data, where=one.place, limits=limits).envelope
        else:
            envelope = envelopes.read(one.data, where=one.place, limit=limits.bundle_bytes)
        if envelope is None or envelope.payload_type != envelopes.IN_TOTO:
            return _Claim(is_vex=False)
        payload = envelope.payload
    statement = intoto.read(payload, where=one.place, limits=limits)
    if predicates.canonical_type(statement.predicate_type) not in VEX_TYPES:
        return _Claim(is_vex=False)
    return _of_object(statement.predicate, str(statement.digest))


def _claim_of_document(data: bytes) -> _Claim:
    """What a document calls itself; a form without these fields has none, and bytes that are no JSON neither."""
    try:
        value = strictjson.loads(data, where="document", limit=DEFAULT_LIMITS.vex_bytes)
    except MalformedError:
        value = None
    return _of_object(value, str(Digest.of(data)))


_IDS = (("@id",), ("serialNumber",), ("document", "tracking", "id"))
_AUTHORS = (("author",), ("document", "publisher", "name"), ("metadata", "supplier", "name"))
_LISTS = (("statements",), ("vulnerabilities",))
"""Where OpenVEX, CycloneDX and CSAF say who they are and list what they say."""


def _of_object(value: object, digest: str) -> _Claim:
    listed = next(filter(None, (_at(value, path) for path in _LISTS)), None)
    return _Claim(
        is_vex=True,
        predicate=value,
        digest=digest,
        id=next(filter(None, (_text(_at(value, path)) for path in _IDS)), ""),
        author=next(filter(None, (_text(_at(value, path)) for path in _AUTHORS)), ""),
        count=len(listed) if isinstance(listed, list) else 0,
    )


def _at(value: object, path: Iterable[str]) -> object:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _no(code: str, name: str, why: str) -> UntrustedError:
    return UntrustedError("cannot believe this document", where=name, why=why, code=code, step="signature")


def _text(value: object) -> str:
    return value[:500] if isinstance(value, str) else ""
