"""A verifier that remembers: what logs said in bundles verified before is held against what they say now."""

from collections.abc import Callable
from contextlib import suppress

from assay.flows.witness import Seen
from assay.formats import bundle as bundles
from assay.formats import note
from assay.formats.note import Checkpoint, Note
from assay.model.errors import MalformedError
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.trust.examine import Row


def remembering(
    seen: Seen | None,
    bundle: bytes,
    judge: Callable[[tuple[Checkpoint, ...]], Row],
    *,
    where: str,
    limits: Limits = DEFAULT_LIMITS,
) -> Row:
    """Judge a bundle with the memory of its logs; what was verified is remembered, both notes of a fork are kept.

    Only a checkpoint whose signature was checked is remembered: where a managed key alone vouches nobody looked at it,
    and whoever can write one without proof could make an honest log look forked.

    Args:
        seen: the memory; None to judge without one.
        bundle: as received.
        judge: the verifier, told the checkpoints to put into `Expected.seen`.
        where: names the bundle.
        limits: the bounds.

    Returns:
        what the verifier says; `LOG_FORK` where a log has signed two trees of one size.

    Raises:
        UnavailableError, MalformedError: the memory cannot be read or written.
        UntrustedError: `LOG_FORK`, where another process has remembered the other tree meanwhile.
    """
    if seen is None:
        return judge(())
    found = _checkpoints(bundle, where, limits)
    known = [before for value in found if (before := seen.like(value)) is not None]
    row = judge(tuple(note.checkpoint(one.text, where="memory") for one in known))
    if row.code == "LOG_FORK":  # the verifier says so only of checkpoints that their log signed
        with seen.files.exclusive():
            for value in found:
                if (before := seen.like(value)) is not None and before.text != value.text:
                    seen.keep_fork(before, value)
    elif row.outcome == "verified" and ("checkpoint", "pass") in [(c.step, c.outcome) for c in row.checks]:
        for value in found:
            seen.check(value)
    return row


def _checkpoints(data: bytes, where: str, limits: Limits) -> list[Note]:
    """The checkpoints in a bundle; what cannot be read is for the verifier to refuse."""
    found: list[Note] = []
    with suppress(MalformedError):
        for entry in bundles.read(data, where=where, limits=limits).entries:
            if entry.proof is not None and entry.proof.checkpoint is not None:
                value = note.parse(entry.proof.checkpoint.encode(), where=where, limits=limits)
                note.checkpoint(value.text, where=where)
                found.append(value)
    return found
