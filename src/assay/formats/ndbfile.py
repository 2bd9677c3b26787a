"""ndb package databases (`Packages.db`, SUSE's rpm), read slot by slot (rpm, lib/backend/ndb/rpmpkg.c).

All numbers are 32-bit little-endian, all places are counted in blocks of 16 bytes.

    header   "RpmP" version generation slot-pages next-package, padded to 32 bytes
    slot     "Slot" package first-block blocks         slots fill the first pages of 4096 bytes, after the header
    blob     "BlbS" package time length, the bytes, zeros, adler32 length "BlbE"

As rpm itself does when it reads, the checksum is left alone: what rpm lists is what is installed.
"""

import struct
from collections.abc import Iterator

from assay.model.errors import MalformedError, UnsupportedError

MAGIC = b"RpmP"
_SLOT, _HEAD, _TAIL = b"Slot", b"BlbS", b"BlbE"
_PAGE_BYTES, _BLOCK_BYTES, _SLOT_BYTES, _HEADER_BYTES = 4096, 16, 16, 32
_AROUND_BYTES = 16 + 12
"""A blob's head and tail."""
_FOUR = struct.Struct("<4sIII")


class NdbFile:
    """A database in memory."""

    def __init__(self, data: bytes, where: str) -> None:
        """Check the file's header.

        Raises:
            MalformedError: not an ndb package database. UnsupportedError: of another version.
        """
        self._data, self._where = data, where
        if len(data) < _HEADER_BYTES or not data.startswith(MAGIC):
            raise self._bad("no ndb header")
        _, version, _, pages = _FOUR.unpack_from(data)
        if version:
            raise UnsupportedError(
                "an ndb database of an unknown version", where=where, why=f"version {version}", remedy="update Assay"
            )
        self._end = pages * _PAGE_BYTES
        if self._end > len(data):
            raise self._bad(f"{pages} pages of slots in {len(data)} bytes")

    def blobs(self) -> Iterator[bytes | None]:
        """The blob of every used slot, in the slots' order; None for one that is damaged.

        Raises:
            MalformedError: something that is no slot, a slot that points outside the file, blobs that overlap.
        """
        free = (len(self._data) - self._end) // _BLOCK_BYTES
        slots = memoryview(self._data)[_HEADER_BYTES : self._end]
        for magic, package, first, blocks in _FOUR.iter_unpack(slots):
            if magic != _SLOT:
                raise self._bad("a slot without its mark")
            if not first:
                continue
            free -= blocks
            if free < 0:
                raise self._bad("the blobs are together larger than the file")
            if not package or not blocks or first * _BLOCK_BYTES < self._end:
                raise self._bad(f"the slot of package {package} points to block {first}")
            yield self._blob(package, first * _BLOCK_BYTES, blocks * _BLOCK_BYTES)

    def _blob(self, package: int, at: int, size: int) -> bytes | None:
        """The bytes of a blob, or None where its head, tail and slot do not agree."""
        if at + size > len(self._data):
            raise self._bad(f"package {package} lies outside the file")
        magic, number, _, length = _FOUR.unpack_from(self._data, at)
        needed = -(-(length + _AROUND_BYTES) // _BLOCK_BYTES) * _BLOCK_BYTES
        if magic != _HEAD or number != package or needed != size:
            return None
        end = at + size
        if self._data[end - 4 : end] != _TAIL or int.from_bytes(self._data[end - 8 : end - 4], "little") != length:
            return None
        return self._data[at + 16 : at + 16 + length]

    def _bad(self, why: str) -> MalformedError:
        return MalformedError(
            "not a sound ndb package database", where=self._where, why=why, remedy="rebuild it: rpm --rebuilddb"
        )
