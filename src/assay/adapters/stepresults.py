"""Results of steps that were run before, in a folder beside a content store's blobs: one small file a key.

A content store proves by hashes what it gives; which result a key leads to it cannot prove. So a file counts only where
nobody but this user (or root) could have written it.
"""

import os
import stat
from contextlib import suppress
from pathlib import Path

from assay.adapters.files import write_file
from assay.model.digest import Digest
from assay.model.errors import UnavailableError

_WRITABLE_BY_OTHERS = 0o022


class FolderStepResults:
    """A `StepResults`."""

    def __init__(self, store: Path) -> None:
        self._folder = store / "steps"

    def get(self, key: Digest, limit: int) -> bytes | None:
        """What is kept under a key; None where nothing is, or somebody else may have put it there."""
        try:
            handle = os.open(self._folder / key.hex, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return None
        with os.fdopen(handle, "rb") as file:
            if not _own(os.fstat(handle)) or not _own(self._folder.lstat(), folder=True):
                return None
            data = file.read(limit + 1)
        return data if len(data) <= limit else None

    def put(self, key: Digest, data: bytes) -> None:
        """Keep it, in the place of what was there."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise UnavailableError("cannot keep a step's result", where=self._folder.name, why=str(error)) from error
        write_file(str(self._folder / key.hex), data)

    def clear(self) -> None:
        """Forget all."""
        with suppress(OSError):
            for name in os.listdir(self._folder):
                (self._folder / name).unlink(missing_ok=True)


def _own(facts: os.stat_result, *, folder: bool = False) -> bool:
    kind = stat.S_ISDIR(facts.st_mode) if folder else stat.S_ISREG(facts.st_mode)
    return kind and facts.st_uid in (0, os.geteuid()) and not facts.st_mode & _WRITABLE_BY_OTHERS
