"""Logs: notes and checkpoints, keys, policies, tiles, requests to witnesses, leaves; each law beside its door."""

from collections.abc import Iterable

from assay.formats import addcheckpoint, base64text, cosignature, ctleaf, logpolicy, note, tiles, vkey
from assay.formats.note import Checkpoint, Note, NoteSignature
from assay.formats.trustroot import TrustedRoot
from assay.trust import notes, watch, witness
from assay.trust.expect import Expected

from .shape import Harness, text_of

_KEYS = (
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
)
"""RFC 8032 §7.1, tests 1 and 2: real points, so that no signature of zeroes holds."""
_KEY = vkey.VerifierKey("log.example/a", note.ED25519, bytes.fromhex(_KEYS[0]))
_WITNESS = vkey.VerifierKey("w.example", note.COSIGNATURE_ED25519, bytes.fromhex(_KEYS[1]))
_QUANTUM = vkey.VerifierKey("q.example", note.COSIGNATURE_ML_DSA_44, bytes(1312))
_TEXT = note.checkpoint_text(Checkpoint("log.example/a", 7, bytes(32), ("extension",)))
_LINES = (
    NoteSignature(_KEY.name, _KEY.key_id, bytes(64)),
    NoteSignature(_WITNESS.name, _WITNESS.key_id, cosignature.wrap(5, bytes(64))),
)
_POLICY = f"log {vkey.write(_KEY)}\nwitness a {vkey.write(_WITNESS)} https://w.example\ngroup g any a\nquorum g\n"
_RULES = logpolicy.parse(_POLICY, where="x")


def check_note(data: bytes) -> None:
    """A note has one spelling; a checkpoint too; and no line makes a quorum of keys that signed nothing."""
    found = note.parse(data, where="x")
    assert note.write(found) == data
    for key in (_KEY, _WITNESS, _QUANTUM):
        for line in found.signatures:
            assert notes.verify(key, found.text, line, where="x") is None
    said = note.checkpoint(found.text, where="x")
    assert note.checkpoint_text(said) == found.text
    witness.quorum(found, _RULES)
    raise AssertionError("nobody signed")


def check_vkey(data: bytes) -> None:
    """A key has one spelling."""
    text = data.decode("latin-1")
    assert vkey.write(vkey.read(text, where="x")) == text


def check_policy(data: bytes) -> None:
    """Whatever a policy says can be satisfied by all of its witnesses together."""
    found = logpolicy.parse(text_of(data), where="x")
    satisfied = {logpolicy.NONE, *(one.name for one in found.witnesses)}
    for group in found.groups:
        assert len(set(group.members)) == len(group.members) >= group.threshold >= 1
        assert satisfied.issuperset(group.members)
        satisfied.add(group.name)
    assert found.quorum in satisfied


def check_tile(data: bytes) -> None:
    """A path has one spelling; entries are written as they were read."""
    tile = tiles.tile_of(data.decode("latin-1"))
    assert tile is None or tile.path.encode("latin-1") == data
    width = data[0] + 1 if data else 1
    assert tiles.bundle(tiles.entries(data[1:], width, where="x")) == data[1:]


def check_request(data: bytes) -> None:
    """A request to cosign is written as it was read, and is never granted to a log that did not sign."""
    found = addcheckpoint.read(data, where="x")
    assert addcheckpoint.write(found.old, found.proof, found.note) == data
    refused = witness.judge(found, [_KEY], None)
    assert refused is not None
    assert refused.status == 403


def check_cosignature(data: bytes) -> None:
    """What travels is what was wrapped; a message is made of every checkpoint."""
    for kind in (note.COSIGNATURE_ED25519, note.COSIGNATURE_ML_DSA_44):
        parts = cosignature.unwrap(kind, data)
        assert parts is None or cosignature.wrap(*parts) == data
        cosignature.message(kind, "w.example", 5, data.decode("utf-8", "replace"), where="x")


def check_entry(data: bytes) -> None:
    """A monitor has an opinion about every entry and every leaf."""
    expected = Expected()
    assert watch.entry(data, 3, "x", expected, TrustedRoot()).kind
    assert watch.issued(data, 3, "x", expected).kind
    leaf = ctleaf.read(data, where="x")
    assert 12 + 32 + 3 + len(leaf.tbs) + 2 <= len(data)
    leaf.certificate(where="x")


def _notes() -> Iterable[bytes]:
    yield note.write(Note(_TEXT, _LINES))
    yield note.write(Note("a poem\n\nof two stanzas\n", _LINES[:1]))
    yield _TEXT.encode()


def _keys() -> Iterable[bytes]:
    yield from (vkey.write(key).encode() for key in (_KEY, _WITNESS, _QUANTUM))
    yield f"rekor.example+{'0' * 8}+{base64text.encode(bytes([vkey.ECDSA, 1, 2]))}".encode()


def _requests() -> Iterable[bytes]:
    yield addcheckpoint.write(3, (bytes(32), b"\1" * 32), Note(_TEXT, _LINES))
    yield addcheckpoint.write(0, (), Note(_TEXT, _LINES[:1]))


def _tiles() -> Iterable[bytes]:
    yield b"tile/0/x001/x234/067"
    yield b"tile/entries/000.p/5"
    yield b"\2" + tiles.bundle([b"a", b"", b"c" * 300])


def _leaves() -> Iterable[bytes]:
    yield b"\0\0" + bytes(8) + b"\0\1" + bytes(32) + b"\0\0\2" + b"\x30\x00" + b"\0\0"
    yield b'{"apiVersion":"0.0.1","kind":"genesis","spec":{"origin":"log.example/a"}}'


HARNESSES = (
    Harness(name="note", check=check_note, doors=(note.parse, notes.verify, witness.quorum), seeds=_notes),
    Harness(name="note-key", check=check_vkey, doors=(vkey.read,), seeds=_keys),
    Harness(name="log-policy", check=check_policy, doors=(logpolicy.parse,), seeds=lambda: (_POLICY.encode(),)),
    Harness(name="log-tile", check=check_tile, doors=(tiles.entries, tiles.tile_of), seeds=_tiles),
    Harness(name="add-checkpoint", check=check_request, doors=(addcheckpoint.read, witness.judge), seeds=_requests),
    Harness(name="cosignature", check=check_cosignature, doors=(cosignature.unwrap,), seeds=_notes),
    Harness(name="log-entry", check=check_entry, doors=(ctleaf.read, watch.entry, watch.issued), seeds=_leaves),
)
