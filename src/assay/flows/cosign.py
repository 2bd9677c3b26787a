"""The log's side: show a new checkpoint to its witnesses and gather their lines until the policy is content."""

from collections.abc import Mapping

from assay.formats import addcheckpoint, note
from assay.formats.logpolicy import LogPolicy, Witness
from assay.formats.note import Note, NoteSignature
from assay.model.errors import AssayError, MalformedError, UnavailableError, UntrustedError
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.ports.logs import Cosigner
from assay.trust import notes, witness
from assay.trust.tiles import TileTree

_OK, _CONFLICT = 200, 409
_AGAIN_ROUNDS = 16
"""Batches after which a silent witness is asked again though the quorum does not need it."""


class Witnesses:
    """The witnesses of a policy, each behind its door: a `flows.log.Cosign`.

    Args:
        policy: its quorum decides when to stop; witnesses without a door are left out.
        doors: name in the policy to door.
        limits: the bounds.
    """

    def __init__(self, policy: LogPolicy, doors: Mapping[str, Cosigner], limits: Limits = DEFAULT_LIMITS) -> None:
        self._policy, self._doors, self._limits = policy, doors, limits
        self._known: dict[str, int] = {}
        self._silent: set[str] = set()
        self._rounds = 0

    def __call__(self, value: Note, old: int, tree: TileTree) -> Note:
        """The note with the lines of enough witnesses.

        Args:
            value: signed by the log.
            old: size of the checkpoint published before; a witness that has not been asked yet is thought to know it.
            tree: the tree of the note, for proofs.

        Raises:
            UnavailableError: too few answer with lines that hold; each reason is named.
        """
        reasons: list[str] = []
        self._rounds += 1
        for one in sorted(self._policy.witnesses, key=lambda one: one.name in self._silent):
            door = self._doors.get(one.name)
            if door is None or self._is_spared(one, value):
                continue
            try:
                value = Note(value.text, value.signatures + self._ask(one, door, value, old, tree))
                self._silent.discard(one.name)
            except AssayError as error:
                self._silent.add(one.name)
                reasons.append(f"{one.name}: {error.why or error.what}")
        try:
            witness.quorum(value, self._policy)
        except UntrustedError as error:
            raise UnavailableError(
                "the log's witnesses do not cosign",
                where=note.checkpoint(value.text, where="checkpoint").origin,
                why="; ".join([error.why, *reasons]),
                remedy="try again when they can be reached",
            ) from error
        return value

    def _is_spared(self, one: Witness, value: Note) -> bool:
        """Who did not answer last time is asked only where the quorum needs it, or now and then."""
        if one.name not in self._silent or self._rounds % _AGAIN_ROUNDS == 0:
            return False
        try:
            witness.quorum(value, self._policy)
        except UntrustedError:
            return False
        return True

    def _ask(self, one: Witness, door: Cosigner, value: Note, old: int, tree: TileTree) -> tuple[NoteSignature, ...]:
        """The lines of one witness; where it knows another size than we thought, once more from there."""
        start = self._known.get(one.name, old)
        for _ in range(2):
            request = addcheckpoint.write(start, tree.consistency(start), value)
            status, body = door.add_checkpoint(request)
            if status == _OK:
                self._known[one.name] = tree.size
                return self._lines(one, value, body)
            if status != _CONFLICT:
                raise UnavailableError("refused", why=f"answers {status}")
            start = note.size(_text(body).strip("\n"), where="size")
            if start > tree.size:
                raise UnavailableError("refused", why=f"has seen size {start}, this is {tree.size}")
        raise UnavailableError("refused", why=f"answers {_CONFLICT} again")

    def _lines(self, one: Witness, value: Note, body: bytes) -> tuple[NoteSignature, ...]:
        """Those lines that are this witness's, and hold; others are ignored."""
        lines = note.signature_lines(_text(body), where=f"answer of {one.name}", limits=self._limits)
        mine = notes.lines_of(one.key, Note(value.text, lines))
        held = tuple(line for line in mine if notes.verify(one.key, value.text, line, where=one.name) is not None)
        if not held:
            raise UnavailableError("refused", why="no line by its key holds")
        return held[:1]


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise MalformedError("not a witness's answer", why="not UTF-8") from error
