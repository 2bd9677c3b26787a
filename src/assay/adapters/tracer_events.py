"""Events of fanotify that name a folder by its handle, and what they tell of a step (fanotify(7)).

A part of `tracer_marking`, which a bare interpreter runs: it imports nothing of Assay but its other part.
"""

import os
import struct

from assay.adapters.tracer_kernel import HANDLE, OPEN_EXEC

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_EVENT, _RECORD = struct.Struct("=IBBHQii"), struct.Struct("=BBH8x")
_OVERFLOW = 0x4000
_NAMED = 2
"""`FAN_EVENT_INFO_TYPE_DFID_NAME`."""
BUFFER_BYTES = 1 << 18


class Seen:
    """What events told."""

    def __init__(self, folders: "dict[bytes, str]", limit: int) -> None:
        self._folders, self._limit = folders, limit
        self._known: dict[bytes, str] = {}
        """Records of a name → its path: a step opens the same files again and again."""
        self.reads: set[str] = set()
        self.programs: set[str] = set()
        self.flaw, self.lost, self.begun = "", False, False

    def take(self, data: bytes) -> None:
        """A buffer of events."""
        at = 0
        while at + _EVENT.size <= len(data):
            length, _, _, head, mask, _, _ = _EVENT.unpack_from(data, at)
            if mask & _OVERFLOW:
                self.lost, self.flaw = True, "the kernel's queue of events ran over"
            else:
                self._event(mask, data[at + head : at + length])
            at += max(length, _EVENT.size)

    def _event(self, mask: int, records: bytes) -> None:
        path = self._known.get(records) or self._path(records)
        # What the launcher opens comes before the first program; inputs are only read after it.
        self.begun = self.begun or bool(mask & OPEN_EXEC) or path.startswith("/src/")
        if not self.begun:
            return
        if not path:
            self.flaw = self.flaw or "a file whose place cannot be told"
            return
        self._known[records] = path
        self.reads.add(path)
        if mask & OPEN_EXEC:
            self.programs.add(path)
        if len(self.reads) > self._limit:
            self.lost, self.flaw = True, f"more than {self._limit} paths"

    def _path(self, records: bytes) -> str:
        at = 0
        while at + _RECORD.size <= len(records):
            kind, _, length = _RECORD.unpack_from(records, at)
            body = records[at + _RECORD.size : at + length]
            if kind == _NAMED and len(body) > HANDLE.size:
                end = HANDLE.size + HANDLE.unpack_from(body)[0]
                folder = self._folders.get(body[:end])
                name = body[end:].partition(b"\0")[0]
                return "" if folder is None else f"{folder}/{os.fsdecode(name)}"
            at += max(length, _RECORD.size)
        return ""


def queued(group: int) -> "Iterator[bytes]":
    """The events there are, a buffer at a time."""
    try:
        while data := os.read(group, BUFFER_BYTES):
            yield data
    except BlockingIOError:
        return
