"""The folder of an embedded authority: its file, what it publishes, and one process at a time.

DIR/authority.json         every instance, its window, its certificates; nothing secret
DIR/keys/NAME.key[.pub]    private keys (0600, encrypted if there is a passphrase) and their public halves
DIR/keys/memory/           what each log's key signed last, the last second a timestamp named
DIR/keys/spent/            tokens that may be used once and were, until they end
DIR/log/NAME-N/            a transparency log: checkpoint, tiles
DIR/issuance/NAME-N/       an issuance log
DIR/public/                trusted_root.json, signing_config.json, client_trust_config.json
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from assay.bootstrap.machine import LIMITS, read_file, write_file
from assay.model.errors import UnavailableError

if TYPE_CHECKING:
    from assay.formats.authorityfile import AuthorityFile

FILE, KEYS, MEMORY, PUBLIC = "authority.json", "keys", "memory", "public"


def read_authority(folder: str) -> AuthorityFile:
    """The file of an authority."""
    from assay.formats import authorityfile

    path = Path(folder) / FILE
    return authorityfile.read(read_file(str(path), LIMITS.trust_file_bytes), where=str(path), limits=LIMITS)


def publish(place: Path, file: AuthorityFile) -> None:
    """First what is believed, then where to sign: no client may meet a key that it cannot know yet."""
    from assay.formats import authorityfile

    root, config, both = client_config(file)
    (place / PUBLIC).mkdir(exist_ok=True)
    write_file(str(place / FILE), authorityfile.write(file))
    for name, data in (
        ("trusted_root.json", root), ("client_trust_config.json", both), ("signing_config.json", config)
    ):  # fmt: skip
        write_file(str(place / PUBLIC / name), data)


def client_config(file: AuthorityFile) -> tuple[bytes, bytes, bytes]:
    """What clients need: the trusted root, the signing config, and both in one."""
    from assay.formats import signingconfig, trustroot
    from assay.formats.signingconfig import ClientTrustConfig
    from assay.trust import instances

    root, config = instances.trusted_root(file), instances.signing_config(file)
    return (
        trustroot.write(root) + b"\n",
        signingconfig.write(config),
        signingconfig.write_client(ClientTrustConfig(root, config)),
    )


@contextmanager
def alone(place: Path) -> Iterator[None]:
    """Serve or rotate, one process at a time; a process that dies lets go."""
    path = place / ".lock"
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise UnavailableError(
            "cannot open the authority", where=str(place), why=error.strerror or str(error)
        ) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UnavailableError(
                "the authority is in use", where=str(place), why="another process serves or rotates it",
                remedy="stop it first",
            ) from error  # fmt: skip
        yield
    finally:
        with suppress(OSError):
            os.close(handle)


def now() -> datetime:
    """The machine's time; `SOURCE_DATE_EPOCH` does not rule what is dated for others."""
    return datetime.now(UTC)
