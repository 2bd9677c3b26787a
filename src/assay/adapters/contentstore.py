"""A content store in a folder (`ports.stores.ContentStore`): `blobs/sha256/HEX`, as an OCI layout keeps its blobs.

A blob gets its name when it is whole and on the disk; what a killed process leaves has a hidden name, and the next
cleaning removes it. Whoever uses the store holds it; cleaning waits until nobody does.
"""

import errno
import fcntl
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from assay.adapters.blobs import pieces
from assay.adapters.files import new_file
from assay.model.digest import Digest
from assay.model.errors import UnavailableError, UnsupportedError, UntrustedError
from assay.ports.stores import Blob

_NEW = ".new-"
_HEX = frozenset("0123456789abcdef")
_WRITE_BYTES = 1 << 20
"""Small pieces are gathered to this size before they are written."""


class FolderContentStore:
    """A `ContentStore`. Nothing is believed but what hashes to its name when it is read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._blobs = folder / "blobs" / "sha256"

    def put(self, chunks: Iterable[bytes], *, limit: int, expected: Digest | None = None) -> Blob:
        """Keep the bytes in one step; a blob that is there already is written anew, which heals a rotten one."""
        temporary = ""
        try:
            self._blobs.mkdir(parents=True, exist_ok=True)
            handle, temporary = new_file(self._blobs, _NEW)
            with os.fdopen(handle, "wb", buffering=_WRITE_BYTES) as file:
                fcntl.flock(file.fileno(), fcntl.LOCK_EX)  # tells cleaning that somebody still writes it
                blob = _pour(file.write, chunks, limit, expected)
                file.flush()
                os.fsync(file.fileno())
                os.fchmod(file.fileno(), 0o444)
                Path(temporary).replace(self._path(blob.digest))
            temporary = ""
            _sync(self._blobs)
        except OSError as error:
            raise _cannot("write into", self._folder, error) from error
        finally:
            if temporary:
                with suppress(OSError):
                    Path(temporary).unlink(missing_ok=True)
        return blob

    @contextmanager
    def open(self, digest: Digest) -> Iterator[Iterator[bytes]]:
        """The bytes, hashed as they pass."""
        handle = self._opened(digest)
        try:
            yield _hashed(pieces(handle, 0, os.fstat(handle).st_size, where=str(digest)), digest)
        finally:
            os.close(handle)

    def size(self, digest: Digest) -> int | None:
        """How many bytes, by the folder's word."""
        if digest.algorithm != "sha256":
            return None
        try:
            return self._path(digest).lstat().st_size
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _cannot("read", self._folder, error) from error

    def blobs(self) -> Iterator[Blob]:
        """What is there, sorted."""
        try:
            names = sorted(name for name in os.listdir(self._blobs) if len(name) == 64 and _HEX.issuperset(name))
        except FileNotFoundError:
            return
        except OSError as error:
            raise _cannot("read", self._folder, error) from error
        for name in names:
            digest = Digest("sha256", name)
            size = self.size(digest)
            if size is not None:
                yield Blob(digest, size)

    def delete(self, digest: Digest) -> None:
        """Forget a blob."""
        try:
            self._path(digest).unlink(missing_ok=True)
        except OSError as error:
            raise _cannot("write into", self._folder, error) from error

    def last_written(self, digests: Iterable[Digest]) -> str:
        """When the newest of some blobs was written, RFC 3339 UTC; empty where there is none of them."""
        moments = []
        for digest in digests:
            with suppress(OSError):
                moments.append(self._path(digest).lstat().st_mtime)
        return datetime.fromtimestamp(max(moments), UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moments else ""

    def sweep(self) -> int:
        """Remove what killed writers left; how many. Call it while holding the store alone."""
        count = 0
        with suppress(FileNotFoundError):
            for name in sorted(os.listdir(self._blobs)):
                count += name.startswith(_NEW) and _abandoned(self._blobs / name)
        return count

    @contextmanager
    def hold(self, *, alone: bool = False) -> Iterator[None]:
        """Use the store: together with others, or (to clean it) alone.

        Raises:
            UnavailableError: somebody else is using it and `alone` was asked for, or is cleaning it.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise _cannot("open", self._folder, error) from error
        try:
            fcntl.flock(handle, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
            yield
        except BlockingIOError as error:
            raise UnavailableError(
                "the content store is in use", where=self._folder.name,
                why="a build uses it" if alone else "it is being cleaned", remedy="try again when that is done",
            ) from error  # fmt: skip
        finally:
            os.close(handle)

    def _path(self, digest: Digest) -> Path:
        return self._blobs / digest.hex

    def _opened(self, digest: Digest) -> int:
        try:
            if digest.algorithm != "sha256":
                raise FileNotFoundError(errno.ENOENT, "kept by SHA-256 only")
            return os.open(self._path(digest), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError as error:
            raise UnavailableError(
                "not in the content store", where=str(digest), why="nobody fetched it, or it was cleaned away",
                remedy="run `assay store fetch` or `assay lock`, or bring it with `assay store import`",
            ) from error  # fmt: skip
        except OSError as error:
            raise _cannot("read", self._folder, error) from error


def _pour(write: Callable[[bytes], object], chunks: Iterable[bytes], limit: int, expected: Digest | None) -> Blob:
    own = hashlib.sha256()
    asked = hashlib.new(expected.algorithm) if expected is not None and expected.algorithm != "sha256" else own
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise UnsupportedError(
                "too large for the content store", where=str(expected or ""), why=f"more than {limit} bytes",
                remedy="raise the limit build_input_bytes if you trust it",
            )  # fmt: skip
        own.update(chunk)
        if asked is not own:
            asked.update(chunk)
        write(chunk)
    if expected is not None and asked.hexdigest() != expected.hex:
        raise UntrustedError(
            "an input is not what it should be", where=str(expected),
            why=f"received {expected.algorithm}:{asked.hexdigest()}, {size} bytes",
            remedy="do not use it: find out who changed it",
            code="DIGEST_MISMATCH", step="content",
        )  # fmt: skip
    return Blob(Digest("sha256", own.hexdigest()), size)


def _hashed(chunks: Iterator[bytes], digest: Digest) -> Iterator[bytes]:
    state = hashlib.sha256()
    for chunk in chunks:
        state.update(chunk)
        yield chunk
    if state.hexdigest() != digest.hex:
        raise UntrustedError(
            "a blob of the content store has changed", where=str(digest),
            why=f"its bytes are sha256:{state.hexdigest()}",
            remedy="`assay store fetch` brings it again; look at the disk", code="DIGEST_MISMATCH", step="store",
        )  # fmt: skip


def _abandoned(path: Path) -> bool:
    """Remove a new file nobody holds."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()
    except OSError:
        return False
    finally:
        os.close(handle)
    return True


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _cannot(what: str, folder: Path, error: OSError) -> UnavailableError:
    why = error.strerror or type(error).__name__
    return UnavailableError(
        f"cannot {what} the content store", where=folder.name, why=why, remedy="check its permissions and the disk"
    )
