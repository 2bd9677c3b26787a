"""Ask a log for one thing, and prove the answer against its checkpoint before it is shown."""

from collections.abc import Callable
from typing import Literal

import msgspec

from assay.formats import note, tiles
from assay.formats.logpolicy import LogPolicy
from assay.formats.note import Checkpoint, Note
from assay.formats.tiles import Tile
from assay.formats.vkey import VerifierKey
from assay.model.errors import UnavailableError, UntrustedError, UsageError
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.ports.logs import LogSource
from assay.trust import merkle, notes
from assay.trust.tiles import TileTree, reader

CHECKPOINT = "checkpoint"


class Line(msgspec.Struct, frozen=True):
    """One signature line of a checkpoint."""

    name: str
    key_id: str
    """Eight hex digits."""
    holder: Literal["log", "witness", "unknown"]
    outcome: Literal["holds", "fails", "not checked"]
    time: int = 0
    """POSIX seconds of a cosignature; 0 where it has none."""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A checkpoint as it is served."""

    checkpoint: Checkpoint
    note: Note
    lines: tuple[Line, ...]

    @property
    def trusted(self) -> bool:
        """Whether the log's own signature holds."""
        own = [line.outcome for line in self.lines if line.holder == "log"]
        return bool(own) and set(own) == {"holds"}


class Inclusion(msgspec.Struct, frozen=True, kw_only=True):
    """A proof that an entry is in the tree of a checkpoint; it was checked."""

    index: int
    body: bytes
    leaf: bytes
    hashes: tuple[bytes, ...]
    shown: Shown


class Consistency(msgspec.Struct, frozen=True, kw_only=True):
    """A proof that a tree continues an older one; it was checked."""

    old_size: int
    old_root: bytes
    hashes: tuple[bytes, ...]
    shown: Shown


class LogReader:
    """Reads one log.

    Args:
        source: where it is.
        key_of: the key of an origin, None where it is not known.
        policy: witnesses whose lines are looked at; None: none are known.
        limits: the bounds.
    """

    def __init__(
        self,
        source: LogSource,
        key_of: Callable[[str], VerifierKey | None],
        policy: LogPolicy | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self._source, self._key_of, self._policy, self._limits = source, key_of, policy, limits
        self._read = reader(lambda path: source.read(path, limits.log_tile_bytes), _missing)

    def show(self) -> Shown:
        """The checkpoint, with what is known of each line.

        Raises:
            UnavailableError: it is not there. MalformedError: it is no checkpoint.
        """
        data = self._source.read(CHECKPOINT, self._limits.note_bytes)
        if data is None:
            raise _missing(CHECKPOINT)
        value = note.parse(data, where=CHECKPOINT, limits=self._limits)
        said = note.checkpoint(value.text, where=CHECKPOINT)
        key = self._key_of(said.origin)
        known = [("log", key)] if key else []
        known += [("witness", one.key) for one in (self._policy.witnesses if self._policy else ())]
        lines = []
        for line in value.signatures:
            holder, time = "unknown", None
            for role, one in known:
                if (one.name, one.key_id) == (line.name, line.key_id):
                    holder, time = role, notes.verify(one, value.text, line, where=CHECKPOINT)
            outcome = "not checked" if holder == "unknown" else "fails" if time is None else "holds"
            told = {"name": line.name, "key_id": line.key_id.hex(), "holder": holder, "outcome": outcome}
            lines.append(msgspec.convert({**told, "time": time or 0}, Line))
        return Shown(checkpoint=said, note=value, lines=tuple(lines))

    def inclusion(self, index: int) -> Inclusion:
        """An entry and its proof.

        Raises:
            UsageError: the log has no such entry.
            UntrustedError: the log's tiles or entries are not those of its checkpoint.
            MalformedError, UnavailableError: a tile is damaged, or missing.
        """
        shown = self.show()
        size = shown.checkpoint.size
        if not 0 <= index < size:
            raise UsageError("no such entry", why=f"the log has {size}, counted from 0", remedy="choose another index")
        number, place = divmod(index, tiles.WIDTH)
        tile = Tile(tiles.ENTRIES, number, tiles.width_at(size, tiles.ENTRIES, number))
        body = tiles.entries(self._read(tile), tile.width, where=tile.path)[place]
        hashes = TileTree(size, self._read).inclusion(index)
        leaf = merkle.leaf_hash(body)
        if not merkle.verify_inclusion(index, size, leaf, hashes, shown.checkpoint.root):
            raise _no("INCLUSION_PROOF", shown.checkpoint, f"entry {index} is not proven to be in its tree")
        return Inclusion(index=index, body=body, leaf=leaf, hashes=hashes, shown=shown)

    def consistency(self, old: Checkpoint | int) -> Consistency:
        """The proof that the log continues an older checkpoint; of a size alone, the root is the log's own word.

        Raises:
            UsageError: the size is larger than the log, or the checkpoint of another log.
            UntrustedError: `LOG_FORK`: the log does not continue that checkpoint; `LOG_ROLLBACK`: it is smaller.
            MalformedError, UnavailableError: a tile is damaged, or missing.
        """
        shown = self.show()
        said = shown.checkpoint
        tree = TileTree(said.size, self._read)
        size = old if isinstance(old, int) else old.size
        if isinstance(old, Checkpoint) and old.origin != said.origin:
            raise UsageError(
                "that checkpoint is of another log", why=f"{old.origin[:100]}, this is {said.origin[:100]}"
            )
        if not 0 <= size <= said.size:
            raise UsageError("the log is smaller", why=f"{said.size} entries, asked from {size}")
        top = tree.root(size) if isinstance(old, int) else old.root
        hashes = tree.consistency(size)
        if not merkle.verify_consistency(size, top, said.size, said.root, hashes):
            raise _no("LOG_FORK", said, f"its tree of {said.size} entries does not continue that of {size}")
        return Consistency(old_size=size, old_root=top, hashes=hashes, shown=shown)


def old_checkpoint(data: bytes, *, where: str, limits: Limits = DEFAULT_LIMITS) -> Checkpoint:
    """A checkpoint that was kept in a file.

    Raises:
        MalformedError: it is none.
    """
    return note.checkpoint(note.parse(data, where=where, limits=limits).text, where=where)


def _missing(name: str) -> UnavailableError:
    return UnavailableError("the log does not answer", where=name, why="it is not there", remedy="check its address")


def _no(code: str, said: Checkpoint, why: str) -> UntrustedError:
    return UntrustedError(
        "the log does not prove what it says",
        where=said.origin,
        why=why,
        remedy="keep its checkpoint and ask its operator",
        code=code,
        step="log",
    )
