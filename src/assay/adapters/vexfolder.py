"""Files of a folder of VEX documents: `.vex/` of a source tree, or a VEX repository (`ports.content.DocumentFolder`).

Links that lead out of the folder are not followed.
"""

import os
from pathlib import Path

from assay.adapters.blobs import open_regular, whole
from assay.model.errors import MalformedError, UsageError

SIGNATURE = ".sigstore.json"
"""Ending of the Sigstore bundle beside a document (`cosign sign-blob --bundle FILE.sigstore.json FILE`)."""
_HIDDEN_LINK = "it leads out of the folder"


class VexFolder:
    """A folder, read in one place.

    Args:
        path: of the folder.
    """

    def __init__(self, path: Path) -> None:
        self._root = path

    def exists(self) -> bool:
        """Whether it is there; a link to a folder elsewhere is not it."""
        return self._root.is_dir() and not self._root.is_symlink()

    def names(self, limit: int) -> tuple[str, ...]:
        """Names of the documents lying directly in it, sorted, at most `limit` + 1: one more says that there are more.

        Raises:
            UsageError: it cannot be listed.
        """
        try:
            with os.scandir(self._root) as entries:
                found = sorted(e.name for e in entries if e.name.endswith(".json") and not e.name.endswith(SIGNATURE))
        except OSError as error:
            raise UsageError("cannot list a folder", where=self._root.name, why=error.strerror or "") from error
        return tuple(found[: limit + 1])

    def read(self, name: str, limit: int) -> bytes:
        """A file below the folder.

        Raises:
            MalformedError: it is missing, too large, no regular file, or leads out of the folder.
        """
        path = self._root / name
        if not path.resolve().is_relative_to(self._root.resolve()):
            raise MalformedError("not a file of the folder", where=name, why=_HIDDEN_LINK, remedy="copy the file there")
        handle = open_regular(path, missing="a file is missing")
        try:
            return whole(handle, limit, where=name)
        finally:
            os.close(handle)

    def signature(self, name: str, limit: int) -> bytes:
        """The Sigstore bundle beside a document; empty where there is none.

        Raises:
            MalformedError: it cannot be read.
        """
        if not (self._root / (name + SIGNATURE)).exists():
            return b""
        return self.read(name + SIGNATURE, limit)
