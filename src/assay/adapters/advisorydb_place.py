"""Where the advisory database lies: replaced whole or not at all. Implements `ports.feeds.DatabasePlace` and
`ports.databases.SignedPlace`.

Beside the file lie its signature (`.sigstore.json`) and the memory of the newest database that ever was here
(`.seen.json`). A signature is written under a second name first and renamed after the database, so that at any moment
one of the two is that of the file in place.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from assay.adapters.advisorydb import AdvisoryDatabase
from assay.adapters.advisorydb_file import name_of
from assay.adapters.files import write_file
from assay.adapters.newfile import NewFile, beside
from assay.model.advisory_change import Change, DeltaHead
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UnavailableError, UntrustedError, UsageError
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.ports.databases import Approval, Seen, approve_any
from assay.ports.feeds import unnumbered
from assay.ports.stores import DatabaseStatus

if TYPE_CHECKING:
    from assay.adapters.advisorydb_placed import PlacedWriter

_CHUNK_BYTES = 1 << 20
_LINE_BYTES = 1_024
_SEEN_BYTES = 4_096
SIGNATURE = ".sigstore.json"
"""Ending of the signature beside a database."""
_NEXT = ".next" + SIGNATURE
_SEEN = ".seen.json"


class DatabaseFile:
    """The database at `path`; `encoders` as for `AdvisoryDatabase`."""

    def __init__(self, path: Path, encoders: Mapping[str, int], limits: Limits = DEFAULT_LIMITS) -> None:
        self._path, self._encoders, self._limits = path, encoders, limits

    def status(self) -> DatabaseStatus:
        """What it holds now; UnavailableError when there is none."""
        database = self.open()
        database.close()
        return database.status()

    def open(self, approval: Approval = approve_any) -> AdvisoryDatabase:
        """The database, to read, once it is approved; the bytes approved are the bytes read."""
        with _existing(self._path) as file:
            database = AdvisoryDatabase(self._path, self._encoders, file)
            try:
                approval(_Shown(database, file, self.signatures))
            except BaseException:
                database.close()
                raise
            return database

    def examine(self, approval: Approval) -> DatabaseStatus:
        """Show the database that lies here."""
        database = self.open(approval)
        database.close()
        return database.status()

    def signatures(self) -> tuple[bytes, ...]:
        """The bundles beside the database: the one of now, and the next where it is just being replaced."""
        return tuple(filter(None, (self._small(ending, self._limits.bundle_bytes) for ending in (SIGNATURE, _NEXT))))

    def seen(self) -> Seen:
        """The newest database that ever lay here.

        Raises:
            MalformedError: the memory is damaged.
        """
        data = self._small(_SEEN, _SEEN_BYTES)
        if not data:
            return Seen()
        try:
            return msgspec.json.decode(data, type=Seen)
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            raise MalformedError(
                "cannot tell which advisory database was the newest here", where=self._path.name + _SEEN,
                why=str(error), remedy="remove that file if you know why it is damaged",
            ) from error  # fmt: skip

    @contextmanager
    def writer(
        self, number: Callable[[str], int] = unnumbered, approval: Approval = approve_any
    ) -> Iterator["PlacedWriter"]:
        """A new database; put in place by its `finish`, else removed, and the old one stays.

        Raises:
            UnavailableError: the folder cannot be written, or another process is building there.
        """
        from assay.adapters.advisorydb_placed import PlacedWriter  # what only reads needs no writer

        with beside(self._path) as new:
            made = PlacedWriter(new, number, lambda status: self._settle(new, status, (), approval))
            try:
                yield made
            finally:
                made.close()

    def export(self, target: str, approval: Approval = approve_any) -> DatabaseStatus:
        """Verify and copy to `target`, with its digest line in `<target>.sha256`, and its signature where it has one.

        Raises:
            UsageError: the target is the database itself.
            MalformedError: the database is damaged.
        """
        goal = Path(target)
        if not goal.name:
            raise UsageError("the target is no file", where=target, remedy="name a file")
        if goal.absolute() == self._path.absolute():
            raise UsageError("the target is the database itself", where=target, remedy="name another file")
        with _existing(self._path) as file, beside(goal) as new:
            _fill(new.file, _chunks(file))
            with self._reading(new) as database:
                shown = _Shown(database, new.file, self.signatures)
                status, digest = shown.verify(), shown.digest()
                bundle = approval(shown)
            new.settle()
        write_file(f"{target}.sha256", f"{digest.hex}  ".encode() + os.fsencode(goal.name) + b"\n")
        if bundle:
            write_file(target + SIGNATURE, bundle)
        else:
            Path(target + SIGNATURE).unlink(missing_ok=True)
        return status

    def restore(self, source: str, digest: str, approval: Approval = approve_any) -> DatabaseStatus:
        """Verify `source` and put a copy in place. What is verified are the bytes that were copied, not the source.

        Args:
            source: a file made by `export`; a signature beside it is shown to `approval`.
            digest: sha256 in hex it must have; empty = the line in `<source>.sha256` where there is one.
            approval: has the last word.

        Raises:
            UntrustedError: another digest.
            MalformedError, UnsupportedError: not a whole database, or one this program cannot read.
        """
        origin = Path(source)
        expected = digest.removeprefix("sha256:").lower() or _noted(origin)

        def checked(candidate: "_Shown") -> bytes:
            found = candidate.digest().hex
            if expected and found != expected:
                raise UntrustedError(
                    "the advisory database has another digest", where=source,
                    why=f"expected sha256:{expected}, found sha256:{found}", remedy="copy it again",
                    step="content", code="DIGEST_MISMATCH",
                )  # fmt: skip
            return b""

        absent = UsageError("no such file", where=source, remedy="give a file made by `assay db export`")
        with _existing(origin, absent) as file:
            signatures = DatabaseFile(origin, self._encoders, self._limits).signatures()
            return self._install(_chunks(file), signatures, approval, checked)

    def install(self, chunks: Iterator[bytes], signatures: tuple[bytes, ...], approval: Approval) -> DatabaseStatus:
        """Verify a database as it comes, have it approved, put it in place.

        Raises:
            MalformedError, UnsupportedError: not a whole database, or one this program cannot read.
        """
        return self._install(chunks, signatures, approval, lambda _: b"")

    def patch(
        self, head: DeltaHead, changes: Iterator[Change], signatures: tuple[bytes, ...], approval: Approval
    ) -> DatabaseStatus:
        """Make the next database out of this one, beside it; verify, approve, and put it in place.

        Raises:
            UsageError: the delta begins with another database.
            MalformedError: it does not fit, or does not lead where it says.
        """
        from assay.adapters.advisorydb_delta import applied

        with _existing(self._path) as file, beside(self._path) as new:
            base = AdvisoryDatabase(self._path, self._encoders, file)
            base.close()
            if base.status().content_digest != head.base:
                raise UsageError(
                    "the delta begins with another database", where=str(self._path),
                    why=f"it needs content {head.base}, here is {base.status().content_digest}",
                    remedy="apply the deltas before it first, or fetch the whole database",
                )  # fmt: skip
            applied(name_of(self._path, file), new.path, changes)
            with self._reading(new) as database:
                status = database.verify()
            if status.content_digest != head.content or status.build != head.build:
                raise MalformedError(
                    "the delta leads elsewhere than it says", where=str(self._path),
                    why=f"to build {status.build}, {status.content_digest}, not {head.build}, {head.content}",
                    remedy="fetch the whole database",
                )  # fmt: skip
            return self._settle(new, status, signatures, approval)

    def _install(
        self,
        chunks: Iterator[bytes],
        signatures: tuple[bytes, ...],
        approval: Approval,
        first: Callable[["_Shown"], bytes],
    ) -> DatabaseStatus:
        with beside(self._path) as new:
            _fill(new.file, chunks)
            first(_Shown(None, new.file, lambda: signatures))
            with self._reading(new) as database:
                status = database.verify()
            return self._settle(new, status, signatures, approval)

    def _settle(
        self, new: NewFile, status: DatabaseStatus, signatures: tuple[bytes, ...], approval: Approval
    ) -> DatabaseStatus:
        """Approval, then database, signature and memory, in an order that leaves no moment without a valid pair."""
        with self._reading(new) as database:
            bundle = approval(_Shown(database, new.file, lambda: signatures))
        if bundle:
            write_file(self._beside(_NEXT), bundle)
        new.settle()
        if bundle:
            Path(self._beside(_NEXT)).replace(self._beside(SIGNATURE))
        else:
            Path(self._beside(SIGNATURE)).unlink(missing_ok=True)
        if status.build:
            seen = Seen(build=status.build, content=status.content_digest)
            write_file(self._beside(_SEEN), msgspec.json.encode(seen, order="sorted") + b"\n")
        return status

    @contextmanager
    def _reading(self, new: NewFile) -> Iterator[AdvisoryDatabase]:
        database = AdvisoryDatabase(new.path, self._encoders, new.file)
        try:
            yield database
        finally:
            database.close()

    def _beside(self, ending: str) -> str:
        return f"{self._path}{ending}"

    def _small(self, ending: str, limit: int) -> bytes:
        """A small file beside the database; empty where there is none."""
        path = self._beside(ending)
        try:
            with open(path, "rb", opener=lambda p, f: os.open(p, f | os.O_NONBLOCK)) as file:
                data = file.read(limit + 1) or b""
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise UnavailableError("cannot read", where=path, why=str(error), remedy="check its rights") from error
        if len(data) > limit:
            raise MalformedError("file too large", where=path, why=f"more than {limit} bytes", remedy="remove it")
        return data


class _Shown:
    """A `ports.databases.Candidate`: an open database and the open file it is read from."""

    def __init__(
        self, database: AdvisoryDatabase | None, file: BinaryIO, signatures: Callable[[], tuple[bytes, ...]]
    ) -> None:
        self._database, self._file, self._signatures = database, file, signatures

    def status(self) -> DatabaseStatus:
        return self._open().status()

    def verify(self) -> DatabaseStatus:
        return self._open().verify()

    def digest(self) -> Digest:
        whole = sha256()
        for chunk in _chunks(self._file):
            whole.update(chunk)
        return Digest("sha256", whole.hexdigest())

    def signatures(self) -> tuple[bytes, ...]:
        return self._signatures()

    def _open(self) -> AdvisoryDatabase:
        if self._database is None:
            raise AssertionError("not opened yet")
        return self._database


@contextmanager
def _existing(path: Path, absent: UsageError | None = None) -> Iterator[BinaryIO]:
    """The file, open; a pipe or a device is opened without waiting, and refused later by its form."""
    try:
        file = open(path, "rb", opener=lambda p, f: os.open(p, f | os.O_NONBLOCK))  # noqa: SIM115 - closed below
    except FileNotFoundError as error:
        raise absent or no_database(path) from error
    except OSError as error:
        raise UnavailableError(
            "cannot read the advisory database", where=str(path), why=str(error), remedy="check the path and its rights"
        ) from error
    with file:
        yield file


def no_database(path: Path) -> UnavailableError:
    """There is none."""
    return UnavailableError(
        "no advisory database", where=str(path), remedy="run `assay db update`, or `assay db build --from DIR`"
    )


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    while chunk := file.read(_CHUNK_BYTES):
        yield chunk


def _fill(target: BinaryIO, chunks: Iterator[bytes]) -> None:
    for chunk in chunks:
        target.write(chunk)
    target.flush()


def _noted(origin: Path) -> str:
    """The digest in `<origin>.sha256`, empty where there is none."""
    with suppress(OSError), Path(f"{origin}.sha256").open("rb") as file:
        words = file.read(_LINE_BYTES).decode("ascii", "replace").split()
        return words[0].lower() if words else ""
    return ""
