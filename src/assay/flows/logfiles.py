"""What lies in a log's folder and beside its key: checkpoint, intent, memory, tiles, and where each entry stands."""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress

from assay.formats import note, tiles
from assay.formats.note import Checkpoint, Note
from assay.formats.tiles import Tile
from assay.formats.vkey import VerifierKey
from assay.model.errors import UnavailableError, UntrustedError
from assay.model.limits import Limits
from assay.ports.logs import DurableFiles
from assay.trust import merkle, notes
from assay.trust.tiles import Read, reader

CHECKPOINT = "checkpoint"
INTENT = "intent"
FROZEN = "frozen"
"""Name of a mark in the store for readers, and extension line of the key's memory, which decides."""


class LogFiles:
    """The files of one log, read and judged: everything is of this origin and by this key, or an error.

    Args:
        key: the log's; its name is the origin.
        store: the log's public files.
        memory: what the key signed last.
        limits: the bounds.
    """

    def __init__(self, key: VerifierKey, store: DurableFiles, memory: DurableFiles, limits: Limits) -> None:
        self.store, self.memory = store, memory
        self._key, self._origin, self._limits = key, key.name, limits
        self._record_name = f"signed-{hashlib.sha256(self._origin.encode()).hexdigest()[:32]}"
        self._last: tuple[bytes, Note, Checkpoint] | None = None

    def published(self) -> tuple[Note, Checkpoint] | None:
        """The published checkpoint; None where the log has not begun.

        Raises:
            UntrustedError: it is not signed by the log's key.
        """
        data = self.store.read(CHECKPOINT, self._limits.note_bytes)
        if data is None:
            return None
        if self._last is not None and self._last[0] == data:
            return self._last[1:]
        value = note.parse(data, where=CHECKPOINT, limits=self._limits)
        found = note.checkpoint(value.text, where=CHECKPOINT)
        held = [
            notes.verify(self._key, value.text, line, where=CHECKPOINT) for line in notes.lines_of(self._key, value)
        ]
        if found.origin != self._origin or not held or None in held:
            raise self.stop("its checkpoint is not signed by its key", "CHECKPOINT_SIGNATURE")
        self._last = (data, value, found)
        return value, found

    def intent(self) -> Checkpoint | None:
        """What was about to be signed when the last batch was written."""
        return self._plain(self.store, INTENT)

    def write_intent(self, text: str) -> None:
        """Make an intent durable."""
        self.store.write({INTENT: text.encode()})

    def record(self) -> Checkpoint | None:
        """What the key signed last; an extension line says that it signs no larger tree."""
        return self._plain(self.memory, self._record_name)

    def write_record(self, value: Checkpoint) -> None:
        """Make the key's memory durable."""
        self.memory.write({self._record_name: note.checkpoint_text(value).encode()})

    def reader(self, fresh: Mapping[str, bytes]) -> Read:
        """Tiles: those just written from memory, others from the store."""

        def read(path: str) -> bytes | None:
            return fresh.get(path) or self.store.read(path, self._limits.log_tile_bytes)

        return reader(read, self.missing)

    def missing(self, name: str) -> UnavailableError:
        """The error for a file that should be there."""
        return UnavailableError(
            "a file of the log is missing", where=self._origin, why=name, remedy="bring back the newest copy of the log"
        )

    def stop(self, why: str, code: str) -> UntrustedError:
        """The error after which nothing is signed."""
        return UntrustedError(
            "the log does not go on",
            where=self._origin,
            why=why,
            remedy="bring back its newest copy; if it is lost, freeze this log and begin one of a new name",
            code=code,
            step="log",
        )

    def _plain(self, place: DurableFiles, name: str) -> Checkpoint | None:
        data = place.read(name, self._limits.note_bytes)
        found = None
        if data is not None:
            with suppress(UnicodeDecodeError):
                found = note.checkpoint(data.decode(), where=name)
            if found is None or found.origin != self._origin:
                raise self.stop(f"its file {name} is of another log", "LOG_FORK")
        return found


class Places:
    """Where each leaf stands, in memory: 32 bytes and a number a leaf; filled from the tiles when first asked."""

    def __init__(self) -> None:
        self._places: dict[bytes, int] = {}
        self._looked = 0

    def look(self, size: int, read: Read) -> None:
        """Bring the index up to a published tree (another process may have appended)."""
        if self._looked >= size:
            return
        for number in range(self._looked // tiles.WIDTH, -(-size // tiles.WIDTH)):
            row = read(Tile(0, number, tiles.width_at(size, 0, number)))
            for place in range(0, len(row), tiles.HASH_BYTES):
                leaf = row[place : place + tiles.HASH_BYTES]
                self._places.setdefault(leaf, number * tiles.WIDTH + place // tiles.HASH_BYTES)
        self._looked = size

    def of(self, leaf: bytes) -> int | None:
        """Index of a leaf hash; None where it is not logged."""
        return self._places.get(leaf)

    def add(self, fresh: Sequence[bytes], first: int) -> None:
        """Remember entries that were published from this index on."""
        self._places.update((merkle.leaf_hash(body), first + i) for i, body in enumerate(fresh))
        self._looked = first + len(fresh)
