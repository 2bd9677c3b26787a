"""Referrers → candidates → rows and evidence: collect what is attached to a subject, and believe what verifies."""

import msgspec

from assay.flows.attached import Item, Place, Wanted, attached, fetched, in_index
from assay.flows.seenlogs import remembering
from assay.flows.witness import Seen
from assay.formats import predicates
from assay.formats.note import Checkpoint
from assay.formats.trustroot import TrustedRoot
from assay.model.digest import Digest
from assay.model.errors import AssayError, UntrustedError
from assay.model.evidence import Evidence
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.ports.content import ReferrerStore, TaggedManifests
from assay.trust.examine import Candidate, Result, Row, examine, exit_code
from assay.trust.expect import Expected
from assay.trust.legacy import LegacyCandidate
from assay.trust.legacy import judge as judge_legacy

BARE = "in-toto statement"
"""Format of a statement nobody signed."""


class Collected(msgspec.Struct, frozen=True, kw_only=True):
    """What is attached to a subject, and what of it is believed."""

    subject: Digest
    rows: tuple[Row, ...]
    evidence: tuple[Evidence, ...]
    ignored_count: int = 0
    """Referrers that are no statements."""
    narrowed_count: int = 0
    """Left alone, because their annotations name a type that was not asked for."""
    missing: tuple[str, ...] = ()
    """Predicate types that were asked for and of which nothing verified."""

    @property
    def forked(self) -> bool:
        """Whether a log has signed two histories (`LOG_FORK`): then no bundle beside it is worth its proof either."""
        return any(row.code == "LOG_FORK" for row in self.rows)

    def summary(self) -> str:
        """One line; "none found" and "none verified" never share a message."""
        others = f" ({self.ignored_count} referrers are something else)" if self.ignored_count else ""
        if self.narrowed_count:
            others += f" ({self.narrowed_count} of other types)"
        if not self.rows:
            what = "attestation of the types asked for" if self.narrowed_count else "attestation"
            return f"no {what} is attached to {self.subject}{others}"
        if not any(row.outcome == "verified" for row in self.rows):
            return f"none of {len(self.rows)} attestations of {self.subject} verified"
        held = sum(row.outcome == "verified" for row in self.rows)
        lacking = ", ".join(map(predicates.short_name, self.missing))
        return (
            f"{held} of {len(self.rows)} attestations of {self.subject} verified"
            + (f"; none of type {lacking}" if lacking else "")
            + ("; refused: a log has signed two histories" if self.forked else "")
        )

    def exit_code(self) -> int:
        """Exit code of the listing, policy aside: 0 only if something verified, and of each type that was asked for.

        Never 0 where a log in it was caught with two histories: what else it vouched for may be of the other one.
        """
        if self.forked:
            return UntrustedError.exit_code
        if not self.missing:
            return exit_code(self.rows)
        return exit_code(row for row in self.rows if row.outcome != "verified")

    def outcome(self) -> Result:
        """The listing in one word: `verified`, or what its exit code stands for."""
        code = self.exit_code()
        if code == 0:
            return "verified"
        if self.forked:
            return "not-trusted"
        words = [row.outcome for row in self.rows if exit_code([row]) == code]
        return words[0] if words else "not-signed"


class Memory:
    """What one process verified before, so that nothing is downloaded or verified twice.

    A row is known by the digest of its bytes, its subject, and the digest of everything that was expected: whoever
    trusts anything else asks anew. What was judged by the time now, a managed key or a refusal, counts for that time
    alone. Bounded by the bytes of the statements it holds.
    """

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._rows: dict[tuple[Digest, Digest, Digest, str], Row] = {}
        self._room = limits.evidence_memory_bytes

    def recall(self, blob: Digest, subject: Digest, trust: Digest, now: str) -> Row | None:
        """The row of these bytes, if it still counts."""
        return self._rows.get((blob, subject, trust, "")) or self._rows.get((blob, subject, trust, now))

    def keep(self, blob: Digest, subject: Digest, trust: Digest, now: str, row: Row) -> None:
        """Remember a row, unless it could not be told, or would not fit."""
        evidence = row.evidence
        size = len(evidence.statement.payload) if evidence is not None else 1_000
        if row.outcome == "unavailable" or size > self._room:
            return
        lasting = evidence is not None and evidence.signer.kind == "certificate"
        self._rows[blob, subject, trust, "" if lasting else now] = row
        self._room -= size


def trust_digest(roots: TrustedRoot | None, expected: Expected) -> Digest:
    """What somebody trusts, as one digest: the same trust gives the same digest."""
    return Digest.of(msgspec.json.encode((expected, roots), order="deterministic"))


def collect(
    store: ReferrerStore,
    subject: Digest,
    roots: TrustedRoot | None,
    expected: Expected,
    now: str,
    *,
    types: frozenset[str] = frozenset(),
    tags: TaggedManifests | None = None,
    index: Digest | None = None,
    memory: Memory | None = None,
    whole: bool = True,
    seen: Seen | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Collected:
    """Judge everything attached to a subject that may be a statement about it; one row each.

    Args:
        store: repository or layout.
        subject: digest of the manifest (or index) itself; attestations of the other are not its.
        roots: the logs and authorities to believe.
        expected: whose signature counts.
        now: RFC 3339 UTC.
        types: predicate types wanted, by their canonical names; empty = all.
        tags: where cosign's older tags lie; looked at only with `legacy.cosign_v2`.
        index: the index the subject was chosen from; looked at only where nothing else is attached.
        memory: what was verified before.
        whole: whether the evidence keeps what the statements say; a large SBOM takes many times its size as values,
            and who only asks whether it holds need not keep one beside the next.
        seen: what logs said in bundles verified before, and where it is remembered.
        limits: `referrers_count`, `bundle_bytes`, `manifest_bytes`.

    Raises:
        UnavailableError: the list itself could not be read: nobody knows what is attached.
    """
    place = Place(store, tags if expected.legacy.cosign_v2 else None)
    wanted = Wanted(types=types)
    trust = trust_digest(roots, expected)
    asked = _Asked(roots=roots, expected=expected, now=now, limits=limits, seen=seen, whole=whole or memory is not None)
    rows: list[Row] = []
    ignored = narrowed = 0

    def take(item: Item) -> None:
        nonlocal ignored, narrowed
        if item.form == "other" and item.error is None:
            ignored += 1
        elif not wanted.takes(item.predicate_type):
            narrowed += 1
        else:
            row = _known(item, store, subject, asked, trust, memory)
            if types and row.predicate_type and predicates.canonical_type(row.predicate_type) not in types:
                narrowed += 1  # the annotation said nothing; the content did
            else:
                rows.append(row if whole else _brief(row))

    for item in attached(place, subject, wanted, limits):
        take(item)
    if not rows and index is not None and index != subject:
        for item in in_index(store, index, subject, wanted, limits):
            take(item)
    evidence = tuple(row.evidence for row in rows if row.evidence is not None)
    held = {predicates.canonical_type(row.predicate_type) for row in rows if row.outcome == "verified"}
    return Collected(
        missing=tuple(sorted(types - held)) if rows else (),
        subject=subject,
        rows=tuple(rows),
        evidence=evidence,
        ignored_count=ignored,
        narrowed_count=narrowed,
    )


def _brief(row: Row) -> Row:
    """The row without what the statement says; who signed, when, and the digest to cite stay."""
    if row.evidence is None:
        return row
    said = msgspec.structs.replace(row.evidence.statement, predicate={}, payload=b"")
    return msgspec.structs.replace(row, evidence=msgspec.structs.replace(row.evidence, statement=said))


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What every item is judged by."""

    roots: TrustedRoot | None
    expected: Expected
    now: str
    limits: Limits
    seen: Seen | None = None
    whole: bool = True


def judge(
    item: Item,
    store: ReferrerStore,
    subject: Digest,
    roots: TrustedRoot | None,
    expected: Expected,
    now: str,
    limits: Limits = DEFAULT_LIMITS,
    *,
    whole: bool = True,
) -> Row:
    """What becomes of one item; its content is downloaded here and let go of here.

    Without `whole` the evidence has no predicate, only the bytes it stands in.
    """
    asked = _Asked(roots=roots, expected=expected, now=now, limits=limits, whole=whole)
    return _judge(item, store, subject, asked)


def _judge(item: Item, store: ReferrerStore, subject: Digest, asked: _Asked) -> Row:
    if item.form == "statement" and item.error is None:
        return _unsigned(item, subject, asked)
    row = _judged(item, store, subject, asked)
    # Of what is not believed the annotation is all there is to call it by.
    return row if row.predicate_type else msgspec.structs.replace(row, predicate_type=item.predicate_type)


def _judged(item: Item, store: ReferrerStore, subject: Digest, asked: _Asked) -> Row:
    roots, expected, now, limits = asked.roots, asked.expected, asked.now, asked.limits
    try:
        data = fetched(store, item, limits)
    except AssayError as error:
        return _refused(item, subject, error, asked)
    if item.form in ("signature", "envelope"):
        annotations = item.layer.annotations if item.layer is not None else {}
        older = LegacyCandidate(place=item.place, payload=item.form == "signature", data=data, annotations=annotations)
        return judge_legacy(older, subject, roots, expected, now, limits)

    def look(known: tuple[Checkpoint, ...]) -> Row:
        wanted = msgspec.structs.replace(expected, seen=(*expected.seen, *known)) if known else expected
        (row,) = examine([Candidate(place=item.place, data=data)], subject, roots, wanted, now, whole=asked.whole)
        return row

    return remembering(asked.seen, data, look, where=item.place, limits=limits)


def _known(
    item: Item, store: ReferrerStore, subject: Digest, asked: _Asked, trust: Digest, memory: Memory | None
) -> Row:
    """The row, out of the memory where it is there; only bundles, whose whole proof is in their bytes, are kept."""
    blob = item.layer.digest if item.layer is not None else None
    if memory is None or blob is None or item.form != "bundle" or item.error is not None:
        return _judge(item, store, subject, asked)
    known = memory.recall(blob, subject, trust, asked.now)
    if known is not None:
        return msgspec.structs.replace(known, place=item.place)
    row = _judge(item, store, subject, asked)
    memory.keep(blob, subject, trust, asked.now, row)
    return row


def _refused(item: Item, subject: Digest, error: AssayError, asked: _Asked) -> Row:
    candidate = Candidate(place=item.place, error=error)
    (row,) = examine([candidate], subject, asked.roots, asked.expected, asked.now)
    return row


def _unsigned(item: Item, subject: Digest, asked: _Asked) -> Row:
    """A bare statement, as Docker and BuildKit attach them: whoever may push could have written it."""
    error = UntrustedError(
        "a statement nobody signed", where=item.place, why="a bare in-toto statement carries no signature",
        remedy="attest it with a key or an identity", code="NOT_SIGNED", step="content",
    )  # fmt: skip
    row = _refused(item, subject, error, asked)
    return msgspec.structs.replace(row, format=BARE, predicate_type=item.predicate_type)
