"""Referrers → candidates → rows and evidence: collect what is attached to a subject, and believe what verifies."""

from collections.abc import Iterator

import msgspec

from assay.artifact import integrity, referrers
from assay.formats.trustroot import TrustedRoot
from assay.model.digest import Digest
from assay.model.errors import AssayError, UntrustedError
from assay.model.evidence import Evidence
from assay.model.image import Descriptor
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.ports.content import ReferrerStore
from assay.trust.examine import Candidate, Row, examine, exit_code
from assay.trust.expect import Expected

_BUNDLE_PREFIX = "application/vnd.dev.sigstore.bundle"


class Collected(msgspec.Struct, frozen=True, kw_only=True):
    """What is attached to a subject, and what of it is believed."""

    subject: Digest
    rows: tuple[Row, ...]
    evidence: tuple[Evidence, ...]
    ignored_count: int = 0
    """Referrers that are no Sigstore bundles."""

    def summary(self) -> str:
        """One line; "none found" and "none verified" never share a message."""
        if not self.rows:
            others = f" ({self.ignored_count} referrers are something else)" if self.ignored_count else ""
            return f"no attestation is attached to {self.subject}{others}"
        if not self.evidence:
            return f"none of {len(self.rows)} attestations of {self.subject} verified"
        return f"{len(self.evidence)} of {len(self.rows)} attestations of {self.subject} verified"

    def exit_code(self) -> int:
        """Exit code of the listing, policy aside."""
        return exit_code(self.rows)


def collect(
    store: ReferrerStore,
    subject: Digest,
    roots: TrustedRoot | None,
    expected: Expected,
    now: str,
    *,
    limits: Limits = DEFAULT_LIMITS,
) -> Collected:
    """Fetch every bundle attached to a subject and judge each.

    Args:
        store: repository or layout.
        subject: digest of the manifest (or index) itself; attestations of the other are not its.
        roots: the logs and authorities to believe.
        expected: whose signature counts.
        now: RFC 3339 UTC.
        limits: `referrers_count`, `bundle_bytes`, `manifest_bytes`.

    Raises:
        UnavailableError: the list itself could not be read: nobody knows what is attached.
    """
    listed = store.referrers(subject)
    found = [candidate for _, candidate in _candidates(store, listed, subject, limits)]
    rows = examine(found, subject, roots, expected, now)
    return Collected(
        subject=subject,
        rows=tuple(rows),
        evidence=tuple(row.evidence for row in rows if row.evidence is not None),
        ignored_count=len(listed) - len(found),
    )


def candidates(
    store: ReferrerStore, subject: Digest, limits: Limits = DEFAULT_LIMITS
) -> Iterator[tuple[Descriptor, Candidate]]:
    """The bundles attached to a subject, with the descriptor of the manifest that carries each."""
    return _candidates(store, store.referrers(subject), subject, limits)


def _candidates(
    store: ReferrerStore, listed: tuple[Descriptor, ...], subject: Digest, limits: Limits
) -> Iterator[tuple[Descriptor, Candidate]]:
    for number, descriptor in enumerate(sorted(listed, key=lambda d: str(d.digest))):
        if descriptor.artifact_type and not descriptor.artifact_type.startswith(_BUNDLE_PREFIX):
            continue
        place = f"referrer {descriptor.digest}"
        if number >= limits.referrers_count:
            why = UntrustedError("too many referrers", where=place, why=f"limit {limits.referrers_count}")
            yield descriptor, Candidate(place=place, error=why)
            continue
        try:
            data = _bundle(store, descriptor, subject, place, limits)
        except AssayError as error:
            # An old list may leave the type out: what turns out to be something else is not ours to judge.
            if error.kind == "unsupported" and not descriptor.artifact_type:
                continue
            yield descriptor, Candidate(place=place, error=error)
            continue
        yield descriptor, Candidate(place=place, data=data)


def _bundle(store: ReferrerStore, descriptor: Descriptor, subject: Digest, place: str, limits: Limits) -> bytes:
    """The bundle's bytes, each step checked against its digest."""
    if descriptor.digest is None:
        raise UntrustedError("a referrer without a digest", where=place, remedy="attach it again")
    manifest = store.fetch(descriptor.digest, limits.manifest_bytes, manifest=True)
    integrity.check(manifest, descriptor, where=place)
    parsed = referrers.parse_referrer(manifest, where=place, limits=limits)
    if parsed.subject.digest != subject:
        raise UntrustedError(
            "a referrer of something else",
            where=place,
            why=f"its subject is {parsed.subject.digest}",
            remedy="attach it again",
            code="SUBJECT_MISMATCH",
            step="referrer",
        )
    if parsed.layer.digest is None:
        raise UntrustedError("a bundle without a digest", where=place, remedy="attach it again")
    data = store.fetch(parsed.layer.digest, limits.bundle_bytes, manifest=False)
    return integrity.check(data, parsed.layer, where=place)
