"""C2SP signed notes and the checkpoints that logs write in them: bytes to values and back, one spelling each.

c2sp.org/signed-note, c2sp.org/tlog-checkpoint. Nothing is believed here: which signatures hold is asked in `trust`.
"""

import hashlib
import re

import msgspec

from assay.formats import base64text
from assay.model.errors import MalformedError
from assay.model.limits import DEFAULT_LIMITS, Limits

ED25519 = 0x01
"""Signature type of a plain Ed25519 key (signed-note, "Signature types")."""
COSIGNATURE_ED25519 = 0x04
"""A witness's timestamped Ed25519 cosignature (tlog-cosignature)."""
COSIGNATURE_ML_DSA_44 = 0x06
"""A witness's timestamped ML-DSA-44 cosignature (tlog-cosignature)."""

HASH_BYTES = 32
KEY_ID_BYTES = 4
SIZE_LIMIT = 1 << 63
"""Sizes and indices lie below this: the protocols carry them as signed 64-bit integers."""
_DASH = "—"
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


class NoteSignature(msgspec.Struct, frozen=True):
    """One signature line. Name and key id together name the key and its algorithm."""

    name: str
    key_id: bytes
    """Four bytes: a hint, no identity."""
    signature: bytes


class Note(msgspec.Struct, frozen=True):
    """A text and the lines under it."""

    text: str
    """With its final line break: these bytes are signed."""
    signatures: tuple[NoteSignature, ...] = ()


class Checkpoint(msgspec.Struct, frozen=True):
    """What a log says of itself: so many leaves, this root."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()


def parse(data: bytes, *, where: str, limits: Limits = DEFAULT_LIMITS) -> Note:
    """Read a signed note (signed-note, "Format").

    Args:
        data: the bytes as received.
        where: named in errors.
        limits: `note_bytes` and `note_signatures_count`.

    Raises:
        MalformedError: not UTF-8, a control character, no blank line, no signature, a line of another form, too long.
    """
    if len(data) > limits.note_bytes:
        raise _bad(where, f"{len(data)} bytes, limit {limits.note_bytes}")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _bad(where, f"not UTF-8 at byte {error.start}") from error
    if found := _CONTROL.search(text):
        raise _bad(where, f"control character U+{ord(found[0]):04X}")
    blank = text.rfind("\n\n")  # "the last empty line in the note"
    if blank < 0 or not text.endswith("\n"):
        raise _bad(where, "no blank line between text and signatures, or no line break at the end")
    return Note(text[: blank + 1], signature_lines(text[blank + 2 :], where=where, limits=limits))


def signature_lines(text: str, *, where: str, limits: Limits = DEFAULT_LIMITS) -> tuple[NoteSignature, ...]:
    """Signature lines alone, as a witness answers with them; at least one.

    Raises:
        MalformedError: a line of another form, too many, none.
    """
    lines = text.split("\n")
    if lines.pop() or not lines:
        raise _bad(where, "no signature line, or one without a line break")
    if len(lines) > limits.note_signatures_count:
        raise _bad(where, f"{len(lines)} signature lines, limit {limits.note_signatures_count}")
    return tuple(_signature(line, f"{where}: signature line {i + 1}") for i, line in enumerate(lines))


def write(note: Note) -> bytes:
    """The note's bytes; `parse(write(note)) == note`.

    Raises:
        MalformedError: a text without final line break, no signature, a name that cannot stand in a line.
    """
    data = f"{note.text}\n{lines(note.signatures)}".encode()
    if parse(data, where="note") != note:
        raise _bad("note", "text or signatures cannot be written")
    return data


def lines(signatures: tuple[NoteSignature, ...]) -> str:
    """Signature lines, each with its line break."""
    return "".join(f"{_DASH} {s.name} {base64text.encode(s.key_id + s.signature)}\n" for s in signatures)


def checkpoint(text: str, *, where: str) -> Checkpoint:
    """Read a note's text as a checkpoint (tlog-checkpoint, "Note text").

    Raises:
        MalformedError: fewer than three lines, an empty line, a size or root of another form.
    """
    if not text.endswith("\n"):
        raise _bad(where, "no line break at the end of the checkpoint")
    rows = text[:-1].split("\n")
    if len(rows) < 3 or not all(rows):
        raise _bad(where, "a checkpoint is origin, size, root and extensions, no line of them empty")
    root = base64text.decode(rows[2], where=f"{where}: root hash")
    if len(root) != HASH_BYTES:
        raise _bad(where, f"a root hash of {len(root)} bytes, expected {HASH_BYTES}")
    return Checkpoint(rows[0], size(rows[1], where=where), root, tuple(rows[3:]))


def checkpoint_text(value: Checkpoint) -> str:
    """The text a log signs; `checkpoint(checkpoint_text(x)) == x`.

    Raises:
        MalformedError: a value that has no such text (an empty or broken line, a root of another length).
    """
    rows = (value.origin, str(value.size), base64text.encode(value.root), *value.extensions)
    text = "".join(f"{row}\n" for row in rows)
    if checkpoint(text, where="checkpoint") != value:
        raise _bad("checkpoint", "cannot be written")
    return text


def size(text: str, *, where: str) -> int:
    """A tree size or index: ASCII decimal without leading zeroes, below 2^63.

    Raises:
        MalformedError: another form.
    """
    if not _DECIMAL.fullmatch(text) or (value := int(text)) >= SIZE_LIMIT:
        raise _bad(where, f"{text[:40]!r} is not a canonical decimal below 2^63")
    return value


def key_id(name: str, kind: int, key: bytes) -> bytes:
    """The whole key id, 32 bytes: SHA-256(name ‖ 0x0A ‖ signature type ‖ key); lines carry the first four."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + key).digest()


def is_name(name: str) -> bool:
    """Whether a key may bear this name: not empty, no Unicode space, no plus, no control character."""
    return bool(name) and "+" not in name and not any(c.isspace() for c in name) and not _CONTROL.search(name)


def _signature(line: str, where: str) -> NoteSignature:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    if dash != _DASH or not is_name(name):
        raise _bad(where, "expected an em dash, a key name, base64")
    data = base64text.decode(encoded, where=where)
    if len(data) <= KEY_ID_BYTES:
        raise _bad(where, f"{len(data)} bytes hold no signature")
    return NoteSignature(name, data[:KEY_ID_BYTES], data[KEY_ID_BYTES:])


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not a signed note", where=where, why=why, remedy="ask its log for a valid one")
