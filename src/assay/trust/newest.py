"""Freshness: of statements of one kind by one signer the newest counts, by the time that is proven, not claimed."""

from collections.abc import Sequence

from assay.formats import predicates, wire
from assay.model.evidence import Evidence, Signer


def newest(evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """What is newest of each (predicate type, policy of a summary, signer), in the order given, about one subject.

    The earliest proven time of a signature counts: anybody can have an old one stamped again. Statements of equal time
    all count, and so do those without a proven time, for nobody knows how old they are.
    """
    best: dict[tuple[str, ...], str] = {}
    for one in evidence:
        moment = proven(one)
        if moment > best.get(_series(one), ""):
            best[_series(one)] = moment
    return tuple(one for one in evidence if proven(one) in {"", best.get(_series(one), "")})


def proven(evidence: Evidence) -> str:
    """The earliest proven time of a signature, RFC 3339 UTC of one width so that texts compare; empty where none is."""
    return min((wire.instant(time) for time in evidence.times if wire.is_instant(time)), default="")


def by(signer: Signer) -> tuple[str, ...]:
    """Whose series a statement belongs to: a key's, or an identity's, whose certificates have a new key each time."""
    if signer.kind == "certificate":
        return (signer.kind, signer.issuer, signer.identity)
    return (signer.kind, signer.key_id)


def _series(evidence: Evidence) -> tuple[str, ...]:
    """Summaries under two policies answer two questions: a verdict on a scan is no newer word about a rebuild."""
    kind = predicates.canonical_type(evidence.statement.predicate_type)
    policy = evidence.statement.predicate.get("policy") if kind == predicates.VSA else None
    uri = policy.get("uri") if isinstance(policy, dict) else None
    return (kind, uri if isinstance(uri, str) else "", *by(evidence.signer))
