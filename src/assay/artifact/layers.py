"""One streaming pass over a layer: what is in it, what it hides below, and the files someone wants, in chunks.

    scan = scan_layer(stored_chunks, layer, choose, take, limits, where="layer 3")

`choose(path, head, size, mode)` is asked for each regular file (`head`: its first four bytes) and answers None or a
value of its own, which `take(wanted, path, chunks, size, mode)` gets back with the content. Both run inside the pass;
what they keep is theirs. Nothing is unpacked, nothing but wanted content is kept.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from typing import TypeVar

import msgspec

from assay.artifact.integrity import check_diff_id, checked
from assay.artifact.names import Notes, clean
from assay.artifact.tar import DIRECTORY, FILE, HARD_LINK, SYMLINK, UNKNOWN, Entry, entries
from assay.artifact.tarstream import StreamReader
from assay.formats.codec import inflate
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.image import Descriptor, Layer
from assay.model.inventory import Gap
from assay.model.limits import Limits

T = TypeVar("T")
Choose = Callable[[str, bytes, int, int], T | None]
Take = Callable[[T, str, tuple[bytes, ...], int, int], None]

HASH_BYTES = 16
SCAN_VERSION = 1
"""Rises with every change of what a `LayerScan` says: part of a cache key."""
_WHITEOUT, _OPAQUE, _AUFS = b".wh.", b".wh..wh..opq", b".wh..wh."
_KNOWN_COUNT = 50_000
_TO_CLEAN = (b"", b".")
_BATCH_BYTES = 4 << 20
"""Inflated and hashed before the walk goes on."""


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
    return blake2b(raw, digest_size=HASH_BYTES).digest()


def scan_layer(
    stored: Iterable[bytes], layer: Layer, choose: Choose[T], take: Take[T], limits: Limits, *, where: str
) -> LayerScan:
    """Check, inflate and walk one blob as it lies in a registry or an archive.

    Digest, size and diffID are checked as far as `layer` names them; until this returns, what `take` was given is
    unproven and must not be reported.

    Raises:
        UntrustedError: digest, size or diffID differ. Damaged bytes of a blob whose digest is wrong end here too.
        MalformedError, UnsupportedError: the blob is what its digest says, but not a readable layer.
    """
    descriptor = Descriptor(media_type=layer.media_type, digest=layer.digest, size=layer.size)
    blob = checked(stored, descriptor, where=where)
    try:
        scan = walk_layer(inflate(blob, layer.media_type, limits, where), choose, take, limits, where)
    except (MalformedError, UnsupportedError):
        for _ in blob:  # a wrong digest explains a damaged blob, and must be told first
            pass
        raise
    check_diff_id(layer.diff_id, scan.diff_id, where=where)
    return scan


def walk_layer(
    chunks: Iterable[bytes], choose: Choose[T], take: Take[T], limits: Limits, where: str, *, algorithm: str = "sha256"
) -> LayerScan:
    """Walk the uncompressed stream of one layer to its end.

    Args:
        chunks: the tar, inflated.
        choose, take: see the module; regular files only. A file stored sparse is never taken: it gives a gap.
        limits: `layer_entries_count`, `path_bytes`, `pax_header_bytes`, `layer_links_count`, `gaps_count`.
        where: named in errors.
        algorithm: of the diffID.

    Raises:
        MalformedError, UnsupportedError: see `artifact.tar.entries`; more entries than the limit.
    """
    hasher = hashlib.new(algorithm)
    meter = _Meter()
    reader = StreamReader(_hashed(chunks, hasher.update, meter), where)
    notes = Notes(limits)
    files, directories, whiteouts, opaques = bytearray(), bytearray(), bytearray(), bytearray()
    taken: dict[str, int] = {}
    parents: set[bytes] = set()
    buried: dict[bytes, int] = {}
    links: list[Link] = []
    folder = b""
    depth, most = limits.path_depth_count, limits.layer_entries_count
    shallow = min(2 * depth, limits.path_bytes)
    known: set[bytes] = set()
    new_hash = blake2b(digest_size=HASH_BYTES).copy  # a copy is made faster than one is set up
    count = symlinks = 0
    for entry in entries(reader, limits, where):  # hot: one turn an entry
        count += 1
        if count > most:
            raise _too_many(where, limits)
        raw = entry.name
        cut = raw.rfind(b"/") + 1
        # What lies beside a clean name, and begins with no dot, is clean and no whiteout: most entries, unsearched.
        beside = raw[:cut] == folder and raw[cut : cut + 1] not in _TO_CLEAN and 0 not in raw
        name = raw if beside else clean(raw)
        if name is None or (len(name) > shallow and (len(name) > limits.path_bytes or name.count(b"/") > depth)):
            notes.bad_name(raw, limits)
            continue
        if not beside:
            cut = name.rfind(b"/") + 1
            if name.startswith(_WHITEOUT, cut):
                _whiteout(name, cut, whiteouts, opaques, notes)
                continue
            if not name:
                continue
            if name[:cut] != folder:
                folder = name[:cut]
                _add_parents(folder, known, directories)
                if len(directories) > HASH_BYTES * most:
                    raise _too_many(where, limits)
        kind = entry.kind
        hashed = new_hash()
        hashed.update(name)
        digest = hashed.digest()
        if kind == DIRECTORY:
            directories += digest
            if len(known) < _KNOWN_COUNT:
                known.add(name)  # so that what lies in it does not hash it again
            if taken and taken.get(text := name.decode("utf-8", "surrogateescape")):
                taken[text] = 0
            continue
        files += digest
        text = name.decode("utf-8", "surrogateescape")
        if digest in parents:
            buried[digest] = count
        if kind == FILE and not entry.sparse:
            at = reader.at
            head = reader.chunk[at : at + 4]
            if len(head) < 4 or reader.left < 4:
                head = reader.peek()
            wanted = choose(text, head, entry.size, entry.mode)
            if wanted is not None:
                take(wanted, text, reader.content(), entry.size, entry.mode)
                taken[text] = count
                _remember_parents(name, parents)
                if len(parents) > limits.layer_directories_count:
                    raise _too_scattered(where, limits)
                continue
        elif kind == HARD_LINK:
            _link(entry, text, taken, choose, links, notes, limits)
        elif kind == SYMLINK:
            symlinks += 1
        elif kind != FILE:
            if kind == UNKNOWN:
                notes.add("unsupported", text, "an entry of an unknown type")
        else:
            notes.add("unsupported", text, f"stored as a sparse file of {entry.size} bytes; its content was not read")
        if text in taken:
            taken[text] = 0
    if reader.rest():
        notes.add("skipped", "", "data after the end of the archive, which container runtimes do not unpack")
    return LayerScan(
        diff_id=Digest(algorithm, hasher.hexdigest()),
        entries=count,
        inflated_bytes=meter.total,
        files=bytes(files),
        directories=bytes(directories),
        whiteouts=bytes(whiteouts),
        opaques=bytes(opaques),
        links=tuple(sorted(set(links))),
        symlinks=symlinks,
        superseded=tuple(sorted(path for path, number in taken.items() if not number or _under(path, number, buried))),
        gaps=notes.finish(),
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
    path = folder[:-1]
    while path and path not in known:
        if len(known) > _KNOWN_COUNT:
            known.clear()
        known.add(path)
        directories += path_hash(path)
        path = path.rpartition(b"/")[0]


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
    taken: dict[str, int],
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
    if target == path or (not taken.get(target) and choose(path, b"", 0, entry.mode) is None):
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


def _under(path: str, number: int, buried: dict[bytes, int]) -> bool:
    """Whether an entry later than `number` put a file where a directory above the path was."""
    while buried and (path := path.rpartition("/")[0]):
        if buried.get(path_hash(path), 0) > number:
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
