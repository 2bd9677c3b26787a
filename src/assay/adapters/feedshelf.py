"""Feeds kept between updates, with what their servers said of them; implements `ports.feeds.Shelf`.

Only feeds that made a whole database are kept. The index is written last; a file whose digest is not the index's is
as good as absent, so nothing here is believed: the feed is fetched again.
"""

import os
import tempfile
from collections.abc import Iterator, Mapping
from hashlib import file_digest
from pathlib import Path

import msgspec

from assay.model.errors import UnavailableError
from assay.ports.feeds import NO_VALIDATORS, FeedFolder, Validators

_INDEX = "index.json"
_INDEX_BYTES = 1 << 20
_CHUNK_BYTES = 1 << 17


class _Kept(msgspec.Struct, frozen=True):
    url: str
    etag: str
    modified: str
    sha256: str


class FeedShelf:
    """The folder at `path`; made when the first feed is kept, and ours alone."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def validators(self, name: str, url: str) -> Validators:
        """Of the kept file, if it is whole and from the same address."""
        kept = self._index().get(name)
        if kept is None or kept.url != url or self._digest(name) != kept.sha256:
            return NO_VALIDATORS
        return Validators(kept.etag, kept.modified)

    def read(self, name: str) -> Iterator[bytes]:
        """The kept file's bytes.

        Raises:
            UnavailableError: it is gone.
        """
        try:
            with (self._path / name).open("rb") as file:
                while chunk := file.read(_CHUNK_BYTES):
                    yield chunk
        except OSError as error:
            raise self._failed(error) from error

    def keep(self, files: Mapping[str, tuple[str, Validators]], folder: FeedFolder) -> None:
        """Keep those files of the folder whose server gives validators; remove all others.

        Raises:
            UnavailableError: no room, or no right to write.
        """
        wanted = {name: place for name, place in files.items() if place[1] != NO_VALIDATORS}
        digests = {file.name: file.digest for file in folder.files()}
        try:
            self._path.mkdir(parents=True, exist_ok=True, mode=0o700)
            (self._path / _INDEX).unlink(missing_ok=True)
            for name in wanted:
                if self._digest(name) != digests[name]:
                    self._write(name, folder.raw(name))
            for item in self._path.iterdir():
                if item.name not in wanted and item.is_file():
                    item.unlink()
            index = {name: _Kept(url, said.etag, said.modified, digests[name]) for name, (url, said) in wanted.items()}
            self._write(_INDEX, iter((msgspec.json.encode(index, order="sorted"),)))
        except OSError as error:
            raise self._failed(error) from error

    def _write(self, name: str, chunks: Iterator[bytes]) -> None:
        handle, temporary = tempfile.mkstemp(dir=self._path, prefix=".new-")
        try:
            with os.fdopen(handle, "wb") as file:
                for chunk in chunks:
                    file.write(chunk)
            os.replace(temporary, self._path / name)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def _index(self) -> dict[str, _Kept]:
        """Empty where there is none, or one that is damaged."""
        try:
            with (self._path / _INDEX).open("rb") as file:
                found = msgspec.json.decode(file.read(_INDEX_BYTES), type=dict[str, _Kept])
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return {}
        return {name: kept for name, kept in found.items() if Path(name).name == name}

    def _digest(self, name: str) -> str:
        path = self._path / name
        try:
            if path.is_symlink() or not path.is_file():
                return ""
            with path.open("rb") as file:
                return file_digest(file, "sha256").hexdigest()
        except OSError:
            return ""

    def _failed(self, error: OSError) -> UnavailableError:
        return UnavailableError(
            "cannot keep the feeds", where=str(self._path), why=str(error),
            remedy="make room, or remove that folder: the feeds are then fetched whole",
        )  # fmt: skip
