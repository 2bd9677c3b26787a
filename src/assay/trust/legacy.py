"""cosign's older forms judged: `.sig` and `.att` layers, by the very checks a bundle goes through.

Each is rewritten as the Sigstore bundle of its time (v0.1 with a log entry, v0.2 without), so that there is one
verifier and no second way. What it proves less: the log's promise takes the place of a proof of inclusion.
"""

from collections.abc import Iterable, Mapping

import msgspec

from assay.formats import base64text, cosign, strictjson
from assay.formats import dsse as envelopes
from assay.formats.cosign import Proofs
from assay.formats.predicates import COSIGN_SIGN
from assay.formats.trustroot import TrustedRoot
from assay.model.digest import Digest
from assay.model.errors import AssayError, UnsupportedError, UntrustedError
from assay.model.evidence import Check
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.trust.examine import Candidate, Row, examine
from assay.trust.expect import Expected, Legacy
from assay.trust.verify import verify_artifact

SIGNATURE_FORMAT = "cosign .sig"
ATTESTATION_FORMAT = "cosign .att"
_V01 = "application/vnd.dev.sigstore.bundle+json;version=0.1"
_V02 = "application/vnd.dev.sigstore.bundle+json;version=0.2"


class LegacyCandidate(msgspec.Struct, frozen=True, kw_only=True):
    """A layer of the older form: its bytes, and what its annotations carry. `error` where it could not be fetched."""

    place: str
    payload: bool
    """Whether it is a `.sig` payload; else it is an `.att` envelope."""
    data: bytes = b""
    annotations: dict[str, str] = {}
    error: AssayError | None = None


def judge(
    candidate: LegacyCandidate,
    target: Digest,
    roots: TrustedRoot | None,
    expected: Expected,
    now: str,
    limits: Limits = DEFAULT_LIMITS,
) -> Row:
    """What becomes of one layer; a refusal is a row, never an exception.

    Rows of `.sig` layers carry no evidence: they hold no in-toto statement a policy could weigh.

    Args:
        candidate: the layer.
        target: the manifest or index it must speak about.
        roots: the logs and authorities to believe.
        expected: whose signature counts; without `legacy.cosign_v2` nothing of this form does.
        now: RFC 3339 UTC.
        limits: bounds on what is read.
    """
    form = SIGNATURE_FORMAT if candidate.payload else ATTESTATION_FORMAT
    try:
        if candidate.error is not None:
            raise candidate.error
        if not expected.legacy.cosign_v2:
            raise UnsupportedError(
                "an older form of signature", where=candidate.place, why="it is read only where it is asked for",
                remedy="say --legacy cosign-v2, or sign the image again",
            )  # fmt: skip
        proofs = cosign.read_proofs(candidate.annotations, where=candidate.place, limits=limits)
        old = msgspec.structs.replace(expected, legacy=Legacy(v01_promise=True, cosign_v2=True))
        work = _signature if candidate.payload else _attestation
        row = work(candidate, proofs, target, roots, old, now, limits)
    except AssayError as error:
        (row,) = examine([Candidate(place=candidate.place, error=error)], target, roots, expected, now)
    return msgspec.structs.replace(row, format=form)


def _attestation(
    candidate: LegacyCandidate,
    proofs: Proofs,
    target: Digest,
    roots: TrustedRoot | None,
    expected: Expected,
    now: str,
    limits: Limits,
) -> Row:
    """An envelope with a statement, as a bundle around the same envelope."""
    envelope = envelopes.read(candidate.data, where=candidate.place, limit=limits.bundle_bytes)
    content = {"dsseEnvelope": envelopes.to_object(envelope)}
    rows = []
    for bundle in _bundles(proofs, content, expected):
        (row,) = examine([Candidate(place=candidate.place, data=bundle)], target, roots, expected, now)
        rows.append(row)
    row = _best(rows)
    if row.evidence is None:
        return row
    # The digest a reason cites is that of the bytes that were received, not of their new clothes.
    received = msgspec.structs.replace(row.evidence, bundle=Digest.of(candidate.data))
    return msgspec.structs.replace(row, evidence=received)


def _signature(
    candidate: LegacyCandidate,
    proofs: Proofs,
    target: Digest,
    roots: TrustedRoot | None,
    expected: Expected,
    now: str,
    limits: Limits,
) -> Row:
    """A payload signed byte for byte; believed only then, and only for the digest it names."""
    if not proofs.signature:
        raise _no("NOT_SIGNED", "content", candidate.place, "the layer carries no signature")
    content = {"messageSignature": {"signature": base64text.encode(proofs.signature)}}
    rows: list[Row] = []
    for bundle in _bundles(proofs, content, expected):
        try:
            proof = verify_artifact(
                bundle, Digest.of(candidate.data), roots, expected, now, name=candidate.place, limits=limits
            )
        except AssayError as error:
            rows += examine([Candidate(place=candidate.place, error=error)], target, roots, expected, now)
            continue
        said = cosign.read_payload(candidate.data, where=candidate.place)
        if said.type != cosign.TYPE:
            raise _no("BUNDLE_CONTENT", "content", candidate.place, f"the payload's type is {said.type[:100]!r}")
        if said.digest != target:
            why = f"the payload is about {said.digest}, not {target}"
            raise _no("SUBJECT_MISMATCH", "subject", candidate.place, why)
        return Row(
            place=candidate.place,
            outcome="verified",
            predicate_type=COSIGN_SIGN,
            signer=proof.signer.name or proof.signer.identity or proof.signer.key_id,
            checks=(*proof.checks, Check("subject", "pass", str(target))),
        )
    return _best(rows)


def _bundles(proofs: Proofs, content: Mapping[str, object], expected: Expected) -> Iterable[bytes]:
    """The bundles this could be: one with its certificate, or one for each key given, as it names none itself."""
    if proofs.certificate is not None:
        chain = {"certificates": [{"rawBytes": base64text.encode(proofs.certificate)}]}
        yield _bundle({"x509CertificateChain": chain}, proofs, content)
        return
    if not expected.keys.keys:
        yield _bundle({"publicKey": {"hint": "-"}}, proofs, content)
    for key in expected.keys.keys:
        yield _bundle({"publicKey": {"hint": key.key_id}}, proofs, content)


def _bundle(material: dict[str, object], proofs: Proofs, content: Mapping[str, object]) -> bytes:
    entry = proofs.entry
    if entry is not None and entry.promise is not None:
        material = material | {
            "tlogEntries": [
                {
                    "logIndex": str(entry.log_index),
                    "logId": {"keyId": base64text.encode(entry.log_id)},
                    "kindVersion": {"kind": entry.kind, "version": entry.version},
                    "integratedTime": str(entry.integrated_time),
                    "inclusionPromise": {"signedEntryTimestamp": base64text.encode(entry.promise)},
                    "canonicalizedBody": base64text.encode(entry.body),
                }
            ]
        }
    if proofs.timestamp is not None:
        stamp = {"signedTimestamp": base64text.encode(proofs.timestamp)}
        material = material | {"timestampVerificationData": {"rfc3161Timestamps": [stamp]}}
    kind = _V02 if entry is None else _V01
    return strictjson.canonical({"mediaType": kind, "verificationMaterial": material, **content})


def _best(rows: list[Row]) -> Row:
    """The verified one; else the refusal that got furthest, which is not that a key is simply another one."""
    return min(rows, key=lambda row: (row.outcome != "verified", row.code in ("SIGNATURE", "KEY_UNKNOWN")))


def _no(code: str, step: str, place: str, why: str) -> UntrustedError:
    return UntrustedError("cannot believe this signature", where=place, why=why, code=code, step=step)
