"""What a witness signs, and how the signature travels (c2sp.org/tlog-cosignature)."""

import struct

from assay.formats import note
from assay.formats.note import Checkpoint
from assay.model.errors import MalformedError

_TIME = struct.Struct(">Q")
_LABEL = b"subtree/v1\n\x00"
_LENGTHS = {note.COSIGNATURE_ED25519: 64, note.COSIGNATURE_ML_DSA_44: 2420}


def message(kind: int, name: str, time: int, text: str, *, where: str) -> bytes:
    """The bytes under a cosignature of a checkpoint.

    Args:
        kind: `note.COSIGNATURE_ED25519` or `note.COSIGNATURE_ML_DSA_44`.
        name: the witness's key name; only the ML-DSA form commits to it.
        time: POSIX seconds.
        text: the note's text, a checkpoint.
        where: named in errors.

    Raises:
        MalformedError: the text is no checkpoint, or a name too long for the form.
    """
    checkpoint = note.checkpoint(text, where=where)
    if kind == note.COSIGNATURE_ED25519:
        return f"cosignature/v1\ntime {time}\n{text}".encode()
    return _subtree(name, time, checkpoint, where)


def wrap(time: int, signature: bytes) -> bytes:
    """`timestamped_signature`: u64 time, then the signature."""
    return _TIME.pack(time) + signature


def unwrap(kind: int, data: bytes) -> tuple[int, bytes] | None:
    """Time and signature of a `timestamped_signature`; None where length or time is none of this kind."""
    if len(data) != _TIME.size + _LENGTHS[kind]:
        return None
    time = int(_TIME.unpack_from(data)[0])
    return (time, data[_TIME.size :]) if time < note.SIZE_LIMIT else None


def _subtree(name: str, time: int, checkpoint: Checkpoint, where: str) -> bytes:
    """`cosigned_message` with start 0: the checkpoint as the subtree of all its leaves."""
    words = (name.encode(), checkpoint.origin.encode())
    if not all(1 <= len(word) <= 255 for word in words):
        raise MalformedError(
            "no cosignature is possible", where=where, why="a name or origin above 255 bytes", remedy="shorten it"
        )
    cosigner, origin = (bytes([len(word)]) + word for word in words)
    sizes = _TIME.pack(0) + _TIME.pack(checkpoint.size)
    return _LABEL + cosigner + _TIME.pack(time) + origin + sizes + checkpoint.root
