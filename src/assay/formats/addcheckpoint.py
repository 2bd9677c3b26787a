"""The request a log sends to a witness: `old N`, proof lines, a blank line, a checkpoint (c2sp.org/tlog-witness)."""

from collections.abc import Sequence

import msgspec

from assay.formats import base64text, note
from assay.formats.note import Checkpoint, Note
from assay.model.errors import MalformedError
from assay.model.limits import DEFAULT_LIMITS, Limits

PROOF_LINES_COUNT = 63
"""The page allows no more; no tree is deeper."""
SIZE_TYPE = "text/x.tlog.size"
"""Media type of the answer 409: the size the witness knows."""


class AddCheckpoint(msgspec.Struct, frozen=True):
    """What a witness is asked to cosign."""

    old: int
    """Size the proof begins at: what the asker thinks the witness cosigned last."""
    proof: tuple[bytes, ...]
    note: Note
    checkpoint: Checkpoint
    """What the note says."""


def read(data: bytes, *, where: str, limits: Limits = DEFAULT_LIMITS) -> AddCheckpoint:
    """Read a request.

    Raises:
        MalformedError: another form, more than 63 proof lines, a hash of another length, no checkpoint.
    """
    head, blank, rest = data.partition(b"\n\n")
    lines = head.split(b"\n")
    if not blank or len(lines) > PROOF_LINES_COUNT + 1 or not lines[0].startswith(b"old "):
        raise _bad(where, "expected `old N`, at most 63 proof lines, a blank line, a checkpoint")
    words = [line.decode("ascii", "replace") for line in lines]
    proof = tuple(base64text.decode(word, where=f"{where}: proof line {i}") for i, word in enumerate(words[1:], 1))
    if any(len(item) != note.HASH_BYTES for item in proof):
        raise _bad(where, "a proof line of another length than 32 bytes")
    value = note.parse(rest, where=where, limits=limits)
    checkpoint = note.checkpoint(value.text, where=where)
    return AddCheckpoint(note.size(words[0].removeprefix("old "), where=where), proof, value, checkpoint)


def write(old: int, proof: Sequence[bytes], value: Note) -> bytes:
    """The bytes of a request; the inverse of `read`."""
    lines = "".join(f"{base64text.encode(item)}\n" for item in proof)
    return f"old {old}\n{lines}\n".encode() + note.write(value)


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError(
        "not a request to cosign", where=where, why=why, remedy="see c2sp.org/tlog-witness, add-checkpoint"
    )
