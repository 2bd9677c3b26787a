"""The embedded authority on disk: made, rotated, configured."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from assay.bootstrap.authority_folder import KEYS, MEMORY, alone, now, publish, read_authority
from assay.bootstrap.authority_keys import Keys
from assay.bootstrap.authority_logs import begin, freeze, log_of
from assay.model.errors import UsageError

if TYPE_CHECKING:
    from assay.flows.authority_life import Wish
    from assay.formats.authorityfile import AuthorityFile


def make_authority(folder: str, wish: Wish, secret: bytes, kms: Mapping[str, str]) -> AuthorityFile:
    """Make keys, certificates, logs with their genesis leaves, and what is published.

    Args:
        folder: new or empty.
        wish: what it is to be.
        secret: passphrase of the key files; empty leaves them plain.
        kms: URI of a key by its name (`ca-1`), for those that are not to be made here.

    Raises:
        UsageError: the folder is in use, or as `authority_life.begin`.
        UnavailableError: it cannot be written.
    """
    from assay.flows import authority_life

    place = Path(folder)
    if place.exists() and any(place.iterdir()):
        raise _in_use(folder)
    place.mkdir(parents=True, exist_ok=True)
    try:
        (place / KEYS).mkdir(mode=0o700)
    except FileExistsError as error:  # somebody else's, since the look: what is made there is not ours to take away
        raise _in_use(folder) from error
    try:
        (place / KEYS).chmod(0o700)
        (place / KEYS / MEMORY).mkdir(mode=0o700)
        keys = Keys(place / KEYS, secret, kms)
        file = authority_life.begin(wish, keys, now(), os.urandom)
        for kind, instances in (("log", file.logs), ("issuance", file.ct_logs)):
            begin(log_of(place, file, kind, instances[-1], lambda: secret))
        publish(place, file)
    except BaseException:
        # It was empty: all in it is half an authority, of which nobody has seen anything.
        for left in sorted(place.iterdir()):
            with suppress(OSError):  # the first error is the one to tell
                shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()
        raise
    return file


def _in_use(folder: str) -> UsageError:
    return UsageError("the folder is in use", where=folder, remedy="choose a new one")


def rotate_authority(
    folder: str,
    roles: Collection[str],
    secret: bytes,
    kms: Mapping[str, str],
    *,
    log_host: str = "",
    stolen: str = "",
) -> AuthorityFile:
    """New instances; old logs frozen, old windows closed. The trusted root is published before the signing config.

    A rotation that died is begun again: keys and logs that it made and nobody knows of are used.

    Raises:
        UnavailableError: it is being served: stop it first.
        UsageError: as `authority_life.rotate`.
    """
    from assay.flows import authority_life

    place = Path(folder)
    file = read_authority(folder)
    with alone(place):
        keys = Keys(place / KEYS, secret, kms)
        following = authority_life.rotate(file, roles, keys, now(), os.urandom, log_host=log_host, stolen=stolen)
        for kind, role, instances in (("log", "log", following.logs), ("issuance", "ct", following.ct_logs)):
            if role in roles:
                begin(log_of(place, following, kind, instances[-1], lambda: secret))
        publish(place, following)
        # Last: whoever dies before this leaves an authority that goes on, or a new one that freezes when it is served.
        freeze(place, following, lambda: secret)
    return following


def configure_authority(
    folder: str,
    change: Callable[[AuthorityFile], AuthorityFile],
    secret: bytes,
    kms: Mapping[str, str],
) -> AuthorityFile:
    """Change what may change without a new instance: issuers, witnesses, the logs watched as a witness.

    Raises:
        UnavailableError: it is being served: stop it first.
        UsageError: an issuer that makes no sense.
    """
    from assay.flows import authority_life

    place = Path(folder)
    with alone(place):
        changed = change(read_authority(folder))
        settled = authority_life.settle(changed, Keys(place / KEYS, secret, kms), now())
        publish(place, settled)
    return settled


def witness_policy(file: AuthorityFile) -> bytes:
    """Lines of a C2SP tlog-policy: the logs of an authority, and itself as a witness, for others to copy."""
    from assay.trust import instances

    return instances.policy_lines(file).encode()
