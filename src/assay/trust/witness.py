"""Witnesses: is a checkpoint cosigned by enough of them, and may a witness cosign what a log shows it?"""

from collections.abc import Sequence

import msgspec

from assay.formats.addcheckpoint import AddCheckpoint
from assay.formats.logpolicy import NONE, LogPolicy
from assay.formats.note import Checkpoint, Note, checkpoint
from assay.formats.vkey import VerifierKey
from assay.model.errors import UntrustedError
from assay.trust import merkle, notes


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


class Refused(msgspec.Struct, frozen=True):
    """Why a witness does not cosign, in the status codes of c2sp.org/tlog-witness."""

    status: int
    why: str
    size: int | None = None
    """409: the size the witness cosigned last."""
    fork: bool = False
    """The log has signed two trees of one size: both notes are the proof of it."""


def judge(asked: AddCheckpoint, keys: Sequence[VerifierKey], last: Checkpoint | None) -> Refused | None:
    """Whether a witness may cosign; None: it may, once the checkpoint is its new last one, durably.

    Args:
        asked: the request.
        keys: the keys trusted for the request's origin; none where the origin is unknown.
        last: what this witness cosigned last of this origin.

    Between reading `last` and keeping the new one nobody else may do the same.
    """
    said = asked.checkpoint
    if not keys:
        return Refused(404, "unknown origin")
    if not is_signed(asked.note, keys):
        return Refused(403, "no signature by a key of this log")
    known = last or Checkpoint(said.origin, 0, merkle.EMPTY_ROOT)
    if last is not None and said.size == last.size and said.root != last.root:
        return Refused(409, "another tree of this size was cosigned", last.size, fork=True)
    if asked.old > said.size:
        return Refused(400, "the old size is above the checkpoint's")
    if asked.old != known.size:
        return Refused(409, "another size was cosigned last", known.size)
    if not merkle.verify_consistency(known.size, known.root, said.size, said.root, asked.proof):
        return Refused(422, "the consistency proof does not hold")
    return None


def is_signed(value: Note, keys: Sequence[VerifierKey], *, where: str = "checkpoint") -> bool:
    """Whether a note carries a signature by one of these keys, and none in their names that does not hold."""
    times = [notes.verify(key, value.text, line, where=where) for key in keys for line in notes.lines_of(key, value)]
    return bool(times) and None not in times


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
