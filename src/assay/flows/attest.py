"""Report → statements → signed bundles → referrers: what this program says about an image, attached to the image."""

from collections.abc import Iterable, Sequence
from urllib.parse import quote

import msgspec

from assay import __version__
from assay.artifact import referrers
from assay.flows.attached import Place, Wanted
from assay.flows.attached import attached as attached_to
from assay.flows.signing import BundleMaker, Standard
from assay.flows.verify import judge
from assay.formats import image_facts, intoto, predicates, strictjson, vsa, vulns, wire
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.image import Descriptor, Subject
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.model.report import Report
from assay.model.statement import ResourceDescriptor, Statement
from assay.model.verdict import Verdict
from assay.ports.content import ReferrerStore
from assay.ports.world import Clock

VERIFIER = "urn:assay:verifier"
PLAIN_TYPES = {predicates.CYCLONEDX: "application/vnd.cyclonedx+json", predicates.SPDX: "application/spdx+json"}
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


def statements(report: Report, *, timestamp: str, documents: Sequence[tuple[str, bytes]] = ()) -> tuple[Statement, ...]:
    """What a report says, as statements about its subject: facts of the image, the scan, and documents.

    Args:
        report: of one subject.
        timestamp: RFC 3339 time of the scan.
        documents: (predicate type, JSON bytes) of SBOMs and VEX documents to carry as predicates.

    Raises:
        MalformedError: a document is no JSON object.
    """
    subject = (_resource(report),)
    made = [
        _statement(subject, predicates.IMAGE_FACTS, image_facts.predicate(report)),
        _statement(subject, predicates.VULNS, vulns.predicate(report, finished=timestamp)),
    ]
    made += [intoto.statement(subject, kind, _object(kind, data)) for kind, data in documents]
    return tuple(made)


def _statement(subject: tuple[ResourceDescriptor, ...], kind: str, predicate: dict[str, object]) -> Statement:
    """A statement of ours. Names outside UTF-8, which a subject may hold, are written as reversible escapes."""
    try:
        return intoto.statement(subject, kind, predicate)
    except MalformedError:
        return intoto.statement(subject, kind, wire.change_all(predicate, wire.escape))


def summary(verdict: Verdict, report: Report) -> Statement:
    """The verdict as a SLSA verification summary, issued for a denial as well."""
    predicate = vsa.predicate(
        verdict,
        resource_uri=resource_uri(report.subject),
        verifier=VERIFIER,
        versions={"assay": __version__},
    )
    return intoto.statement((_resource(report),), predicates.VSA, predicate)


def signature(subject: Subject) -> Statement:
    """ "This key signs this image": cosign's predicate type with an empty predicate.

    Raises:
        UnsupportedError: the subject has no digest.
    """
    if subject.digest is None:
        raise UnsupportedError("nothing to sign", where=subject.name, why="no digest", remedy="sign an image")
    resource = ResourceDescriptor(name=subject.name, digest={subject.digest.algorithm: subject.digest.hex})
    return intoto.statement((resource,), predicates.COSIGN_SIGN, {})


def document(subject: Subject, *, kind: str, data: bytes) -> Statement:
    """A document as the predicate of a statement about a subject.

    Raises:
        UnsupportedError: the subject has no digest. MalformedError: no JSON object, or a type that is no URI.
    """
    if subject.digest is None:
        raise UnsupportedError("nothing to attest", where=subject.name, why="no digest", remedy="attest an image")
    resource = ResourceDescriptor(name=wire.escape(subject.name), digest={subject.digest.algorithm: subject.digest.hex})
    made = intoto.statement((resource,), kind, _object(kind, data))
    # What is signed are the bytes; a large SBOM as values would take five times its size until it is attached.
    return msgspec.structs.replace(made, predicate={})


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


def resource_uri(subject: Subject) -> str:
    """What a subject is called outside: a package URL of type oci with its digest, or a URN where it has none.

    >>> resource_uri(Subject(name="registry.example/team/app:1", digest=Digest("sha256", "ab" * 32)))[:33]
    'pkg:oci/app@sha256%3Aabababababab'
    """
    path = subject.name.split("@", 1)[0]
    repository, _, last = path.rpartition("/")
    name = last.split(":", 1)[0].lower()
    if subject.digest is None:
        return f"urn:assay:{subject.kind}:{quote(name, safe='')}"
    uri = f"pkg:oci/{quote(name, safe='')}@{quote(str(subject.digest), safe='')}"
    return f"{uri}?repository_url={quote(f'{repository}/{name}', safe='/')}" if repository else uri


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


def _resource(report: Report) -> ResourceDescriptor:
    """The subject as a statement names it. A folder has no digest of its own: its inventory stands for it."""
    subject = report.subject
    digest = subject.digest
    if digest is None:
        value = [[c.key, c.name, c.version] for c in report.components]
        digest = Digest.of(strictjson.canonical(wire.change_all(value, wire.escape)))
    return ResourceDescriptor(name=wire.escape(subject.name), digest={digest.algorithm: digest.hex})


def _object(kind: str, data: bytes) -> dict[str, object]:
    value = strictjson.loads(data, where=kind, limit=DEFAULT_LIMITS.sbom_bytes)
    if not isinstance(value, dict):
        raise MalformedError("not a predicate", where=kind, why="no JSON object", remedy="give a JSON document")
    return value
