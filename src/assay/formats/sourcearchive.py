"""The archives sources come in, by their first bytes: tar (plain, gzip, zstd, xz, bzip2) and zip."""

from collections.abc import Iterable, Iterator
from itertools import chain

from assay.formats import tarread, zipread
from assay.formats.chunks import ChunkView
from assay.formats.unpack import unpack
from assay.model.errors import UnsupportedError
from assay.model.limits import Limits
from assay.model.tree import TreeEntry

_HEAD_BYTES = 4


def read(chunks: Iterable[bytes], limits: Limits, *, where: str) -> Iterator[tuple[TreeEntry, Iterator[bytes]]]:
    """Entries of an archive with their content; `chunks` are read to their end.

    A zip archive is held in memory, for its directory stands at its end.

    Args:
        chunks: the archive as it is fetched.
        limits: `build_input_bytes` of all content, `archive_bytes` of a zip archive, and those of its reader.
        where: named in errors.

    Raises:
        MalformedError, UnsupportedError: see `tarread.read`, `zipread.read` and `unpack.unpack`.
    """
    source = iter(chunks)
    head = b""
    while len(head) < _HEAD_BYTES and (more := next(source, None)) is not None:
        head += more
    whole = chain((head,), source)
    if head.startswith(zipread.MAGICS):
        yield from zipread.read(_held(whole, limits, where), limits, where=where, limit=limits.build_input_bytes)
        return
    plain = unpack(whole, limits, where=where, limit=limits.build_input_bytes)
    yield from tarread.read(plain, limits, where=where)
    for _ in plain:  # what stands behind the end of a tar, and the compressor's own check
        pass


def _held(chunks: Iterable[bytes], limits: Limits, where: str) -> ChunkView:
    held: list[bytes] = []
    size = 0
    for piece in chunks:
        size += len(piece)
        if size > limits.archive_bytes:
            raise UnsupportedError(
                "a zip archive too large to hold", where=where, why=f"more than {limits.archive_bytes} bytes",
                remedy="raise the limit archive_bytes, or name the tar of the same release",
            )  # fmt: skip
        held.append(piece)
    return ChunkView([piece for piece in held if piece], where=where)
