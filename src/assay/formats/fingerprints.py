"""The file of fingerprints of Java libraries: which classes each known version holds, as checksums; derived facts only.

A MessagePack map: the form's number and the libraries, each with a head that is read at once (name, root folder,
versions, anchors) and a block, deflated on its own and read only when an archive seems to hold that library. Columns
of a block are little-endian words; a set of versions is one bit mask, the first version being the lowest bit. The same
libraries give the same bytes.
"""

import sys
import zlib
from array import array
from collections.abc import Sequence

import msgspec

from assay.model.errors import MalformedError, UnsupportedError

FORM = 1
BLOCK_BYTES = 16 << 20
"""The largest block, inflated."""
_VERSIONS_COUNT = 4_096
"""Versions of one library."""
_DIGEST_BYTES = 20


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """The features of one library's versions."""

    digests: bytes
    """SHA-1 of each version's archive, 20 bytes each, in the order of the versions."""
    counts: tuple[int, ...]
    """How many classes each version holds below the root."""
    sums: tuple[int, ...]
    """The sum of all of them (`class_sum`), for each version the low and the high word."""
    masks: tuple[bytes, ...]
    """Sets of versions, little-endian."""
    names: tuple[int, ...]
    """CRC-32 of a class file's path below the root."""
    name_masks: tuple[int, ...]
    """For each name the index of its mask: the versions that hold a class of this name."""
    classes: tuple[int, ...]
    """CRC-32 of a class file's content."""
    class_names: tuple[int, ...]
    """For each class the index of its name, in ascending order: the classes of one name stand side by side."""
    class_masks: tuple[int, ...]
    """For each class the index of its mask: the versions that hold exactly this class."""


class Library(msgspec.Struct, frozen=True, kw_only=True):
    """One artifact and its known versions, oldest first."""

    group: str
    artifact: str
    root: str
    """The folder its classes lie in, with the closing slash; empty when they share none."""
    versions: tuple[str, ...]
    anchors: tuple[str, ...]
    """Paths below the root whose base names tell the library, sorted."""
    block: bytes = b""


class _File(msgspec.Struct, frozen=True, kw_only=True):
    form: int
    libraries: tuple[Library, ...]


class _Columns(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    digests: bytes
    counts: bytes
    sums: bytes
    masks: tuple[bytes, ...]
    names: bytes
    name_masks: bytes
    classes: bytes
    class_names: bytes
    class_masks: bytes


_FILE = msgspec.msgpack.Decoder(_File)
_COLUMNS = msgspec.msgpack.Decoder(_Columns)


def write_fingerprints(libraries: Sequence[Library]) -> bytes:
    """The bytes of a file that holds these libraries, sorted by name."""
    ordered = sorted(libraries, key=lambda library: (library.group, library.artifact))
    return msgspec.msgpack.encode(_File(form=FORM, libraries=tuple(ordered)))


def read_fingerprints(data: bytes, where: str) -> tuple[Library, ...]:
    """The heads of all libraries; their blocks stay deflated.

    Raises:
        MalformedError: not such a file, or a library without a name, a version or an anchor.
        UnsupportedError: a file of another form.
    """
    try:
        found = _FILE.decode(data)
    except (msgspec.DecodeError, ValueError) as error:  # UnicodeDecodeError is a ValueError
        raise _bad(where, str(error)[:300]) from error
    if found.form != FORM:
        raise UnsupportedError(
            "a file of fingerprints of another form",
            where=where,
            why=f"form {found.form}, known {FORM}",
            remedy="make it anew with this release: `assay db fingerprints`",
        )
    for library in found.libraries:
        name = f"{library.group}:{library.artifact}"
        if not (library.group and library.artifact and 0 < len(library.versions) <= _VERSIONS_COUNT):
            raise _bad(where, f"{name[:200]}: no name, no version or more than {_VERSIONS_COUNT}")
        if not all(library.anchors) or (library.root and not library.root.endswith("/")):
            raise _bad(where, f"{name[:200]}: an empty anchor, or a root that is no folder")
    return found.libraries


def write_block(block: Block) -> bytes:
    """A block, deflated."""
    columns = _Columns(
        digests=block.digests,
        counts=_pack(block.counts),
        sums=_pack(block.sums),
        masks=block.masks,
        names=_pack(block.names),
        name_masks=_pack(block.name_masks),
        classes=_pack(block.classes),
        class_names=_pack(block.class_names),
        class_masks=_pack(block.class_masks),
    )
    return zlib.compress(msgspec.msgpack.encode(columns), 9)


def read_block(library: Library, where: str) -> Block:
    """The features of one library.

    Raises:
        MalformedError: it does not inflate, is larger than `BLOCK_BYTES`, or its columns do not fit each other.
    """
    name = f"{library.group}:{library.artifact}"
    try:
        inflater = zlib.decompressobj()
        data = inflater.decompress(library.block, BLOCK_BYTES)
        if not inflater.eof:
            raise _bad(where, f"{name}: the block is truncated or larger than {BLOCK_BYTES} bytes")
        columns = _COLUMNS.decode(data)
        block = Block(
            digests=columns.digests,
            counts=_unpack(columns.counts),
            sums=_unpack(columns.sums),
            masks=columns.masks,
            names=_unpack(columns.names),
            name_masks=_unpack(columns.name_masks),
            classes=_unpack(columns.classes),
            class_names=_unpack(columns.class_names),
            class_masks=_unpack(columns.class_masks),
        )
    except (zlib.error, msgspec.DecodeError, ValueError) as error:
        raise _bad(where, f"{name}: {str(error)[:200]}") from error
    if not _fits(block, len(library.versions)):
        raise _bad(where, f"{name}: the columns of the block do not fit each other")
    return block


def class_sum(name: int, crc: int) -> int:
    """What one class adds to the 64-bit sum of a version: its name's number and its content's, mixed."""
    return (name * 0x9E3779B97F4A7C15 ^ crc * 0xC2B2AE3D27D4EB4F) & 0xFFFFFFFFFFFFFFFF


def _fits(block: Block, versions: int) -> bool:
    masks, names = len(block.masks), len(block.names)
    return (
        len(block.digests) == versions * _DIGEST_BYTES
        and len(block.sums) == 2 * len(block.counts) == 2 * versions
        and all(len(mask) * 8 < versions + 8 for mask in block.masks)
        and len(block.name_masks) == names
        and len(block.class_names) == len(block.class_masks) == len(block.classes)
        and max(block.name_masks, default=-1) < masks
        and max(block.class_masks, default=-1) < masks
        and max(block.class_names, default=-1) < names
        and list(block.class_names) == sorted(block.class_names)
    )


def _pack(words: Sequence[int]) -> bytes:
    packed = array("I", words)
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


def _unpack(data: bytes) -> tuple[int, ...]:
    words = array("I")
    words.frombytes(data)  # ValueError: not whole words
    if sys.byteorder == "big":
        words.byteswap()
    return tuple(words)


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError(
        "not a file of fingerprints", where=where, why=why, remedy="make it anew: `assay db fingerprints`"
    )
