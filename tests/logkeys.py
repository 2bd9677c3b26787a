"""Keys of logs and witnesses for tests: one of each kind, made once."""

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa

from assay.formats import note
from assay.formats.note import Checkpoint, Note
from assay.trust import notes
from signing import MemorySigner

LOG = MemorySigner(ed25519.Ed25519PrivateKey.generate())
P256_LOG = MemorySigner(ec.generate_private_key(ec.SECP256R1()))
WITNESSES = [MemorySigner(ed25519.Ed25519PrivateKey.generate()) for _ in range(4)]
QUANTUM = MemorySigner(mldsa.MLDSA44PrivateKey.generate())
ORIGIN = "log.example/2026"


def witness_key(index: int):
    return notes.key_of(f"witness.example/{index}", WITNESSES[index].public_key(), cosigner=True, where="x")


def log_key(signer=LOG, origin=ORIGIN):
    return notes.key_of(origin, signer.public_key(), cosigner=False, where="x")


def signed(checkpoint: Checkpoint, *cosigners: int, time: int = 1_700_000_000, log=LOG) -> Note:
    """A checkpoint signed by the log and by these witnesses."""
    text = note.checkpoint_text(checkpoint)
    lines = [notes.sign(text, checkpoint.origin, log)]
    lines += [notes.sign(text, f"witness.example/{i}", WITNESSES[i], time=time) for i in cosigners]
    return Note(text, tuple(lines))
