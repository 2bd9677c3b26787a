"""Witnesses, seen by those who rely on them: is a checkpoint cosigned by enough of them?"""

import msgspec

from assay.formats.logpolicy import NONE, LogPolicy
from assay.formats.note import Note, checkpoint
from assay.formats.vkey import VerifierKey
from assay.model.errors import UntrustedError
from assay.trust import notes


class Cosigned(msgspec.Struct, frozen=True):
    """A witness whose cosignature holds."""

    name: str
    """As the policy calls it."""
    time: int
    """POSIX seconds; 0 where the witness says nothing of the time."""


class Quorum(msgspec.Struct, frozen=True):
    """Proof that enough witnesses saw a checkpoint."""

    rule: str
    """Name of the group or witness that the policy demands; `none`."""
    witnesses: tuple[Cosigned, ...]
    """Everyone whose cosignature holds, in the policy's order."""


def quorum(value: Note, policy: LogPolicy, *, where: str = "checkpoint") -> Quorum:
    """Judge a checkpoint by a policy: signed by one of its logs (where it lists any), cosigned by its quorum.

    Lines by unknown keys are ignored. A line of a known witness that does not hold refuses the note: it was altered,
    or that witness's key is not the one the policy says (signed-note, "Signatures").

    Raises:
        UntrustedError: `WITNESS_QUORUM`, step `witnesses`.
        MalformedError: the note's text is no checkpoint.
    """
    origin = checkpoint(value.text, where=where).origin
    if policy.logs and not any(
        log.key.name == origin and _time(log.key, value, where) is not None for log in policy.logs
    ):
        raise _no(where, f"{origin[:100]!r} is not signed by a log of the policy")
    times = {witness.name: _time(witness.key, value, where) for witness in policy.witnesses}
    found = tuple(Cosigned(name, time) for name, time in times.items() if time is not None)
    satisfied = {NONE, *(one.name for one in found)}
    for group in policy.groups:
        if sum(member in satisfied for member in group.members) >= group.threshold:
            satisfied.add(group.name)
    if policy.quorum not in satisfied:
        names = ", ".join(one.name for one in found) or "none"
        raise _no(where, f"the quorum {policy.quorum!r} is not reached; cosigned by {names} of {len(times)} witnesses")
    return Quorum(policy.quorum, found)


def _time(key: VerifierKey, value: Note, where: str) -> int | None:
    """Time of the key's signature, None where it did not sign.

    Raises:
        UntrustedError: a line with the key's name and id that does not hold.
    """
    times = [notes.verify(key, value.text, line, where=where) for line in notes.lines_of(key, value)]
    if None in times:
        raise _no(where, f"the signature of {key.name} does not hold")
    return max((time for time in times if time is not None), default=None)


def _no(where: str, why: str) -> UntrustedError:
    return UntrustedError(
        "the checkpoint lacks its witnesses",
        where=where,
        why=why,
        remedy="wait until they have cosigned, or ask the log's operator",
        code="WITNESS_QUORUM",
        step="witnesses",
    )
