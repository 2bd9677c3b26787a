"""A verifier that remembers: what logs said in bundles verified before is held against what they say now."""

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from assay.flows.witness import Seen
from assay.formats import bundle as bundles
from assay.formats import note
from assay.formats.note import Checkpoint, Note
from assay.model.errors import MalformedError, UntrustedError
from assay.model.limits import DEFAULT_LIMITS, Limits

T = TypeVar("T")


def remembering(
    seen: Seen,
    bundle: bytes,
    judge: Callable[[tuple[Checkpoint, ...]], T],
    *,
    where: str,
    limits: Limits = DEFAULT_LIMITS,
) -> T:
    """Judge a bundle with the memory of its logs; what was verified is remembered, both notes of a fork are kept.

    Args:
        seen: the memory.
        bundle: as received.
        judge: the verifier, told the checkpoints to put into `Expected.seen`; it raises where it refuses.
        where: names the bundle.
        limits: the bounds.

    Raises:
        UntrustedError: what `judge` raises; `LOG_FORK` where a log has signed two trees of one size.
        UnavailableError: the memory cannot be read or written.
    """
    found = _checkpoints(bundle, where, limits)
    known = [before for value in found if (before := seen.like(value)) is not None]
    try:
        result = judge(tuple(note.checkpoint(one.text, where="memory") for one in known))
    except UntrustedError as error:
        if error.code == "LOG_FORK":  # the verifier says so only of checkpoints that their log signed
            with seen.files.exclusive():
                for value in found:
                    if (before := seen.like(value)) is not None and before.text != value.text:
                        seen.keep_fork(before, value)
        raise
    for value in found:
        seen.check(value)
    return result


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
