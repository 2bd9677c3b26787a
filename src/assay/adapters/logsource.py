"""Logs as anyone may read them (`ports.logs.LogSource`): in folders and over HTTP."""

import zlib
from pathlib import Path

from assay.adapters.http import Http, Request
from assay.adapters.http_errors import clean
from assay.formats import tiles
from assay.model.errors import MalformedError, UnavailableError

_OK, _NOT_FOUND = 200, frozenset({404, 410})


class FolderLog:
    """A log, or a copy of one, in a folder; nothing outside it is read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, name: str, limit: int) -> bytes | None:
        """See the port."""
        path = self._folder / _known(name)
        try:
            with path.open("rb") as file:
                data = file.read(limit + 1)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise UnavailableError(
                "cannot read the log", where=path.name, why=why, remedy="check the folder"
            ) from error
        if len(data) > limit:
            raise MalformedError("a file of the log is too long", where=name, why=f"more than {limit} bytes")
        return data


class HttpLog:
    """A log over HTTP: `<url>/checkpoint`, `<url>/tile/…`."""

    def __init__(self, http: Http, url: str) -> None:
        self._http, self._url = http, url.rstrip("/")

    def read(self, name: str, limit: int) -> bytes | None:
        """See the port."""
        url = f"{self._url}/{_known(name)}"
        answer = self._http.send(Request(method="GET", url=url, headers={"Accept": "*/*"}), limit=limit)
        if answer.status in _NOT_FOUND:
            return None
        if answer.status != _OK:
            raise UnavailableError(
                "the log does not answer", where=clean(url), why=f"status {answer.status}", remedy="try again later"
            )
        if answer.headers.get("content-encoding", "").lower() == "gzip":  # "with no negotiation" (tlog-tiles)
            return _inflated(answer.body, name, limit)
        return answer.body


def _inflated(data: bytes, name: str, limit: int) -> bytes:
    """One gzip member, at most `limit` bytes inflated."""
    stream = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        found = stream.decompress(data, limit + 1)
    except zlib.error as error:
        raise MalformedError("a file of the log is damaged", where=name, why=str(error)) from error
    if len(found) > limit:
        raise MalformedError("a file of the log is too long", where=name, why=f"more than {limit} bytes")
    if not stream.eof or stream.unused_data:
        raise MalformedError("a file of the log is damaged", where=name, why="cut off, or bytes after its end")
    return found


def _known(name: str) -> str:
    """The name of something a log has; anything else is a defect of ours."""
    if name != "checkpoint" and tiles.tile_of(name) is None:
        raise ValueError(f"no name of a file of a log: {name[:100]!r}")
    return name
