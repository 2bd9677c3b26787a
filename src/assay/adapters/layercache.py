"""Records of scanned layers in a folder: self-checking, atomic, bounded; safe under two processes and `kill -9`.

A record is one file: a header line, the SHA-256 of key and data, the data. It is written under a name of its own and
renamed into place, so a reader sees the old record, the new one, or none. Damage, a foreign file or a failing disk make
a record absent, never wrong. The folder is readable by its owner only; one that others may write to is not used.
"""

import hashlib
import os
import stat
from contextlib import suppress
from pathlib import Path

from assay.adapters.files import new_file
from assay.model.limits import Limits

_MAGIC = b"assay layer record 1\n"
_HEAD_BYTES = len(_MAGIC) + 32
_ABANDONED_SECONDS = 3_600
"""A temporary file this much older than the newest one belongs to nobody any more."""
_KEEP_SHARE = 0.9
"""Eviction goes down to this share of the bound, so that it does not run at every write."""


class FolderLayerCache:
    """A `LayerCache`. Losing everything is allowed; lying is not; errors of the disk are a miss."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self._folder, self._bound = folder / "layers", limits.layer_cache_bytes
        self._usable: bool | None = None
        self._written = self._bound  # look at the folder's size at the first write

    def get(self, key: str) -> bytes | None:
        """The record, or None if there is none, or it is damaged (then it is removed)."""
        if not self._ready():
            return None
        path = self._path(key)
        try:
            handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return None
        try:
            with os.fdopen(handle, "rb") as file:
                if not stat.S_ISREG(os.fstat(handle).st_mode):
                    return None
                content = file.read(self._bound + 1)
        except OSError:
            return None
        data = content[_HEAD_BYTES:]
        if content[:_HEAD_BYTES] != _head(key, data):
            _remove(path)
            return None
        with suppress(OSError):
            os.utime(path)  # recently used: evicted last
        return data

    def put(self, key: str, data: bytes) -> None:
        """Keep the record; one larger than a tenth of the bound is not kept."""
        size = _HEAD_BYTES + len(data)
        if size > self._bound // 10 or not self._ready():
            return
        temporary = ""
        try:
            handle, temporary = new_file(self._folder, ".new-")
            with os.fdopen(handle, "wb") as file:
                file.write(_head(key, data))
                file.write(data)
            Path(temporary).replace(self._path(key))
        except OSError:
            if temporary:
                _remove(Path(temporary))
            return
        self._written += size
        if self._written > self._bound // 10:
            self._evict()
            self._written = 0

    def _path(self, key: str) -> Path:
        return self._folder / hashlib.sha256(key.encode()).hexdigest()

    def _ready(self) -> bool:
        if self._usable is None:
            self._usable = _prepare(self._folder)
        return self._usable

    def _evict(self) -> None:
        """Remove the oldest records until the bound holds, and temporary files nobody writes any more."""
        records: list[tuple[float, int, str]] = []
        temporary: list[tuple[float, str]] = []
        try:
            with os.scandir(self._folder) as found:
                for item in found:
                    facts = item.stat(follow_symlinks=False)
                    if item.name.startswith(".new-"):
                        temporary.append((facts.st_mtime, item.path))
                    else:
                        records.append((facts.st_mtime, facts.st_size, item.path))
        except OSError:
            return  # another process is at it
        newest = max((age for age, _, _ in records), default=0.0)
        for age, path in temporary:
            if age < newest - _ABANDONED_SECONDS:
                _remove(Path(path))
        total = sum(size for _, size, _ in records)
        if total <= self._bound:
            return
        for _, size, path in sorted(records):
            if total <= self._bound * _KEEP_SHARE:
                break
            _remove(Path(path))
            total -= size


def _head(key: str, data: bytes) -> bytes:
    digest = hashlib.sha256(hashlib.sha256(key.encode()).digest())
    digest.update(data)
    return _MAGIC + digest.digest()


def _prepare(folder: Path) -> bool:
    """Make the folder; False if it cannot be made, belongs to someone else, or others may write to it."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        facts = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.geteuid() and not facts.st_mode & 0o022


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)
