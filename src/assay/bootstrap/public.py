"""Public-good Sigstore: its trusted root and signing config, from a file, as last updated, or as shipped.

The order: the file that is named; what `assay trust update --public` wrote into the user's data folder; the snapshot in
the package. Nothing here speaks to the network.
"""

from __future__ import annotations

import os
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

import assay
from assay.bootstrap.machine import LIMITS, read_file

if TYPE_CHECKING:
    from assay.formats.trustroot import TrustedRoot

SNAPSHOT = "2026-11-23"
"""When the shipped files were taken; `trust/public/NOTICE.md` says from where."""
TRUSTED_ROOT, SIGNING_CONFIG, TUF_ROOT = "trusted_root.json", "signing_config.json", "tuf_root.json"


def trusted_root(path: str | None = None, staging: bool = False) -> TrustedRoot:
    """The trusted root to judge by.

    Args:
        path: a TrustedRoot file, or None for the public instance's.
        staging: of the staging instance rather than production; without meaning where a path is given.

    Raises:
        UnavailableError: the file cannot be read.
        MalformedError: it is no trusted root.
    """
    from assay.formats import trustroot

    name, data = public_file(TRUSTED_ROOT, path, staging)
    return trustroot.read(data, where=name, limits=LIMITS)


def public_file(what: str, path: str | None, staging: bool) -> tuple[str, bytes]:
    """Name and bytes of one of the three files, looked for as the module says.

    Args:
        what: `TRUSTED_ROOT`, `SIGNING_CONFIG` or `TUF_ROOT`.
        path: the file to read instead.
        staging: of the staging instance.

    Raises:
        UnavailableError: the file cannot be read.
    """
    if path is not None:
        return path, read_file(path, LIMITS.trust_file_bytes)
    updated = updated_folder(staging) / what
    found = updated if updated.is_file() else shipped_folder(staging) / what
    return str(found), read_file(str(found), LIMITS.trust_file_bytes)


def shipped_folder(staging: bool) -> Path:
    """Where the package keeps the snapshot."""
    return Path(assay.__file__).with_name("trust") / "public" / _instance(staging)


def updated_folder(staging: bool) -> Path:
    """Where an update lies: `assay/trust/public` in the user's data folder (XDG Base Directory Specification)."""
    data = os.environ.get("XDG_DATA_HOME") or str(PurePath(os.environ.get("HOME", "/"), ".local", "share"))
    return Path(data, "assay", "trust", "public", _instance(staging))


def _instance(staging: bool) -> str:
    return "staging" if staging else "production"
