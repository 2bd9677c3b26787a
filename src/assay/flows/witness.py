"""The witness's side: look at what a log shows, remember it, cosign it. And the memory of what anyone has seen."""

import hashlib
from collections.abc import Callable, Sequence

from assay.formats import addcheckpoint, note
from assay.formats.logpolicy import LogPolicy
from assay.formats.note import Checkpoint, Note
from assay.model.errors import MalformedError, UntrustedError
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.ports.decisions import Signer
from assay.ports.logs import DurableFiles
from assay.trust import notes, witness

PLAIN = "text/plain; charset=utf-8"


class WitnessRole:
    """A witness: `add_checkpoint` of c2sp.org/tlog-witness over files that survive a power cut.

    Args:
        name: the witness's key name, a schema-less URL.
        signers: its keys, Ed25519 or ML-DSA-44; each gives a line.
        logs: the logs it watches: the `log` lines of a policy.
        memory: a folder of its own.
        seconds: the clock, POSIX seconds.
        limits: the bounds.
    """

    def __init__(
        self,
        name: str,
        signers: Sequence[Signer],
        logs: LogPolicy,
        memory: DurableFiles,
        seconds: Callable[[], int],
        *,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self._name, self._signers, self._logs, self._seconds, self._limits = name, signers, logs, seconds, limits
        self._seen = Seen(memory, limits)
        for signer in signers:
            notes.key_of(name, signer.public_key(), cosigner=True, where=name)

    def add_checkpoint(self, data: bytes) -> tuple[int, bytes, str]:
        """Answer a request: status, body, media type. What is cosigned is durable before it is answered.

        Raises:
            UnavailableError: the memory cannot be written.
        """
        try:
            asked = addcheckpoint.read(data, where="request", limits=self._limits)
        except MalformedError as error:
            return 400, f"{error.line()}\n".encode(), PLAIN
        origin = asked.checkpoint.origin
        keys = [log.key for log in self._logs.logs if log.key.name == origin]
        with self._seen.files.exclusive():
            last = self._seen.last(origin)
            refused = witness.judge(asked, keys, note.checkpoint(last.text, where=origin) if last else None)
            if refused is None:
                self._seen.keep(origin, asked.note)
            elif refused.fork and last is not None:
                self._seen.keep_fork(last, asked.note)
        if refused is None:
            text, time = asked.note.text, self._seconds()
            lines = tuple(notes.sign(text, self._name, signer, time=time) for signer in self._signers)
            return 200, note.lines(lines).encode(), PLAIN
        if refused.size is not None:
            return refused.status, f"{refused.size}\n".encode(), addcheckpoint.SIZE_TYPE
        return refused.status, f"{refused.why}\n".encode(), PLAIN


class Seen:
    """The last checkpoint seen of each log, as its note; and both notes of every fork.

    A checkpoint is told apart by size: one that contradicts another of its size is a fork, whichever came first.
    """

    def __init__(self, files: DurableFiles, limits: Limits = DEFAULT_LIMITS) -> None:
        self.files, self._limits = files, limits

    def last(self, origin: str) -> Note | None:
        """The newest note of a log; None where none was seen."""
        return self._read(f"{_folder(origin)}/last")

    def like(self, value: Note) -> Note | None:
        """The note that was seen of this log and size; None where none was."""
        said = note.checkpoint(value.text, where="checkpoint")
        return self._read(f"{_folder(said.origin)}/sizes/{said.size}")

    def keep(self, origin: str, value: Note) -> None:
        """Make a note the last one, durably. The caller holds `files.exclusive()` and has judged it."""
        self.files.write({f"{_folder(origin)}/last": note.write(value)})

    def keep_fork(self, one: Note, other: Note) -> None:
        """Keep both notes: each is signed by the log, together they prove that it lied."""
        data = [note.write(one), note.write(other)]
        origin = note.checkpoint(one.text, where="fork").origin
        names = [f"{_folder(origin)}/fork-{hashlib.sha256(item).hexdigest()[:32]}" for item in data]
        self.files.write(dict(zip(names, data, strict=True)))

    def check(self, value: Note) -> None:
        """Compare a verified checkpoint with what was seen of its log, and remember it where it is newer.

        A larger tree is remembered without a proof of consistency: a verifier offline has none; the monitor has.

        Raises:
            UntrustedError: `LOG_FORK`: the log has signed another tree of this size; both notes are kept.
            UnavailableError: the memory cannot be read or written.
        """
        said = note.checkpoint(value.text, where="checkpoint")
        with self.files.exclusive():
            before = self.like(value)
            if before is None:
                self.files.write({f"{_folder(said.origin)}/sizes/{said.size}": note.write(value)})
            elif (known := note.checkpoint(before.text, where="checkpoint")).root != said.root:
                self.keep_fork(before, value)
                raise _fork(known, said)
            last = self.last(said.origin)
            if last is None or note.checkpoint(last.text, where="checkpoint").size < said.size:
                self.keep(said.origin, value)

    def _read(self, name: str) -> Note | None:
        data = self.files.read(name, self._limits.note_bytes)
        return None if data is None else note.parse(data, where=name, limits=self._limits)


def _folder(origin: str) -> str:
    return f"seen/{hashlib.sha256(origin.encode()).hexdigest()[:32]}"


def _fork(known: Checkpoint, said: Checkpoint) -> UntrustedError:
    return UntrustedError(
        "the log has two histories",
        where=said.origin,
        why=f"of size {said.size} it has signed the roots {known.root.hex()} and {said.root.hex()}",
        remedy="trust nothing of it any more; show both notes to its operator and its witnesses",
        code="LOG_FORK",
        step="log",
    )
