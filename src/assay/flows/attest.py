"""Report → statements → signed bundles → referrers: what this program says about an image, attached to the image."""

from collections.abc import Iterable

import msgspec

from assay.artifact import referrers
from assay.flows.attached import Place, Wanted
from assay.flows.attached import attached as attached_to
from assay.flows.signing import BundleMaker, Standard
from assay.flows.verify import judge
from assay.formats import predicates, strictjson
from assay.model.digest import Digest
from assay.model.errors import UnsupportedError
from assay.model.image import Descriptor
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.model.statement import Statement
from assay.ports.content import ReferrerStore
from assay.ports.world import Clock

PLAIN_TYPES = {
    predicates.CYCLONEDX: "application/vnd.cyclonedx+json",
    predicates.SPDX: "application/spdx+json",
    predicates.SPDX3: "application/spdx3+json",
}
"""Media types of SBOMs as documents (IANA), by predicate type."""


class Attached(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one statement."""

    predicate_type: str
    statement: Digest
    bundle: Digest
    manifest: Digest
    """The referrer manifest that carries the bundle."""
    written: bool
    """False: the same statement by the same signer was there already, verified."""


def sign_and_attach(
    store: ReferrerStore,
    subject: Descriptor,
    statements: Iterable[Statement],
    maker: BundleMaker,
    clock: Clock,
    *,
    force: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> tuple[Attached, ...]:
    """Sign each statement and attach it to the subject, unless the same is there already.

    Each bundle passes our own verifier before it leaves. The blob goes before the manifest that names it.

    Args:
        store: repository or layout that holds the subject.
        subject: full descriptor of the manifest the statements are about.
        statements: each names the subject's digest.
        maker: who signs: a managed key, or a keyless identity.
        clock: dates the referrers.
        force: attach even what is there already.
        limits: bounds on what is read.

    Raises:
        UnsupportedError: the subject has no digest to attach to.
        UntrustedError: a statement is about something else.
        UnavailableError: the store did not answer.
    """
    if subject.digest is None or subject.size is None:
        raise UnsupportedError(
            "cannot attach to this target",
            where=subject.media_type,
            why="it has no manifest digest",
            remedy="use an image in a registry or an OCI layout",
        )
    now = clock.now()
    statements = tuple(statements)
    types = frozenset(predicates.canonical_type(statement.predicate_type) for statement in statements)
    present = {} if force else _present(store, subject.digest, maker.standard(), now, types, limits)
    attached = []
    for statement in statements:
        known = present.get(statement.digest)
        attached.append(known or _attach(store, subject, statement, maker, now))
    return tuple(attached)


def attach_document(
    store: ReferrerStore, subject: Descriptor, statement: Statement, clock: Clock, *, limits: Limits = DEFAULT_LIMITS
) -> Attached | None:
    """Attach the SBOM of a statement once more as it is, for programs that look for documents; None if it holds none.

    It is signed by nobody: what counts is the attestation. The same document, attached already, is left alone.

    Raises:
        UnsupportedError: the subject has no digest. UnavailableError: the store did not answer.
    """
    media_type = PLAIN_TYPES.get(statement.predicate_type)
    if media_type is None or subject.digest is None:
        return None
    value = strictjson.loads(statement.payload, where=statement.predicate_type, limit=limits.bundle_bytes)
    data = strictjson.canonical(value["predicate"])
    made = referrers.build_plain(data, media_type, subject, clock.now())
    present = [
        item.carrier
        for item in attached_to(Place(store), subject.digest, Wanted(manifests=True), limits)
        if item.artifact_type == media_type and item.layer is not None and item.layer.digest == Digest.of(data)
    ]
    if not present:
        for blob in made.blobs:
            store.push_blob(blob)
        store.push_referrer(made.manifest, made.descriptor, subject.digest)
    manifest = next((one for one in present if one is not None), None) or Digest.of(made.manifest)
    return Attached(
        predicate_type=media_type,
        statement=statement.digest,
        bundle=Digest.of(data),
        manifest=manifest,
        written=not present,
    )


def _attach(store: ReferrerStore, subject: Descriptor, statement: Statement, maker: BundleMaker, now: str) -> Attached:
    target = subject.digest
    if target is None:
        raise UnsupportedError("cannot attach to this target", why="it has no manifest digest", remedy="push it first")
    bundle = maker.bundle(statement, target)
    made = referrers.build_referrer(bundle, subject, statement.predicate_type, now)
    manifest = made.descriptor.digest
    if manifest is None:
        raise UnsupportedError("cannot attach to this target", why="the referrer has no digest", remedy="report it")
    for blob in made.blobs:
        store.push_blob(blob)
    store.push_referrer(made.manifest, made.descriptor, target)
    return Attached(
        predicate_type=statement.predicate_type,
        statement=statement.digest,
        bundle=Digest.of(bundle),
        manifest=manifest,
        written=True,
    )


def _present(
    store: ReferrerStore,
    subject: Digest,
    standard: Standard,
    now: str,
    types: frozenset[str],
    limits: Limits,
) -> dict[Digest, Attached]:
    """Statements by this signer that are attached already and verify, by the digest of their bytes."""
    found: dict[Digest, Attached] = {}
    for item in attached_to(Place(store), subject, Wanted(types=types), limits):
        if item.form != "bundle" or item.error is not None or item.layer is None or item.carrier is None:
            continue  # what cannot be read is no reason not to attach; `verify` reports it
        row = judge(item, store, subject, standard.roots, standard.expected, now, limits, whole=False)
        evidence = row.evidence
        if evidence is not None:
            found[evidence.statement.digest] = Attached(
                predicate_type=evidence.statement.predicate_type,
                statement=evidence.statement.digest,
                bundle=evidence.digest,
                manifest=item.carrier,
                written=False,
            )
    return found
