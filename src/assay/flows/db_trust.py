"""Whether an advisory database may be used or put in place: not older than the newest seen here, and signed.

The signature is checked over the bytes that will be read, every time: nothing that lies beside the database could
vouch for an earlier check, as who can change the one can change the other.
"""

import msgspec

from assay.flows.db_numbers import refuse_rollback
from assay.formats import advisory_statement
from assay.formats.advisory_statement import Described
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UntrustedError
from assay.model.evidence import Evidence
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.ports.databases import Approval, Candidate, Seen
from assay.ports.decisions import Signer
from assay.ports.stores import DatabaseStatus
from assay.trust import dsse, keyring
from assay.trust.expect import Expected
from assay.trust.keyring import Keyring
from assay.trust.verify import verify


class Demand(msgspec.Struct, frozen=True, kw_only=True):
    """What is demanded of a database."""

    keys: Keyring | None = None
    """Whose signature counts; None demands none."""
    now: str = ""
    """RFC 3339 time, for the windows of keys."""
    seen: Seen = Seen()
    allow_rollback: bool = False
    limits: Limits = DEFAULT_LIMITS


def describe(status: DatabaseStatus, file: Digest) -> Described:
    """What a statement has to say about a database."""
    return Described(
        file=file,
        content=Digest.parse(status.content_digest, where="content digest"),
        schema=status.schema,
        build=status.build,
        built=status.built,
        encoders=dict(status.encoders),
        feeds=advisory_statement.feeds_of(status.feeds),
    )


def sign(status: DatabaseStatus, file: Digest, signer: Signer) -> bytes:
    """The bundle that lies beside a database."""
    return dsse.sign(advisory_statement.statement(describe(status, file)), signer)


def using(demand: Demand) -> Approval:
    """What is asked before a database is read: not older than the newest seen, and signed where that is demanded."""

    def approve(candidate: Candidate) -> bytes:
        refuse_rollback(candidate.status(), demand.seen, allowed=demand.allow_rollback)
        return b"" if demand.keys is None else judged(candidate, demand.keys, demand.now, demand.limits)[0]

    return approve


def placing(demand: Demand) -> Approval:
    """What is asked before a database is put in place: the same; the signature that holds is kept beside it."""
    use = using(demand)

    def approve(candidate: Candidate) -> bytes:
        if demand.keys is not None:
            return use(candidate)
        use(candidate)
        # Nobody asked for a signature: one is kept only if it is plainly about this file, for whoever asks later.
        return next((b for b in candidate.signatures() if _speaks_of(b, candidate, demand.limits)), b"")

    return approve


def signing(signer: Signer, demand: Demand) -> Approval:
    """As `using` without keys; and the database is signed."""

    def approve(candidate: Candidate) -> bytes:
        status = candidate.status()
        refuse_rollback(status, demand.seen, allowed=demand.allow_rollback)
        digest = candidate.digest()
        bundle = sign(status, digest, signer)
        own = Keyring((keyring.key(signer.public_key(), name="the signer's own key"),))
        verify(bundle, digest, None, Expected(keys=own), demand.now, name="the bundle just made", limits=demand.limits)
        return bundle

    return approve


def judged(candidate: Candidate, keys: Keyring, now: str, limits: Limits) -> tuple[bytes, Evidence]:
    """The bundle that makes a database believed, and the evidence.

    Raises:
        UntrustedError: it carries no signature, or none that holds; the code names the check.
    """
    refused: UntrustedError | None = None
    for bundle in candidate.signatures():
        try:
            return bundle, believed(bundle, candidate, keys, now, limits)
        except UntrustedError as error:
            refused = refused or error
    if refused is not None:
        raise refused
    raise _no("NOT_SIGNED", "content", "no signature lies beside it", "get the database with its .sigstore.json")


def believed(bundle: bytes, candidate: Candidate, keys: Keyring, now: str, limits: Limits) -> Evidence:
    """The evidence that this bundle makes of this database.

    The statement's file must be these bytes. Where they differ, its content must be these rows: another SQLite writes
    the same rows into other bytes, and so does a delta.

    Raises:
        UntrustedError: the signature does not hold, or it speaks of another database.
    """
    status = candidate.status()
    claimed = Digest.parse(status.content_digest, where="content digest")  # its own word; the rows follow below
    evidence = verify(bundle, claimed, None, Expected(keys=keys), now, name=_NAME, limits=limits)
    try:
        said = advisory_statement.read(evidence.statement, where=_NAME)
    except MalformedError as error:
        raise _no("PARSE_STATEMENT", "statement", error.why, error.remedy) from error
    digest = candidate.digest()
    content = status.content_digest if digest == said.file else candidate.verify().content_digest
    if str(said.content) != content:
        why = f"it is about {said.file} with content {said.content}, this is {digest} with content {content}"
        raise _no("SUBJECT_MISMATCH", "subject", why, "get the database and its signature again, together")
    here = describe(status, said.file)
    if here != said:
        fields = [name for name in Described.__struct_fields__ if getattr(here, name) != getattr(said, name)]
        raise _no("SUBJECT_MISMATCH", "statement", f"it says otherwise of {', '.join(fields)}", "do not use it")
    return evidence


_NAME = "signature of the advisory database"


def _speaks_of(bundle: bytes, candidate: Candidate, limits: Limits) -> bool:
    from assay.formats import bundle as bundles
    from assay.formats import intoto

    try:
        envelope = bundles.read(bundle, where=_NAME, limits=limits).envelope
        if envelope is None:
            return False
        said = advisory_statement.read(intoto.read(envelope.payload, where=_NAME, limits=limits), where=_NAME)
    except MalformedError:
        return False
    return str(said.content) == candidate.status().content_digest


def _no(code: str, step: str, why: str, remedy: str) -> UntrustedError:
    return UntrustedError(
        "cannot believe this advisory database", where=_NAME, why=why, remedy=remedy, code=code, step=step
    )
