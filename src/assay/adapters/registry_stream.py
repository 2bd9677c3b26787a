"""A blob's bytes from a registry, taken up again where the connection broke."""

import re
from collections.abc import Iterator

from assay.adapters.blobs import too_large
from assay.adapters.http import Download
from assay.adapters.http_errors import Interrupted, clean
from assay.adapters.registry_client import RegistryClient
from assay.artifact.integrity import size_mismatch
from assay.model.digest import Digest
from assay.model.errors import AssayError, UnavailableError
from assay.model.image import Descriptor

_RANGE = re.compile(r"bytes (\d{1,19})-\d{1,19}/(?:\d{1,19}|\*)", re.ASCII)
_PROGRESS_BYTES = 1 << 20
"""So many bytes since the last break make a new break the first one again; the deadline still holds."""


class BlobStream:
    """Downloads one blob, in order, once. Not checked against the digest; that is the reader's.

    Args:
        client: the repository.
        digest: the blob.
        size: its size by the manifest; more bytes than that are never handed out. None: `blob_bytes` bounds it.
    """

    def __init__(self, client: RegistryClient, digest: Digest, size: int | None) -> None:
        self._client, self._digest, self._size = client, digest, size
        self._limit = size if size is not None else client.limits.blob_bytes
        self._deadline = client.http.deadline(client.limits.http_total_seconds)
        self._got = 0
        self._download: Download | None = None
        self._where = ""

    def chunks(self) -> Iterator[bytes]:
        """The bytes, in chunks of about 128 KiB.

        Raises:
            UntrustedError: more bytes than the manifest says.
            UnavailableError: refused, broken more often than the limit, or too slow.
        """
        breaks, mark = 0, 0
        while True:
            try:
                yield from self._part()
                return
            except Interrupted as error:
                breaks, mark = (1 if self._got - mark >= _PROGRESS_BYTES else breaks + 1), self._got
                if not self._client.http.pause(breaks, self._deadline):
                    raise self._cut(str(error)) from error
            finally:
                self.close()

    def close(self) -> None:
        """Drop the connection."""
        if self._download is not None:
            self._download.close()
            self._download = None

    def _part(self) -> Iterator[bytes]:
        """From where we are to the end of what the server sends."""
        download = self._download = self._client.blob(self._digest, self._deadline, self._got)
        self._where = clean(download.url)
        if download.status == 416:
            raise self._cut("the registry has no more bytes")
        skip = self._got - self._first(download)
        for chunk in download.chunks():
            fresh = chunk[skip:] if skip < len(chunk) else b""
            skip -= len(chunk) - len(fresh)
            if self._got + len(fresh) > self._limit:
                raise self._too_long(self._got + len(fresh))
            self._got += len(fresh)
            if fresh:
                yield fresh
        # Without Content-Length and chunks the end of the connection is all the end there is: it may be a break.
        framed = "content-length" in download.headers or "transfer-encoding" in download.headers
        if not framed and self._size is not None and self._got < self._size:
            raise Interrupted("the transfer was cut short")

    def _first(self, download: Download) -> int:
        """The offset of the first byte the server sends; a server that ignores `Range` begins anew."""
        if download.status == 200:
            return 0
        match = _RANGE.fullmatch(download.headers.get("content-range", ""))
        if match is None or int(match[1]) > self._got:
            raise self._cut("the registry resumes at another place than asked")
        return int(match[1])

    def _cut(self, why: str) -> UnavailableError:
        whole = self._size if self._size is not None else "unknown"
        return UnavailableError(
            "the download was cut short",
            where=self._where or str(self._digest),
            why=f"{why}; {self._got} bytes of {whole}",
            remedy="try again later; nothing was kept",
        )

    def _too_long(self, received: int) -> AssayError:
        if self._size is None:
            return too_large(self._where, self._limit)
        descriptor = Descriptor(media_type="", digest=self._digest, size=self._size)
        return size_mismatch(descriptor, received, self._where)
