"""Follow one log from where it was left: every new entry read once, and proven to be what the checkpoint says."""

from collections.abc import Callable

import msgspec

from assay.flows.witness import Seen
from assay.formats import note, tiles
from assay.formats.logpolicy import LogPolicy
from assay.formats.note import Checkpoint, Note
from assay.formats.tiles import Tile
from assay.formats.vkey import VerifierKey
from assay.model.errors import MalformedError, UnavailableError, UntrustedError
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.ports.logs import LogSource
from assay.trust import append, merkle, witness
from assay.trust.append import Edge
from assay.trust.tiles import TileTree, reader
from assay.trust.watch import Alert, Kind

CHECKPOINT = "checkpoint"


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """How far a log was followed: the checkpoint, and the right edge of its tree, proven entry by entry."""

    note: str
    """The checkpoint as it was signed."""
    size: int
    rows: tuple[bytes, ...]
    since: str
    """When the log was first seen at this size, RFC 3339."""

    @property
    def origin(self) -> str:
        """The log's name: the note's first line."""
        return self.note.partition("\n")[0]

    @property
    def edge(self) -> Edge:
        """The tree's edge, without entries."""
        return Edge(self.size, self.rows)


class Tailed(msgspec.Struct, frozen=True, kw_only=True):
    """What came of following a log."""

    origin: str = ""
    mark: Mark | None = None
    """Where to go on next time; the old one where something is wrong."""
    alerts: tuple[Alert, ...] = ()
    count: int = 0
    """New entries."""
    checkpoint: Checkpoint | None = None


class Tail:
    """Follows one log.

    Args:
        source: where it is read.
        key_of: the key of an origin, None where it is not known.
        seen: where both notes of a fork are kept.
        policy: who must have cosigned; None: nobody.
        limits: the bounds.
    """

    def __init__(
        self,
        source: LogSource,
        key_of: Callable[[str], VerifierKey | None],
        seen: Seen,
        policy: LogPolicy | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self._source, self._key_of, self._seen = source, key_of, seen
        self._policy, self._limits = policy, limits
        self.read = reader(lambda path: source.read(path, limits.log_tile_bytes), self._missing)

    def checkpoint(self) -> Note:
        """The checkpoint as it is served now, of any origin; not judged.

        Raises:
            UnavailableError: there is none. MalformedError: it is no signed note.
        """
        data = self._source.read(CHECKPOINT, self._limits.note_bytes)
        if data is None:
            raise self._missing(CHECKPOINT)
        return note.parse(data, where=CHECKPOINT, limits=self._limits)

    def follow(self, mark: Mark | None, now: str, each: Callable[[int, bytes], None], *, skip: bool = False) -> Tailed:
        """Read what is new.

        Args:
            mark: where the log was left; None for a log that was never followed.
            now: RFC 3339.
            each: told index and body of every new entry, in order; to be believed only if no alert of the log comes.
            skip: begin a log that was never followed at its present end.

        Raises:
            UnavailableError: the log, or something in it, cannot be had, or there is more than is read at once.
        """
        try:
            value = self.checkpoint()
            said = note.checkpoint(value.text, where=CHECKPOINT)
        except MalformedError as error:
            origin = mark.origin if mark else ""
            return Tailed(origin=origin, mark=mark, alerts=(Alert(kind="checkpoint", log=origin, why=error.why),))
        done = Tailed(origin=said.origin, mark=mark, checkpoint=said)
        if (wrong := self._unsigned(value, said, mark)) is not None:
            return msgspec.structs.replace(done, alerts=(wrong,))
        if mark is None and skip:
            return self._begun(done, value, said, now)
        return self._followed(
            done, value, said, mark or Mark(note=f"{said.origin}\n", size=0, rows=(), since=now), now, each
        )

    def _unsigned(self, value: Note, said: Checkpoint, mark: Mark | None) -> Alert | None:
        if mark is not None and mark.origin != said.origin:
            return _alert("checkpoint", said, f"{mark.origin} was followed here, and another log answers")
        key = self._key_of(said.origin)
        if key is None:
            return _alert("checkpoint", said, "no log of this name is trusted")
        if not witness.is_signed(value, [key]):
            return _alert("checkpoint", said, "not signed by the log's key")
        if self._policy is not None:
            try:
                witness.quorum(value, self._policy)
            except UntrustedError as error:
                return _alert("witnesses", said, error.why)
        return None

    def _followed(
        self, done: Tailed, value: Note, said: Checkpoint, mark: Mark, now: str, each: Callable[[int, bytes], None]
    ) -> Tailed:
        edge = mark.edge
        if said.size < mark.size:
            why = f"it was at {mark.size} entries and shows {said.size}"
            return msgspec.structs.replace(done, alerts=(_alert("rollback", said, why),))
        if said.size - mark.size > self._limits.monitor_entries_count:
            raise UnavailableError(
                "the log has more new entries than are read at once",
                where=said.origin,
                why=f"{said.size - mark.size}, limit {self._limits.monitor_entries_count}",
                remedy="begin at its present end",
            )
        try:
            while edge.size < said.size:
                bodies = self._bundle(edge.size, said.size)
                for index, body in enumerate(bodies, edge.size):
                    each(index, body)
                edge = msgspec.structs.replace(append.grow(edge, bodies).edge, entries=b"")
            wrong = None if edge.head.root == said.root else self._wrong(value, said, mark)
        except MalformedError as error:
            wrong = _alert("mismatch", said, f"{error.where}: {error.why}")
        if wrong is not None:
            return msgspec.structs.replace(done, alerts=(wrong,))
        since = mark.since if said.size == mark.size else now
        text = note.write(value).decode()
        return msgspec.structs.replace(
            done,
            mark=Mark(note=text, size=edge.size, rows=edge.rows, since=since),
            count=said.size - mark.size,
        )

    def _bundle(self, start: int, size: int) -> list[bytes]:
        """The entries from `start` to the end of its bundle, in a tree of `size`."""
        index, first = divmod(start, tiles.WIDTH)
        tile = Tile(tiles.ENTRIES, index, tiles.width_at(size, tiles.ENTRIES, index))
        return tiles.entries(self.read(tile), tile.width, where=tile.path)[first:]

    def _wrong(self, value: Note, said: Checkpoint, mark: Mark) -> Alert:
        """The entries do not make the checkpoint's tree: is it the entries, or are there two histories?"""
        known = mark.edge.head
        tree = TileTree(said.size, self.read)
        proven = said.size > known.size and merkle.verify_consistency(
            known.size, known.root, said.size, said.root, tree.consistency(known.size)
        )
        if proven or not mark.size:
            return _alert("mismatch", said, "the entries served are not those of the tree")
        before = note.parse(mark.note.encode(), where="mark", limits=self._limits)
        with self._seen.files.exclusive():
            self._seen.keep_fork(before, value)
        why = f"its tree of {said.size} entries does not continue that of {known.size}; both checkpoints are kept"
        return _alert("fork", said, why)

    def _begun(self, done: Tailed, value: Note, said: Checkpoint, now: str) -> Tailed:
        edge = append.edge_at(said.size, self.read)
        if edge.head.root != said.root:
            return msgspec.structs.replace(done, alerts=(_alert("mismatch", said, "its tiles are not its tree"),))
        text = note.write(value).decode()
        return msgspec.structs.replace(done, mark=Mark(note=text, size=said.size, rows=edge.rows, since=now))

    def _missing(self, name: str) -> UnavailableError:
        return UnavailableError("the log does not answer", where=name, why="it is not there", remedy="try again later")


def _alert(kind: Kind, said: Checkpoint, why: str) -> Alert:
    return Alert(kind=kind, log=said.origin, why=why)
