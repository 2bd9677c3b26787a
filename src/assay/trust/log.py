"""Log entries: which trusted log they are of, its promise, its checkpoint, and the proof that it holds them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from assay.formats import note, rekor
from assay.formats.bundle import InclusionProof, LogEntry
from assay.formats.note import Checkpoint, Note
from assay.formats.trustroot import TransparencyLog, TrustedRoot
from assay.model.errors import MalformedError, UntrustedError
from assay.model.limits import Limits
from assay.trust import dsse, merkle, root
from assay.trust.keyring import Key

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_SECONDS = 253_402_300_799
_HASH_BYTES = 32


class Proven(msgspec.Struct, frozen=True):
    """A checkpoint the log signed, of a tree that holds the entry."""

    checkpoint: Checkpoint
    signed: Note


def is_version_2(entry: LogEntry) -> bool:
    """Whether the entry is of a tile log (rekor-tiles): no promise, no time, one index."""
    return (entry.kind, entry.version) == rekor.HASHEDREKORD_V2


def find(entry: LogEntry, roots: TrustedRoot, *, name: str) -> tuple[tuple[TransparencyLog, Key], ...]:
    """Step 6: the listed logs the entry may be of, oldest first, with their keys.

    Raises:
        UntrustedError: `LOG_UNKNOWN`.
    """
    known = root.candidates(entry, roots)
    found = tuple((log, key) for log in known if (key := root.key_of(log)) is not None)
    if not found:
        why = "its key is not of the kind the trusted root says" if known else "the trusted root does not list it"
        raise _no("LOG_UNKNOWN", "log", name, f"log {entry.log_id.hex()[:64] or 'without id'}: {why}")
    return found


def check_promise(entry: LogEntry, key: Key, *, name: str) -> datetime | None:
    """Step 9: the time the log promised to have taken the entry in; None without a promise.

    Raises:
        UntrustedError: `PROMISE`: it does not hold, or a log of version 2 would not have given it.
    """
    if is_version_2(entry):
        if entry.promise is not None or entry.integrated_time is not None:
            raise _no("PROMISE", "promise", name, "a log of version 2 gives neither promise nor time")
        return None
    if entry.promise is None:
        return None
    seconds = entry.integrated_time
    if seconds is None or seconds > _LAST_SECONDS:
        raise _no("PROMISE", "promise", name, "a promise without a time")
    message = rekor.promised(entry.body, integrated_time=seconds, log_id=entry.log_id, log_index=entry.log_index)
    if not dsse.valid(key, entry.promise, message):
        raise _no("PROMISE", "promise", name, f"the signed entry timestamp does not hold under the key of {key.name}")
    return _EPOCH + timedelta(seconds=seconds)


def check_inclusion(entry: LogEntry, log: TransparencyLog, key: Key, *, name: str, limits: Limits) -> Proven:
    """Steps 7 and 8: the checkpoint is the log's, and the tree it speaks of holds the entry.

    Raises:
        UntrustedError: `INCLUSION_MISSING`, `CHECKPOINT_FORM`, `CHECKPOINT_SIGNATURE`, `CHECKPOINT_ROOT`,
            `INCLUSION_PROOF`.
    """
    proof = entry.proof
    if proof is None:
        raise _no("INCLUSION_MISSING", "inclusion", name, "no inclusion proof")
    proven = _checkpoint(proof, log, key, version_2=is_version_2(entry), name=name, limits=limits)
    said = proven.checkpoint
    if (proof.root_hash, proof.tree_size) != (said.root, said.size):
        why = f"the proof is for a tree of {proof.tree_size}, the checkpoint speaks of another"
        raise _no("CHECKPOINT_ROOT", "inclusion", name, why)
    if is_version_2(entry) and entry.log_index != proof.log_index:
        # Version 1 differs by design: the outer index is global, the inner one counts within a shard.
        raise _no("INCLUSION_PROOF", "inclusion", name, f"two indices, {entry.log_index} and {proof.log_index}")
    leaf = merkle.leaf_hash(entry.body)
    if not merkle.verify_inclusion(proof.log_index, proof.tree_size, leaf, proof.hashes, proof.root_hash):
        why = f"entry {proof.log_index} is not proven to be in the tree of {proof.tree_size}"
        raise _no("INCLUSION_PROOF", "inclusion", name, why)
    return proven


def check_fork(said: Checkpoint, seen: Sequence[Checkpoint], *, name: str) -> None:
    """Step 17: no checkpoint seen before has another root for this origin and size.

    Raises:
        UntrustedError: `LOG_FORK`.
    """
    for one in seen:
        if (one.origin, one.size) == (said.origin, said.size) and one.root != said.root:
            why = f"{said.origin[:100]!r} has two roots for size {said.size}: {one.root.hex()} and {said.root.hex()}"
            raise _no("LOG_FORK", "fork", name, why)


def _checkpoint(
    proof: InclusionProof, log: TransparencyLog, key: Key, *, version_2: bool, name: str, limits: Limits
) -> Proven:
    if proof.checkpoint is None:
        raise _no("CHECKPOINT_FORM", "checkpoint", name, "the proof has no checkpoint")
    try:
        signed = note.parse(proof.checkpoint.encode("utf-8"), where=name, limits=limits)
        said = note.checkpoint(signed.text, where=name)
    except MalformedError as error:
        raise _no("CHECKPOINT_FORM", "checkpoint", name, error.why) from error
    signer = said.origin if version_2 else said.origin.partition(" - ")[0]
    key_id = root.note_key(log, key, signer, version_2=version_2)
    mine = [line for line in signed.signatures if key_id and (line.name, line.key_id) == (signer, key_id)]
    if not mine:
        raise _no(
            "CHECKPOINT_SIGNATURE", "checkpoint", name, f"no line is signed by {log.base_url} as {signer[:100]!r}"
        )
    # Every line with the log's name and key id must hold; lines by others are not looked at.
    if not all(dsse.valid(key, line.signature, signed.text.encode("utf-8")) for line in mine):
        raise _no("CHECKPOINT_SIGNATURE", "checkpoint", name, f"it does not hold under the key of {log.base_url}")
    return Proven(said, signed)


_REMEDIES = {
    "LOG_UNKNOWN": "use the trusted root of the instance that logged it",
    "INCLUSION_MISSING": "ask for a bundle with an inclusion proof",
    "LOG_FORK": "keep both checkpoints: they prove that the log shows different trees to different people",
}


def _no(code: str, step: str, name: str, why: str) -> UntrustedError:
    return UntrustedError(
        "cannot believe this log entry", where=name, why=why, remedy=_REMEDIES.get(code, ""), code=code, step=step
    )
