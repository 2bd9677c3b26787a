"""One streaming pass over a layer: what is in it, what it hides below, and the files someone wants, in chunks.

    scan = scan_layer(stored_chunks, layer, choose, take, limits, where="layer 3")

`choose(path, head, size, mode)` is asked for each regular file (`head`: its first four bytes) and answers None or a
value of its own, which `take(wanted, path, chunks, size, mode)` gets back with the content. Both run inside the pass;
what they keep is theirs. `signs` spares it the question where the answer can be told from the name. Nothing is
unpacked, nothing but wanted content is kept.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from hashlib import blake2b
from typing import Generic, Protocol, TypeVar

import msgspec

from assay.artifact.integrity import check_diff_id, checked
from assay.artifact.names import Notes, clean
from assay.artifact.tar import DIRECTORY, FILE, HARD_LINK, SYMLINK, UNKNOWN, Entry, entries_and_runs
from assay.artifact.tarrun import FILE_FLAG, FOLDER_FLAG, LINK_FLAG, Run
from assay.artifact.tarstream import StreamReader
from assay.formats.codec import inflate
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.image import Descriptor, Layer
from assay.model.inventory import Gap
from assay.model.limits import Limits
from assay.ports.world import Beside

T = TypeVar("T")
Choose = Callable[[str, bytes, int, int], T | None]
Take = Callable[[T, str, tuple[bytes, ...], int, int], None]

HASH_BYTES = 16
SCAN_VERSION = 1
"""Rises with every change of what a `LayerScan` says: part of a cache key."""
_WHITEOUT, _OPAQUE, _AUFS = b".wh.", b".wh..wh..opq", b".wh..wh."
_KNOWN_COUNT = 50_000
_TO_CLEAN = frozenset((b"", b"."))
_EXECUTABLE_BITS = 0o111
_KINDS = {FILE_FLAG: FILE, FOLDER_FLAG: DIRECTORY, LINK_FLAG: SYMLINK}
_new_hash = blake2b(digest_size=HASH_BYTES).copy  # a copy is made faster than one is set up
_NONE: frozenset[bytes] = frozenset()
_BATCH_BYTES = 4 << 20
"""Inflated and hashed before the walk goes on."""


class Signs(Protocol):
    """What files that `choose` may want look like; it need not be asked of the others.

    A file whose name is ASCII can be wanted only if its path ends with one of `tails`, or lies directly in one of
    `folders`, or begins with one of `heads` while it is executable or of mode 0. None of it says that it *is* wanted.
    """

    @property
    def tail_bytes(self) -> int:
        """Length of the tails, at least 1; a path that is shorter counts as its own tail."""

    @property
    def tails(self) -> frozenset[bytes]:
        """Last bytes of paths."""

    @property
    def folders(self) -> frozenset[bytes]:
        """With their closing slash."""

    @property
    def heads(self) -> frozenset[bytes]:
        """First four bytes."""


class Link(msgspec.Struct, frozen=True, order=True):
    """A hard link that matters: its own name or its target's is wanted. Both are clean paths."""

    path: str
    target: str


class LayerScan(msgspec.Struct, frozen=True, kw_only=True):
    """What one pass learnt of a layer. Names are 16-byte BLAKE2b hashes of clean paths, concatenated, as they came.

    Serialises with `msgspec.msgpack`, except where a path in `links`, `superseded` or `gaps` holds bytes outside
    UTF-8 (the encoder raises UnicodeEncodeError: do not cache that layer).
    """

    diff_id: Digest
    entries: int
    inflated_bytes: int
    files: bytes = b""
    """Everything that is not a directory: files, links, devices."""
    directories: bytes = b""
    """Those listed and those above an entry; some twice."""
    whiteouts: bytes = b""
    """What `.wh.NAME` entries delete in the layers below."""
    opaques: bytes = b""
    """Directories whose content below is hidden (`.wh..wh..opq`)."""
    links: tuple[Link, ...] = ()
    symlinks: int = 0
    superseded: tuple[str, ...] = ()
    """Taken paths that a later entry of this same layer replaced: the taker drops what it made of them."""
    gaps: tuple[Gap, ...] = ()
    """With `layer=None`."""


def path_hash(path: str | bytes) -> bytes:
    """The 16-byte hash of a clean path; "" is the root."""
    raw = path if isinstance(path, bytes) else path.encode("utf-8", "surrogateescape")
    hashed = _new_hash()
    hashed.update(raw)
    return hashed.digest()


def scan_layer(
    stored: Iterable[bytes],
    layer: Layer,
    choose: Choose[T],
    take: Take[T],
    limits: Limits,
    *,
    where: str,
    signs: Signs | None = None,
    beside: Beside = nullcontext,
) -> LayerScan:
    """Check, inflate and walk one blob as it lies in a registry or an archive.

    Digest, size and diffID are checked as far as `layer` names them; until this returns, what `take` was given is
    unproven and must not be reported. `beside` lets the blob be checked and inflated while it is walked.

    Raises:
        UntrustedError: digest, size or diffID differ. Damaged bytes of a blob whose digest is wrong end here too.
        MalformedError, UnsupportedError: the blob is what its digest says, but not a readable layer.
    """
    descriptor = Descriptor(media_type=layer.media_type, digest=layer.digest, size=layer.size)
    blob = checked(stored, descriptor, where=where)
    try:
        with beside(inflate(blob, layer.media_type, limits, where)) as chunks:
            scan = walk_layer(chunks, choose, take, limits, where, signs=signs)
    except (MalformedError, UnsupportedError):
        for _ in blob:  # a wrong digest explains a damaged blob, and must be told first
            pass
        raise
    check_diff_id(layer.diff_id, scan.diff_id, where=where)
    return scan


def walk_layer(
    chunks: Iterable[bytes],
    choose: Choose[T],
    take: Take[T],
    limits: Limits,
    where: str,
    *,
    algorithm: str = "sha256",
    signs: Signs | None = None,
) -> LayerScan:
    """Walk the uncompressed stream of one layer to its end.

    Args:
        chunks: the tar, inflated.
        choose, take: see the module; regular files only. A file stored sparse is never taken: it gives a gap.
        limits: `layer_entries_count`, `path_bytes`, `pax_header_bytes`, `layer_links_count`, `gaps_count`.
        where: named in errors.
        algorithm: of the diffID.
        signs: of what `choose` may want; None has it asked of every file.

    Raises:
        MalformedError, UnsupportedError: see `artifact.tar.entries`; more entries than the limit.
    """
    hasher = hashlib.new(algorithm)
    meter = _Meter()
    reader = StreamReader(_hashed(chunks, hasher.update, meter), where)
    walk = _Walk(reader, choose, take, limits, where, signs)
    for found in entries_and_runs(reader, limits, where):
        if isinstance(found, Run):
            walk.run(found)
        else:
            walk.entry(found)
    if reader.rest():
        walk.notes.add("skipped", "", "data after the end of the archive, which container runtimes do not unpack")
    return walk.finish(Digest(algorithm, hasher.hexdigest()), meter.total)


class _Walk(Generic[T]):
    """What is known of a layer so far. Two hot methods, hence long and plain: `run` for most entries, else `entry`."""

    __slots__ = (
        "_buried", "_choose", "_count", "_directories", "_files", "_folders", "_limits", "_links", "_opaques",
        "_parents", "_reader", "_shallow", "_signs", "_symlinks", "_take", "_taken", "_unsigned", "_where",
        "_whiteouts", "notes",
    )  # fmt: skip

    def __init__(
        self,
        reader: StreamReader,
        choose: Choose[T],
        take: Take[T],
        limits: Limits,
        where: str,
        signs: Signs | None,
    ) -> None:
        self._reader, self._choose, self._take, self._limits, self._where = reader, choose, take, limits, where
        self._unsigned = signs is None
        self._signs = (1, _NONE, _NONE, _NONE)
        if signs is not None:
            self._signs = (signs.tail_bytes, signs.tails, signs.folders, signs.heads)
        self.notes = Notes(limits)
        self._files, self._directories = bytearray(), bytearray()
        self._whiteouts, self._opaques = bytearray(), bytearray()
        self._taken: dict[bytes, int] = {}
        self._parents: set[bytes] = set()
        self._buried: dict[bytes, int] = {}
        self._links: list[Link] = []
        self._folders = {b""}
        self._count = self._symlinks = 0
        self._shallow = min(2 * limits.path_depth_count, limits.path_bytes)

    def run(self, run: Run) -> None:
        """Entries that lie whole in the reader's chunk, as nearly all do that lie beside others."""
        count, most = self._count, self._limits.layer_entries_count
        if count + len(run.names) > most:
            raise _too_many(self._where, self._limits)
        chunk, folders, shallow, parents, taken = (
            self._reader.chunk, self._folders, self._shallow, self._parents, self._taken
        )  # fmt: skip
        choose, unsigned, (tail_bytes, tails, listed, heads) = self._choose, self._unsigned, self._signs
        found: list[bytes] = []
        for raw, flag, size, mode, start in zip(*run[:5], strict=True):
            name = raw[:-1] if flag == FOLDER_FLAG and raw.endswith(b"/") else raw
            cut = name.rfind(b"/") + 1
            folder = name[:cut]
            # What lies in a folder whose name is clean, and begins with no dot, is clean and no whiteout.
            if folder not in folders or name[cut : cut + 1] in _TO_CLEAN or len(name) > shallow:
                self._files += b"".join(found)
                found.clear()
                self._count = count
                self._reader.at, self._reader.left = start, size
                self.entry(Entry(raw, _KINDS[flag], size, mode))
                self._reader.chunk = chunk
                count += 1
                continue
            count += 1
            hashed = _new_hash()
            hashed.update(name)
            digest = hashed.digest()
            if flag == FOLDER_FLAG:
                self._directories += digest
                if len(folders) < _KNOWN_COUNT:
                    folders.add(name + b"/")  # so that what lies in it does not hash it again
                if taken.get(name):
                    taken[name] = 0
                continue
            found.append(digest)
            if digest in parents:
                self._buried[digest] = count
            if flag != FILE_FLAG:
                self._symlinks += 1
            elif (
                name[-tail_bytes:] in tails
                or unsigned
                or ((mode & _EXECUTABLE_BITS or not mode) and chunk[start : start + (4 if size > 3 else size)] in heads)
                or folder in listed
            ):
                text = name.decode()
                wanted = choose(text, chunk[start : start + (4 if size > 3 else size)], size, mode)
                if wanted is not None:
                    self._count = count
                    self._taken_out(wanted, name, text, (chunk[start : start + size],) if size else (), size, mode)
                    continue
            if name in taken:
                taken[name] = 0
        self._files += b"".join(found)
        self._count = count

    def entry(self, entry: Entry) -> None:
        """One entry, of whatever kind."""
        self._count += 1
        limits, reader, notes = self._limits, self._reader, self.notes
        if self._count > limits.layer_entries_count:
            raise _too_many(self._where, limits)
        raw = entry.name
        cut = raw.rfind(b"/") + 1
        # What lies in a folder whose name is clean, and begins with no dot, is clean and no whiteout.
        beside = raw[:cut] in self._folders and raw[cut : cut + 1] not in _TO_CLEAN and 0 not in raw
        name = raw if beside else clean(raw)
        if name is None or (
            len(name) > self._shallow and (len(name) > limits.path_bytes or name.count(b"/") > limits.path_depth_count)
        ):
            notes.bad_name(raw, limits)
            return
        if not beside:
            cut = name.rfind(b"/") + 1
            if name.startswith(_WHITEOUT, cut):
                _whiteout(name, cut, self._whiteouts, self._opaques, notes)
                return
            if not name:
                return
            if name[:cut] not in self._folders:
                _add_parents(name[:cut], self._folders, self._directories)
                if len(self._directories) > HASH_BYTES * limits.layer_entries_count:
                    raise _too_many(self._where, limits)
        kind = entry.kind
        digest = path_hash(name)
        if kind == DIRECTORY:
            self._directories += digest
            if len(self._folders) < _KNOWN_COUNT:
                self._folders.add(name + b"/")  # so that what lies in it does not hash it again
            if self._taken.get(name):
                self._taken[name] = 0
            return
        self._files += digest
        text = name.decode("utf-8", "surrogateescape")
        if digest in self._parents:
            self._buried[digest] = self._count
        if kind == FILE and not entry.sparse:
            at = reader.at
            head = reader.chunk[at : at + 4]
            if len(head) < 4 or reader.left < 4:
                head = reader.peek()
            wanted = self._choose(text, head, entry.size, entry.mode)
            if wanted is not None:
                self._taken_out(wanted, name, text, reader.content(), entry.size, entry.mode)
                return
        elif kind == HARD_LINK:
            _link(entry, text, self._taken, self._choose, self._links, notes, limits)
        elif kind == SYMLINK:
            self._symlinks += 1
        elif kind == UNKNOWN:
            notes.add("unsupported", text, "an entry of an unknown type")
        elif kind == FILE:
            notes.add("unsupported", text, f"stored as a sparse file of {entry.size} bytes; its content was not read")
        if name in self._taken:
            self._taken[name] = 0

    def _taken_out(self, wanted: T, name: bytes, text: str, content: tuple[bytes, ...], size: int, mode: int) -> None:
        """Hand over a file that is wanted; remember it, and what is above it."""
        self._take(wanted, text, content, size, mode)
        self._taken[name] = self._count
        _remember_parents(name, self._parents)
        if len(self._parents) > self._limits.layer_directories_count:
            raise _too_scattered(self._where, self._limits)

    def finish(self, diff_id: Digest, inflated_bytes: int) -> LayerScan:
        """Everything that was learnt."""
        taken, buried = self._taken, self._buried
        gone = (name for name, number in taken.items() if not number or _under(name, number, buried))
        return LayerScan(
            diff_id=diff_id,
            entries=self._count,
            inflated_bytes=inflated_bytes,
            files=bytes(self._files),
            directories=bytes(self._directories),
            whiteouts=bytes(self._whiteouts),
            opaques=bytes(self._opaques),
            links=tuple(sorted(set(self._links))),
            symlinks=self._symlinks,
            superseded=tuple(sorted(name.decode("utf-8", "surrogateescape") for name in gone)),
            gaps=self.notes.finish(),
        )


class _Meter:
    __slots__ = ("total",)

    def __init__(self) -> None:
        self.total = 0


def _hashed(chunks: Iterable[bytes], update: Callable[[bytes], None], meter: _Meter) -> Iterator[bytes]:
    """The chunks, hashed and counted; each batch before its first chunk is given out.

    Inflating and hashing sweep the caches that the interpreter works from: taking turns less often costs less.
    """
    batch: list[bytes] = []
    size = 0
    for chunk in chunks:
        update(chunk)
        batch.append(chunk)
        size += len(chunk)
        if size >= _BATCH_BYTES:
            meter.total += size
            yield from batch
            batch.clear()
            size = 0
    meter.total += size
    yield from batch


def _add_parents(folder: bytes, known: set[bytes], directories: bytearray) -> None:
    """An entry makes the directories above it, listed or not. `known` only saves work: it may forget."""
    while folder not in known:
        if len(known) > _KNOWN_COUNT:
            known.clear()
            known.add(b"")
        known.add(folder)
        directories += path_hash(folder[:-1])
        folder = folder[: folder.rfind(b"/", 0, -1) + 1]


def _whiteout(name: bytes, cut: int, whiteouts: bytearray, opaques: bytearray, notes: Notes) -> None:
    """OCI image-spec 1.1, layer.md, "Whiteouts" and "Opaque Whiteout": both concern lower layers only."""
    base = name[cut:]
    folder = name[: cut - 1] if cut else b""
    if base == _OPAQUE:
        opaques += path_hash(folder)
        return
    victim = base[len(_WHITEOUT) :]
    if base.startswith(_AUFS) or victim in (b"", b".", b".."):
        notes.add("skipped", name.decode("utf-8", "surrogateescape"), "a whiteout that names nothing")
        return
    whiteouts += path_hash(folder + b"/" + victim if folder else victim)


def _link(
    entry: Entry,
    path: str,
    taken: dict[bytes, int],
    choose: Choose[T],
    links: list[Link],
    notes: Notes,
    limits: Limits,
) -> None:
    """Remember a hard link whose own name or whose target is wanted; the merge resolves it."""
    raw = clean(entry.link)
    if not raw:
        notes.add("skipped", path, "a hard link whose target climbs out of the image or is empty")
        return
    if len(raw) > limits.path_bytes or raw.count(b"/") > limits.path_depth_count:
        notes.add("limit", path, "a hard link to a name too long or too deep (path_bytes, path_depth_count)")
        return
    target = raw.decode("utf-8", "surrogateescape")
    if target == path or (not taken.get(raw) and choose(path, b"", 0, entry.mode) is None):
        return
    if len(links) >= limits.layer_links_count:
        notes.add("limit", path, f"more than {limits.layer_links_count} hard links to wanted files (layer_links_count)")
        return
    links.append(Link(path, target))


def _remember_parents(name: bytes, parents: set[bytes]) -> None:
    """Hashes of the directories above a wanted file; those of a known one are known."""
    while name := name.rpartition(b"/")[0]:
        digest = path_hash(name)
        if digest in parents:
            return
        parents.add(digest)


def _under(name: bytes, number: int, buried: dict[bytes, int]) -> bool:
    """Whether an entry later than `number` put a file where a directory above the path was."""
    while buried and (name := name.rpartition(b"/")[0]):
        if buried.get(path_hash(name), 0) > number:
            return True
    return False


def _too_scattered(where: str, limits: Limits) -> UnsupportedError:
    return UnsupportedError(
        "too many directories in one layer",
        where=where,
        why=f"wanted files in more than {limits.layer_directories_count} directories",
        remedy="raise the limit layer_directories_count if you trust the image",
    )


def _too_many(where: str, limits: Limits) -> UnsupportedError:
    return UnsupportedError(
        "too many entries in one layer",
        where=where,
        why=f"more than {limits.layer_entries_count}",
        remedy="raise the limit layer_entries_count if you trust the image",
    )
