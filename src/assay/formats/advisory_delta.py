"""What leads from one advisory database to the next, as a file: gzip over frames of MessagePack.

A frame is its length in four bytes, then the value: the head, the changes, and an empty frame at the end, so that what
is cut off is noticed. Everything is bounded before it is decoded. Nothing is believed for being here: a delta counts
when the content it leads to is the one that was signed.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from assay.formats import gzipstream
from assay.model.advisory_change import Change, DeltaHead
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.limits import DEFAULT_LIMITS, Limits

VERSION = 1
MEDIA_TYPE = "application/vnd.assay.advisories.delta.v1+gzip"
_LENGTH_BYTES = 4


class _First(msgspec.Struct, frozen=True):
    version: int
    head: DeltaHead


class _Wire(msgspec.Struct, frozen=True):
    table: str
    come: bool
    rows: tuple[tuple[Any, ...], ...]


_VALUES = frozenset({int, str, bytes})
_encode = msgspec.msgpack.Encoder().encode
_first = msgspec.msgpack.Decoder(_First).decode
_change = msgspec.msgpack.Decoder(_Wire).decode


def write(head: DeltaHead, changes: Iterable[Change]) -> Iterator[bytes]:
    """The file's bytes in chunks; equal changes give equal bytes with the same zlib."""
    return gzipstream.deflated(_written(head, changes), level=9)


def _written(head: DeltaHead, changes: Iterable[Change]) -> Iterator[bytes]:
    yield _framed(_encode(_First(VERSION, head)))
    for change in changes:
        yield _framed(_encode(change))
    yield _framed(b"")


def read(chunks: Iterable[bytes], *, where: str, limits: Limits = DEFAULT_LIMITS) -> tuple[DeltaHead, Iterator[Change]]:
    """The head at once, the changes as they come.

    Raises:
        MalformedError: no delta, damaged or cut off, or larger than the limits; also while the changes are read.
        UnsupportedError: a later form.
    """
    frames = _frames(chunks, where, limits)
    data = next(frames, b"")
    try:
        first = _first(data)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise _bad(where, str(error)) from error
    if first.version != VERSION:
        raise UnsupportedError(
            "a delta of another form", where=where, why=f"version {first.version}, here {VERSION}",
            remedy="fetch the whole database, or use the Assay that made it",
        )  # fmt: skip
    return first.head, _changes(frames, where)


def _changes(frames: Iterator[bytes], where: str) -> Iterator[Change]:
    for frame in frames:
        try:
            wire = _change(frame)
        except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
            raise _bad(where, str(error)) from error
        if any(type(value) not in _VALUES for row in wire.rows for value in row):
            raise _bad(where, f"a value in {wire.table[:40]!r} that no table holds")
        yield Change(wire.table, wire.come, wire.rows)


def _framed(data: bytes) -> bytes:
    return len(data).to_bytes(_LENGTH_BYTES, "big") + data


def _frames(chunks: Iterable[bytes], where: str, limits: Limits) -> Iterator[bytes]:
    """Frames up to the empty one; anything behind it, or no empty one, is an error."""
    kept = bytearray()
    ended = False
    for data in gzipstream.inflated(chunks, limits.database_bytes, lambda why: _bad(where, why)):
        kept += data
        while len(kept) >= _LENGTH_BYTES:
            length = int.from_bytes(kept[:_LENGTH_BYTES], "big")
            if length > limits.database_frame_bytes:
                raise _bad(where, f"a frame of {length} bytes, limit {limits.database_frame_bytes}")
            if ended:
                raise _bad(where, "something follows the end")
            if len(kept) < _LENGTH_BYTES + length:
                break
            frame = bytes(kept[_LENGTH_BYTES : _LENGTH_BYTES + length])
            del kept[: _LENGTH_BYTES + length]
            if length:
                yield frame
            else:
                ended = True
    if not ended or kept:
        raise _bad(where, "it is cut off")


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not a delta of an advisory database", where=where, why=why, remedy="fetch it again")
