"""Old evidence taken away: of each type by each signer the newest stay, and everything that is not surely ours.

Only what verifies by whom the caller trusts is counted, and only of that is anything taken away. What is foreign,
unreadable or cannot be fetched stays. A list that is not complete stops it: the newest might be what is missing.
"""

import msgspec

from assay.flows.attached import Item, Place, Wanted, attached
from assay.flows.verify import judge
from assay.formats import predicates
from assay.formats.trustroot import TrustedRoot
from assay.model.digest import Digest
from assay.model.errors import UnavailableError
from assay.model.evidence import Signer
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.ports.content import ReferrerRemover, ReferrerStore
from assay.trust.examine import Row
from assay.trust.expect import Expected


class Old(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of evidence of ours."""

    manifest: Digest
    predicate_type: str
    signer: str
    time: str
    """Proven time where there is one, else the date it was attached, by its annotation."""
    kept: bool


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What stays and what goes, of one subject."""

    subject: Digest
    ours: tuple[Old, ...]
    foreign_count: int
    """Of others, not verified, or of another kind: never touched."""

    @property
    def going(self) -> tuple[Old, ...]:
        """What goes."""
        return tuple(old for old in self.ours if not old.kept)


def plan(
    store: ReferrerStore,
    subject: Digest,
    roots: TrustedRoot | None,
    expected: Expected,
    now: str,
    *,
    keep: int,
    types: frozenset[str] = frozenset(),
    limits: Limits = DEFAULT_LIMITS,
) -> Plan:
    """Decide what goes; nothing is changed.

    Args:
        store: repository or layout.
        subject: digest of the manifest or index.
        roots: the logs and authorities to believe.
        expected: whose evidence this is about.
        now: RFC 3339 UTC.
        keep: how many of each type by each signer stay, at least 1.
        types: only these predicate types, by canonical name; empty = all.
        limits: bounds on what is read.

    Raises:
        UnavailableError, UntrustedError, MalformedError: the list is not complete, or a part of it cannot be fetched.
    """
    ours: list[tuple[str, Item, Row]] = []
    foreign = 0
    for item in attached(Place(store), subject, Wanted(types=types), limits):
        if item.form != "bundle" or item.layer is None or item.carrier is None:
            if item.error is not None and item.error.kind == "unavailable":
                raise _unknown(item.place, item.error.why)
            foreign += 1
            continue
        row = judge(item, store, subject, roots, expected, now, limits)
        if row.outcome == "unavailable":
            raise _unknown(item.place, row.reason)
        if row.evidence is None:
            foreign += 1
        else:
            ours.append((max(row.evidence.times, default="") or item.created, item, row))
    counts: dict[tuple[str, str], int] = {}
    planned = []
    for time, item, row in sorted(ours, key=lambda one: (one[0], str(one[1].carrier)), reverse=True):
        if row.evidence is None or item.carrier is None:
            continue
        kind = predicates.canonical_type(row.predicate_type)
        mark = (kind, _identity(row.evidence.signer))
        counts[mark] = counts.get(mark, 0) + 1
        planned.append(
            Old(
                manifest=item.carrier,
                predicate_type=row.predicate_type,
                signer=row.signer,
                time=time,
                kept=counts[mark] <= max(keep, 1),
            )
        )
    return Plan(subject=subject, ours=tuple(planned), foreign_count=foreign)


def carry_out(made: Plan, remover: ReferrerRemover) -> int:
    """Take away what goes; returns how many went. A failure leaves the rest in place."""
    for old in made.going:
        remover.remove_referrer(old.manifest, made.subject)
    return len(made.going)


def _identity(signer: Signer) -> str:
    """Who signed, in a text two signers do not share."""
    return f"{signer.identity}\n{signer.issuer}" if signer.kind == "certificate" else signer.key_id


def _unknown(place: str, why: str) -> UnavailableError:
    return UnavailableError(
        "cannot tell what would be the newest", where=place, why=why, remedy="try again; nothing was taken away"
    )
