"""Public-good Sigstore: its trusted root and signing config, from a file, as last updated, or as shipped.

The order: the file that is named; what `assay trust update --public` wrote into the user's data folder, unless the
package is newer; the snapshot in the package. Only `update_public` speaks to the network.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

import assay
from assay.bootstrap.machine import LIMITS, read_file, write_file
from assay.model.errors import UsageError

if TYPE_CHECKING:
    from assay.formats.trustroot import TrustedRoot

SNAPSHOT = "2026-11-23"
"""When the shipped files were taken; `trust/public/NOTICE.md` says from where."""
TRUSTED_ROOT, SIGNING_CONFIG, TUF_ROOT = "trusted_root.json", "signing_config.json", "tuf_root.json"
_TARGETS = {TRUSTED_ROOT: "trusted_root.json", SIGNING_CONFIG: "signing_config.v0.2.json"}
"""Our names to the paths of TUF targets."""
_REPOSITORIES = {False: "https://tuf-repo-cdn.sigstore.dev", True: "https://tuf-repo-cdn.sigstage.dev"}
"""Where the production and the staging instance publish their trust (sigstore/root-signing)."""


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
    found = updated if _is_newer(updated) else shipped_folder(staging) / what
    return str(found), read_file(str(found), LIMITS.trust_file_bytes)


def update_public(
    *, staging: bool = False, url: str | None = None, root: str | None = None, out: str | None = None
) -> tuple[Path, TrustedRoot]:
    """Fetch the public trusted root and signing config through TUF and put them where the doors above look.

    Args:
        staging: of the staging instance.
        url: a mirror of the repository.
        root: TUF root metadata of another repository than the public one; needs `url` and `out`.
        out: folder for the files in place of the user's data folder.

    Returns:
        The folder and the trusted root in it.

    Raises:
        UsageError: `root` without `url` and `out`.
        UnsupportedError, UntrustedError, UnavailableError: as `adapters.tuf_client.fetch`.
        MalformedError: a file is not what it should be; then neither is replaced.
    """
    from assay.adapters import tuf_client
    from assay.adapters.http import Http
    from assay.formats import signingconfig, trustroot

    if root is not None and (url is None or out is None):
        raise UsageError(
            "a TUF root of one's own belongs to a repository of one's own",
            remedy="also name its address and a folder for its files: --mirror URL --out DIR",
        )
    folder = Path(out) if out is not None else updated_folder(staging)
    shipped = str(shipped_folder(staging) / TUF_ROOT)
    http = Http(limits=LIMITS, env=os.environ)
    try:
        began = read_file(root or shipped, LIMITS.trust_file_bytes)
        found = tuf_client.fetch(url or _REPOSITORIES[staging], began, folder / "tuf", tuple(_TARGETS.values()), http)
    finally:
        http.close()
    files = {name: found[target] for name, target in _TARGETS.items()}
    roots = trustroot.read(files[TRUSTED_ROOT], where=TRUSTED_ROOT, limits=LIMITS)
    signingconfig.read(files[SIGNING_CONFIG], where=SIGNING_CONFIG, limits=LIMITS)
    for name, data in files.items():
        write_file(str(folder / name), data)
    return folder, roots


def shipped_folder(staging: bool) -> Path:
    """Where the package keeps the snapshot."""
    return Path(assay.__file__).with_name("trust") / "public" / _instance(staging)


def updated_folder(staging: bool) -> Path:
    """Where an update lies: `assay/trust/public` in the user's data folder (XDG Base Directory Specification)."""
    data = os.environ.get("XDG_DATA_HOME") or str(PurePath(os.environ.get("HOME", "/"), ".local", "share"))
    return Path(data, "assay", "trust", "public", _instance(staging))


def _is_newer(updated: Path) -> bool:
    """Whether there is an update that is not older than the snapshot: a release may bring a newer one."""
    try:
        written = datetime.fromtimestamp(updated.stat().st_mtime, UTC)
    except OSError:
        return False
    return written.date().isoformat() >= SNAPSHOT


def _instance(staging: bool) -> str:
    return "staging" if staging else "production"
