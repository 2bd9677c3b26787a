"""Keys of an embedded authority: files in its folder, or keys in a KMS."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

from assay.bootstrap.authority_folder import KEYS, read_authority
from assay.model.errors import UsageError

if TYPE_CHECKING:
    from assay.adapters.keyfile import Kind
    from assay.formats.authorityfile import Instance
    from assay.ports.decisions import Signer

Secret = Callable[[], bytes]


class Keys:
    """Key files in a folder, or keys in a KMS where the operator says so.

    A file that is there already is of a rotation that died: no instance has its number yet.
    """

    def __init__(self, folder: Path, secret: bytes, kms: Mapping[str, str]) -> None:
        self._folder, self._secret, self._kms = folder, secret, kms

    def make(self, name: str, kind: str) -> tuple[str, Signer]:
        """A new file, or the key the KMS has under the URI given for this name."""
        from assay.adapters.keyfile import KeyFileSigner, generate
        from assay.adapters.kms import KmsSigner

        if uri := self._kms.get(name, ""):
            return uri, KmsSigner(uri, lambda: self._secret)
        path = self._folder / f"{name}.key"
        if not path.exists() or not path.with_name(f"{path.name}.pub").exists():
            path.unlink(missing_ok=True)
            generate(path, cast("Kind", kind), self._secret)
        return path.name, KeyFileSigner(path, lambda: self._secret)


class Retired:
    """The public half of a key that signs no more."""

    def __init__(self, spki: bytes) -> None:
        self._spki = spki

    def public_key(self) -> bytes:
        """DER SubjectPublicKeyInfo."""
        return self._spki

    def sign(self, data: bytes) -> bytes:
        """Never.

        Raises:
            UsageError: always.
        """
        raise UsageError("this log is frozen", why=f"{len(data)} bytes were to be signed")


def signer(place: Path, instance: Instance, secret: Secret) -> Signer:
    """The key of an instance; refused if it is another one.

    Raises:
        UsageError: another key lies there.
    """
    from assay.adapters.keyfile import KeyFileSigner
    from assay.adapters.kms import KmsSigner, is_kms

    found: Signer
    found = (
        KmsSigner(instance.key, secret) if is_kms(instance.key) else KeyFileSigner(place / KEYS / instance.key, secret)
    )
    if found.public_key() != instance.spki:
        raise UsageError("another key lies there", where=instance.key, remedy="bring back the authority's own key")
    return found


def export_root_key(folder: str, role: str, out: str, *, remove: bool) -> Path:
    """Copy the newest root key of `ca` or `tsa` elsewhere, as it is (encrypted if it was); remove it here if asked.

    Raises:
        UsageError: no such key here, or a file in the way.
    """
    from assay.adapters import secretfile

    file = read_authority(folder)
    number = len(file.authorities if role == "ca" else file.timestamps)
    source = Path(folder) / KEYS / f"{role}-root-{number}.key"
    target = Path(out)
    if not source.exists():
        raise UsageError("the root key is not here", where=str(source), why="it was removed, or lies in a KMS")
    if os.path.lexists(target):
        raise UsageError("a file is in the way", where=out, remedy="choose another name")
    secretfile.write(target, secretfile.read(source), 0o600)
    if remove:
        source.unlink()
    return target
