"""Answers of package indexes kept between runs, in one file; implements `ports.indexes.AnswerShelf`."""

import threading
from contextlib import suppress
from pathlib import Path

import msgspec

from assay.adapters.files import write_file
from assay.model.errors import AssayError
from assay.ports.indexes import Kept

_FILE_BYTES = 64 << 20
_ANSWERS_COUNT = 50_000


class FileAnswers:
    """The file at `path`; one that is missing or damaged is as good as empty. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        self._path, self._lock = path, threading.Lock()
        self._changed = False
        self._kept: dict[str, Kept] = {}
        with suppress(OSError, msgspec.MsgspecError, UnicodeDecodeError), path.open("rb") as file:
            self._kept = msgspec.json.decode(file.read(_FILE_BYTES), type=dict[str, Kept])

    def get(self, key: str) -> Kept | None:
        """What was answered; None for nothing."""
        return self._kept.get(key)

    def put(self, key: str, answer: Kept) -> None:
        """Keep an answer; the oldest give way when there are too many."""
        with self._lock:
            self._kept.pop(key, None)
            self._kept[key] = answer
            self._changed = True

    def save(self) -> None:
        """Write what was put; a place that cannot be written costs only questions."""
        if not self._changed:
            return
        newest = dict(sorted(self._kept.items(), key=lambda entry: (entry[1].asked, entry[0]))[-_ANSWERS_COUNT:])
        with suppress(OSError, AssayError):
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_file(str(self._path), msgspec.json.encode(newest, order="sorted"))
        self._changed = False
