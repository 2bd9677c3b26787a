"""What this program says of an image, as in-toto statements; who signs and attaches them is `flows.attest`'s matter."""

from collections.abc import Sequence
from urllib.parse import quote

from assay import __version__
from assay.formats import image_facts, intoto, predicates, strictjson, vulns, wire
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.image import Subject
from assay.model.limits import DEFAULT_LIMITS
from assay.model.report import Report
from assay.model.statement import ResourceDescriptor, Statement
from assay.model.verdict import Verdict

VERIFIER = "urn:assay:verifier"


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
    from assay.formats import vsa  # a scan that attests nothing has no summary

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
    # What is signed are the bytes; a large SBOM as values would take five times its size until it is attached.
    return intoto.about((resource,), kind, data, limit=DEFAULT_LIMITS.sbom_bytes)


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
