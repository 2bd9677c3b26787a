"""Files of this machine: bounded reads, atomic writes."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from assay.model.errors import MalformedError, UnavailableError, UsageError


def read_file(path: str, limit: int) -> bytes:
    """A whole file, or standard input for `-`.

    Raises:
        UsageError: no such file, or it is a directory.
        MalformedError: more than `limit` bytes.
        UnavailableError: it cannot be read.
    """
    try:
        if path == "-":
            data = sys.stdin.buffer.read(limit + 1)
        else:
            with Path(path).open("rb") as file:
                data = file.read(limit + 1)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise UsageError("no such file", where=path, why=error.strerror or "", remedy="check the path") from error
    except OSError as error:
        raise UnavailableError("cannot read", where=path, why=str(error), remedy="check its permissions") from error
    if len(data) > limit:
        raise MalformedError("file too large", where=path, why=f"more than {limit} bytes", remedy="give a smaller one")
    return data


def file_chunks(path: str, size: int = 1 << 18) -> Iterator[bytes]:
    """A file's bytes in chunks; a pipe is opened without waiting.

    Raises:
        UsageError: no such file, or it is a directory. UnavailableError: it cannot be read.
    """
    try:
        with open(path, "rb", opener=lambda p, f: os.open(p, f | os.O_NONBLOCK)) as file:
            while chunk := file.read(size):
                yield chunk
    except (FileNotFoundError, IsADirectoryError) as error:
        raise UsageError("no such file", where=path, why=error.strerror or "", remedy="check the path") from error
    except OSError as error:
        raise UnavailableError("cannot read", where=path, why=str(error), remedy="check its permissions") from error


def write_file(path: str, data: bytes, mode: int = 0o644) -> None:
    """Write a file so that it is either whole or not there: temporary name beside it, fsync, rename.

    Raises:
        UnavailableError: the folder cannot be written; nothing half-written stays.
    """
    target = Path(path)
    if target.exists() and not target.is_file():  # /dev/stdout, a pipe: nothing to rename over
        target.write_bytes(data)
        return
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = new_file(target.parent, f".{target.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).chmod(mode)
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UnavailableError("cannot write", where=path, why=str(error), remedy="check folder and disk") from error


def check_writable(path: str) -> None:
    """Refuse a place that `write_file` could not write to, before anything is done that cannot be undone.

    Raises:
        UsageError: a folder stands there. UnavailableError: its folder cannot be written.
    """
    target = Path(path)
    if target.is_dir():
        raise UsageError("a folder stands where the file should be", where=path, remedy="name a file")
    if target.exists() and not target.is_file():
        return
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = new_file(target.parent, f".{target.name}.")
        os.close(handle)
        Path(temporary).unlink()
    except OSError as error:
        raise UnavailableError("cannot write", where=path, why=str(error), remedy="check folder and disk") from error


def new_file(folder: Path, prefix: str) -> tuple[int, str]:
    """A new file of a name nobody can guess, for its owner only, open for writing: its descriptor and its path.

    As `tempfile.mkstemp`, which costs every run 8 ms of imports.

    Raises:
        OSError: the folder cannot be written.
    """
    path = folder / f"{prefix}{os.urandom(12).hex()}"
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600), str(path)


def read_folder(path: str, limit: int, endings: tuple[str, ...]) -> dict[str, str]:
    """Text files of a folder by relative path, sorted; together at most `limit` bytes.

    Raises:
        UsageError: no such folder, or a link in it that leads to no file. MalformedError: too large, or not UTF-8.
        UnavailableError: a file or folder in it cannot be read: a rule that is left out unseen would let things pass.
    """
    root = Path(path)
    if not root.is_dir():
        raise UsageError("no such folder", where=path, remedy="give a folder")
    found: dict[str, str] = {}
    total = 0
    for name in sorted(_files_below(str(root), endings), key=lambda one: one.split(os.sep)):
        file = os.path.join(root, name)
        data = read_file(file, limit)
        total += len(data)
        if total > limit:
            raise MalformedError("folder too large", where=path, why=f"more than {limit} bytes")
        try:
            found[name] = data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise MalformedError("not UTF-8", where=file, why=str(error)) from error
    return found


def _files_below(root: str, endings: tuple[str, ...]) -> Iterator[str]:
    """Relative paths of the files with these endings; links to folders are not followed, `.rego` alone is no ending."""
    for folder, _, names in os.walk(root, onerror=_refuse):
        for name in names:
            path = os.path.join(folder, name)
            # A link to nothing is given out too, and refused by whoever reads it.
            if os.path.splitext(name)[1] in endings and (os.path.isfile(path) or not os.path.exists(path)):
                yield path.removeprefix(os.path.join(root, ""))


def _refuse(error: OSError) -> None:
    raise UnavailableError(
        "cannot read", where=str(error.filename), why=error.strerror or type(error).__name__,
        remedy="check its permissions",
    ) from error  # fmt: skip
