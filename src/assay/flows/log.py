"""One log: entries in, checkpoints out, in the order that lets no crash fork it or lose what was acknowledged.

Per batch, under the store's lock: entries → tiles → intent (size, root) → the key's memory → signature → witnesses →
published checkpoint → answer. Each is durable before the next begins. After a crash the intent, where there is one
beyond the published checkpoint, is signed and published exactly; entries without an intent were never acknowledged and
are dropped. The transparency log and the issuance log are both of this kind.
"""

from collections.abc import Callable, Sequence

import msgspec

from assay.flows.logfiles import CHECKPOINT, FROZEN, LogFiles, Places
from assay.formats import note
from assay.formats.note import Checkpoint, Note
from assay.formats.vkey import VerifierKey
from assay.model.errors import UnavailableError, UnsupportedError, UsageError
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.ports.decisions import Signer
from assay.ports.logs import DurableFiles
from assay.trust import append, merkle, notes
from assay.trust.append import Edge, Head
from assay.trust.tiles import TileTree, served

Cosign = Callable[[Note, int, TileTree], Note]
"""(note signed by the log, size published before, tree) → the note with enough cosignatures; else UnavailableError."""


class Placed(msgspec.Struct, frozen=True):
    """Where an entry stands; `fresh` is False for one that had been logged before."""

    index: int
    fresh: bool = True


class Appended(msgspec.Struct, frozen=True, kw_only=True):
    """Acknowledged entries, and the published checkpoint that covers them."""

    placed: tuple[Placed, ...]
    checkpoint: Note
    head: Head
    tree: TileTree
    """For proofs against `head`."""


class _State(msgspec.Struct, frozen=True):
    """The published log as it lies on disk."""

    note: Note
    edge: Edge
    head: Head
    tree: TileTree


class Log:
    """A log whose key and files are ours. Safe for several threads and processes; one batch at a time.

    Args:
        origin: name of the log and of its key; never used for another log.
        signer: its key: Ed25519, or ECDSA P-256 as issuance logs have.
        store: its public files.
        memory: what the key signed last; another folder, beside the key: a restored log must not find an equally old
            memory.
        cosign: collects the witnesses' signatures; None for a log without.
        unique: an entry that is there already is not logged again; its index is looked up.
        limits: the bounds.
    """

    def __init__(
        self,
        origin: str,
        signer: Signer,
        store: DurableFiles,
        memory: DurableFiles,
        *,
        cosign: Cosign | None = None,
        unique: bool = False,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self.origin = origin
        self.key: VerifierKey = notes.key_of(origin, signer.public_key(), cosigner=False, where=origin)
        self._signer, self._cosign = signer, cosign
        self._files = LogFiles(self.key, store, memory, limits)
        self._state: _State | None = None
        self._places = Places() if unique else None

    def create(self) -> Note:
        """Begin the log with its genesis leaf; after a crash, end what was begun.

        Raises:
            UsageError: there is a log here already.
            UntrustedError: the key has signed for this origin before.
        """
        files = self._files
        with files.store.exclusive():
            if files.published() is not None:
                raise UsageError("there is a log already", where=self.origin, remedy="choose another folder")
            intent = files.intent()
            if intent is not None:
                return self._finish(intent, None).note
            if files.record() is not None:
                raise files.stop("its key has signed, its files are gone", "LOG_ROLLBACK")
            return self._publish(Edge(), None, [append.genesis(self.origin)]).note

    def recover(self) -> Head:
        """Bring the log to rest after whatever happened; its published head.

        Raises:
            UnavailableError: there is no log, a file is missing, or the witnesses do not answer.
            UntrustedError: the files are older than the key's memory, or not of one tree.
        """
        with self._files.store.exclusive():
            return self._settled().head

    def append(self, bodies: Sequence[bytes]) -> Appended:
        """Log entries, in their order, and acknowledge them: they are durable and under a published checkpoint.

        Raises:
            MalformedError: an entry longer than 65,535 bytes; nothing is logged then.
            UnsupportedError: the log is frozen.
            UnavailableError: the disk is full, or too few witnesses answer. Entries may be published later even so.
            UntrustedError: as `recover`.
        """
        with self._files.store.exclusive():
            state = self._settled()
            if self.frozen:
                raise UnsupportedError(
                    "the log is frozen", where=self.origin, remedy="log to the one that took its place"
                )
            placed, fresh = self._place(bodies, state)
            if fresh:
                state = self._publish(state.edge, state, fresh)
                if self._places is not None:
                    self._places.add(fresh, state.head.size - len(fresh))
            return Appended(placed=placed, checkpoint=state.note, head=state.head, tree=state.tree)

    def freeze(self) -> Note:
        """Let the key sign no larger tree of this origin ever again; the log stays readable. Its last checkpoint."""
        files = self._files
        with files.store.exclusive():
            state = self._settled()
            with files.memory.exclusive():
                files.write_record(Checkpoint(self.origin, state.head.size, state.head.root, (FROZEN,)))
            files.store.write({FROZEN: f"{state.head.size}\n".encode()})
            return state.note

    @property
    def frozen(self) -> bool:
        """Whether the log takes no more entries."""
        record = self._files.record()
        return record is not None and bool(record.extensions)

    def published(self) -> Note:
        """The published checkpoint, as it lies there now.

        Raises:
            UnavailableError: there is none.
        """
        return self._published()[0]

    def tree(self) -> TileTree:
        """The published tree, for proofs."""
        return TileTree(self._published()[1].size, self._files.reader({}))

    def serve(self, path: str) -> bytes | None:
        """The answer to a reader's path (`checkpoint`, `tile/…`); None is 404."""
        value, checkpoint = self._published()
        if path == CHECKPOINT:
            return note.write(value)
        return served(path, checkpoint.size, self._files.reader({}))

    def _published(self) -> tuple[Note, Checkpoint]:
        found = self._files.published()
        if found is None:
            raise self._files.missing(CHECKPOINT)
        return found

    def _settled(self) -> _State:
        """The published state, after an intent beyond it was carried out, and the key's memory agrees."""
        files = self._files
        published, intent = files.published(), files.intent()
        if published is None:
            if intent is None:
                raise files.missing(CHECKPOINT)
            return self._finish(intent, None)
        value, checkpoint = published
        head = Head(checkpoint.size, checkpoint.root)
        if intent is not None and intent.size < head.size:
            raise files.stop("its intent is older than its checkpoint", "LOG_ROLLBACK")
        if intent is not None and intent.size > head.size:
            return self._finish(intent, head)
        if intent is not None and intent.root != head.root:
            raise files.stop("intent and checkpoint of one size differ", "LOG_FORK")
        if self._state is None or self._state.head != head:
            self._state = self._loaded(value, head)
        append.permit(files.record(), Checkpoint(self.origin, head.size, head.root), self._state.tree.root)
        self._remembers(head)
        return self._state

    def _remembers(self, published: Head) -> None:
        """The key's memory is written before every publication: it cannot end before the published tree."""
        record = self._files.record()
        if record is None or record.size < published.size:
            raise self._files.stop("the key's memory is gone, or older than the log", "LOG_ROLLBACK")

    def _loaded(self, value: Note, head: Head) -> _State:
        read = self._files.reader({})
        edge = append.edge_at(head.size, read)
        if edge.head != head:
            raise self._files.stop("its tiles have another root than its checkpoint", "LOG_FORK")
        return _State(value, edge, head, TileTree(head.size, read))

    def _finish(self, intent: Checkpoint, published: Head | None) -> _State:
        """Sign and publish exactly what the intent says, from the tiles that lie there."""
        self._state = None
        files = self._files
        read = files.reader({})
        edge = append.edge_at(intent.size, read)
        head, tree = edge.head, TileTree(intent.size, read)
        if head.root != intent.root:
            raise files.stop("its tiles have another root than its intent", "LOG_FORK")
        if published is not None:
            self._remembers(published)
            if tree.root(published.size) != published.root:
                raise files.stop("its intent does not continue its checkpoint", "LOG_FORK")
        # Whoever wrote the intent may have died before its name was durable.
        files.write_intent(append.text_of(self.origin, head))
        return self._sign(edge, head, tree, published)

    def _publish(self, edge: Edge, state: _State | None, bodies: Sequence[bytes]) -> _State:
        """Write a batch, then sign and publish it."""
        files = self._files
        batch = append.grow(edge, bodies)
        self._state = None
        files.store.write(batch.files)
        files.write_intent(append.text_of(self.origin, batch.head))
        tree = TileTree(batch.head.size, files.reader(batch.files))
        done = self._sign(batch.edge, batch.head, tree, state.head if state else None)
        files.store.discard(f"{tile.path}.p" for tile in batch.full)
        return done

    def _sign(self, edge: Edge, head: Head, tree: TileTree, before: Head | None) -> _State:
        """The key's memory, signature, witnesses, publication."""
        files = self._files
        wanted = Checkpoint(self.origin, head.size, head.root)
        text = append.text_of(self.origin, head)
        with files.memory.exclusive():
            record = files.record()
            append.permit(record, wanted, tree.root)
            if record is not None and record.extensions:
                raise files.stop("the key is frozen for this origin", "LOG_FORK")
            files.write_record(wanted)  # even the same once more: its name may not be durable yet
            line = notes.sign(text, self.origin, self._signer)
        if notes.verify(self.key, text, line, where=self.origin) is None:
            raise UnavailableError("the log's key gives signatures that do not hold", where=self.origin)
        value = Note(text, (line,))
        if self._cosign is not None:
            value = self._cosign(value, before.size if before else 0, tree)
        files.store.write({CHECKPOINT: note.write(value)})
        self._state = _State(value, edge, head, tree)
        return self._state

    def _place(self, bodies: Sequence[bytes], state: _State) -> tuple[tuple[Placed, ...], list[bytes]]:
        """Where each entry will stand, and which are new."""
        size = state.head.size
        if self._places is None:
            return tuple(Placed(size + i) for i in range(len(bodies))), list(bodies)
        self._places.look(size, self._files.reader({}))
        known: dict[bytes, int] = {}
        fresh: list[bytes] = []
        placed: list[Placed] = []
        for body in bodies:
            leaf = merkle.leaf_hash(body)
            index = known.get(leaf, self._places.of(leaf))
            placed.append(Placed(size + len(fresh) if index is None else index, fresh=index is None))
            if index is None:
                known[leaf] = size + len(fresh)
                fresh.append(body)
        return tuple(placed), fresh
