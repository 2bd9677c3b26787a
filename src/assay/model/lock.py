"""What is known of one project's lock: is it there, does it bind content, does it say what manifest and disk say."""

from collections.abc import Iterable
from typing import Literal

import msgspec

Presence = Literal["yes", "no", "unknown"]
HashState = Literal["all", "some", "none", "impossible", "unknown"]
Step = Literal["yes", "no", "unknown", "absent"]
DisagreementKind = Literal[
    "missing-lock",
    "unhashed",
    "not-locked",
    "constraint",
    "not-recorded",
    "other-constraint",
    "not-wanted",
    "content-hash",
    "not-installed",
    "other-version",
    "not-in-lock",
]
"""The kinds of disagreement.

`missing-lock`: a manifest asks for packages and nothing locks them. `unhashed`: an entry without a digest. `not-
locked`: the manifest asks for it, the lock lacks it. `constraint`: the locked version is outside what the manifest
asks for. `not-recorded`, `other-constraint`, `not-wanted`: the lock's own copy of the manifest lacks a wish, holds it
differently, or holds one the manifest no longer has. `content-hash`: the digest of the manifest in the lock is of
another manifest. `not-installed`, `other-version`, `not-in-lock`: the packages on disk against the lock.
"""


class LockDisagreement(msgspec.Struct, frozen=True, order=True):
    """One difference: what was `expected` (by whom the kind says), what was `found`, and in which file or folder."""

    kind: DisagreementKind
    package: str
    expected: str = ""
    found: str = ""
    where: str = ""


class LockState(msgspec.Struct, frozen=True, kw_only=True):
    """One pair of manifest and lock, judged. Every "unknown" has its reason among `reasons`."""

    ecosystem: str
    """purl type."""
    tool: str = ""
    """Whose lock it is: `npm`, `pnpm`, `poetry`, …"""
    manifest: str = ""
    """Path; empty where a lock lies alone."""
    lock: str = ""
    """Path; empty where a manifest has none."""
    present: Presence
    hashed: HashState
    """Whether the entries carry digests; `impossible`: this form of lock has no place for any."""
    entries_count: int = 0
    unhashed_count: int = 0
    with_manifest: Step
    """`absent`: there is nothing to compare with."""
    with_installed: Step
    installed: str = ""
    """The folder whose packages were compared."""
    disagreements: tuple[LockDisagreement, ...] = ()
    """Sorted; no more than `lock_disagreements_count`."""
    more_count: int = 0
    """Disagreements that are not listed."""
    reasons: tuple[str, ...] = ()
    """Why something is unknown, sorted."""

    @property
    def missing(self) -> bool:
        """A manifest asks for packages and no lock holds them."""
        return self.present == "no"

    @property
    def unbound(self) -> bool:
        """A lock that does not bind the content of all its entries, be it that its form cannot."""
        return self.present == "yes" and self.hashed in {"some", "none", "impossible"}

    @property
    def drifted(self) -> bool:
        """Lock and manifest, or lock and disk, say different things."""
        return "no" in {self.with_manifest, self.with_installed}

    @property
    def undecided(self) -> bool:
        """Something could not be told: `reasons` say what."""
        return "unknown" in {self.present, self.hashed, self.with_manifest, self.with_installed}


def counts(locks: Iterable[LockState]) -> dict[str, int]:
    """How many there are (`total`), and of them `missing`, `unhashed`, `drifted`, `undecided`.

    >>> counts([LockState(ecosystem="npm", present="no", hashed="none", with_manifest="absent",
    ...                   with_installed="absent")])
    {'total': 1, 'missing': 1, 'unhashed': 0, 'drifted': 0, 'undecided': 0}
    """
    every = list(locks)
    return {
        "total": len(every),
        "missing": sum(one.missing for one in every),
        "unhashed": sum(one.unbound for one in every),
        "drifted": sum(one.drifted for one in every),
        "undecided": sum(one.undecided for one in every),
    }
