"""Secrets in files: written whole at a mode, read only where no one else can, and the passphrases that open them."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

from assay.model.errors import UnavailableError, UntrustedError, UsageError
from assay.model.limits import DEFAULT_LIMITS

PASSPHRASE_VARIABLE = "ASSAY_KEY_PASSPHRASE"  # noqa: S105  (a name, not a secret)
_DESCRIPTOR = "fd:"


def write(path: Path, data: bytes, mode: int) -> None:
    """Create, never follow or replace; durable before the name is given back.

    Raises:
        UnavailableError: it cannot be written, or something has the name; nothing half-written stays.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    created = False
    try:
        descriptor = os.open(path, flags, mode)
        created = True
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.write(data)
            file.flush()
            os.fsync(descriptor)
    except OSError as error:
        if created:
            path.unlink(missing_ok=True)  # half a key is worse than none
        raise UnavailableError(
            "cannot write the key", where=path.name, why=error.strerror or str(error), remedy="choose another folder"
        ) from error


def read(path: Path) -> bytes:
    """A secret's bytes, only if no one else can read or write the file (judged on the open descriptor).

    Raises:
        UntrustedError: others may (`KEY_MODE`).
        UsageError: not a regular file.
        UnavailableError: it cannot be read.
    """
    try:
        with open(path, "rb", opener=lambda p, f: os.open(p, f | os.O_NONBLOCK)) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise UsageError("not a regular file", where=path.name, remedy="name the key file itself")
            if status.st_mode & 0o077:
                raise UntrustedError(
                    "others can read this secret",
                    where=path.name,
                    why=f"mode {stat.S_IMODE(status.st_mode):04o}",
                    remedy="chmod 600 it; if others may have read it, make a new key",
                    code="KEY_MODE",
                    step="key",
                )
            return file.read(DEFAULT_LIMITS.key_bytes)
    except OSError as error:
        raise unreadable(path.name, error) from error


def passphrase_from(file: Path | None = None, prompt: Callable[[], str] | None = None) -> Callable[[], bytes]:
    """Where a passphrase comes from, in this order: a file, the environment, a prompt; never the command line.

    Args:
        file: mode 0600 or stricter; or `fd:N`, an open descriptor that is read to its end, once.
        prompt: asks a person.

    Returns:
        A function that fetches it when it is needed, once however often it is asked; one trailing line break is not
        part of it.
    """
    known: list[bytes] = []

    def fetch() -> bytes:
        if not known:
            known.append(_fetched(file, prompt))
        return known[0]

    return fetch


def unreadable(name: str, error: OSError) -> UnavailableError:
    """What is said of a file that cannot be read."""
    return UnavailableError(
        "cannot read the file", where=name, why=error.strerror or str(error), remedy="check the path and its mode"
    )


def _fetched(file: Path | None, prompt: Callable[[], str] | None) -> bytes:
    if file is not None:
        text = str(file)
        data = _descriptor(text) if text.startswith(_DESCRIPTOR) else read(file)
        return data.removesuffix(b"\n").removesuffix(b"\r")
    if (text_of := os.environ.get(PASSPHRASE_VARIABLE)) is not None:
        return text_of.encode()
    if prompt is not None:
        return prompt().encode()
    raise UsageError(
        "the key needs a passphrase",
        why="none was given",
        remedy=f"name a file that holds it, or set {PASSPHRASE_VARIABLE}",
    )


def _descriptor(text: str) -> bytes:
    """What an open descriptor holds, to its end; it is closed then."""
    number = text.removeprefix(_DESCRIPTOR)
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise UsageError("not a descriptor", why=repr(text[:40]), remedy="write fd:3")
    try:
        with os.fdopen(int(number), "rb") as file:
            return file.read(DEFAULT_LIMITS.key_bytes)
    except OSError as error:
        raise unreadable(text, error) from error
