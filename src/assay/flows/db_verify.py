"""`assay db verify`: every check there is, each with its outcome; the first that fails is raised."""

import msgspec

from assay.flows.db import Wish
from assay.flows.db_numbers import newest, refuse_rollback
from assay.flows.db_trust import judged
from assay.model.digest import Digest
from assay.model.evidence import Check, Evidence
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.ports.databases import Candidate
from assay.ports.feeds import KeptDatabase
from assay.ports.stores import DatabaseStatus


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What was checked."""

    status: DatabaseStatus
    file: Digest
    checks: tuple[Check, ...]
    evidence: Evidence | None = None
    """The verified signature; None where no key was given."""


def check(place: KeptDatabase, wish: Wish, limits: Limits = DEFAULT_LIMITS) -> Verified:
    """Check form, key encoders, SQLite's integrity, the content digest, the number, and the signature.

    Raises:
        UnavailableError: there is no database.
        MalformedError, UnsupportedError: damaged, or of another program version.
        UntrustedError: older than one used here; signature missing, wrong, by another key, or about another database.
    """
    seen = newest(place)
    found: list[Verified] = []

    def look(candidate: Candidate) -> bytes:
        status = candidate.verify()
        digest = candidate.digest()
        refuse_rollback(status, seen, allowed=wish.allow_rollback)
        done = [
            Check("form", "pass", f"schema {status.schema}, {len(status.encoders)} key encoders, all of this program"),
            Check("integrity", "pass", "SQLite's integrity check"),
            Check("content", "pass", status.content_digest),
            Check("file", "pass", str(digest)),
            Check("number", "pass", f"build {status.build}, newest seen {seen.build}"),
        ]
        evidence = None
        if wish.keys is not None:
            _, evidence = judged(candidate, wish.keys, wish.now, limits)
            done.append(Check("signature", "pass", f"by {evidence.signer.name}, key {evidence.signer.key_id}"))
        else:
            count = len(candidate.signatures())
            done.append(Check("signature", "skip", "present, no key was given" if count else "there is none"))
        found.append(Verified(status=status, file=digest, checks=tuple(done), evidence=evidence))
        return b""

    place.examine(look)
    return found[0]
