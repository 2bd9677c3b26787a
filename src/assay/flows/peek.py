"""One file out of a locked source."""

from assay.build import lock as locks
from assay.build import spec as specs
from assay.formats import sourcearchive
from assay.model.digest import Digest
from assay.model.errors import UsageError
from assay.model.limits import Limits
from assay.ports.stores import ContentStore


def file_of(source: specs.Source, locked: locks.SourceLock, path: str, store: ContentStore, limits: Limits) -> bytes:
    """The bytes of a file in a source.

    Args:
        source: as the spec names it.
        locked: as the lock pins it.
        path: relative to the source's root.
        store: holds it.
        limits: `metadata_bytes` x 16 for the file.

    Raises:
        UsageError: no such file. UntrustedError: the content changed.
    """
    wanted = path.strip("/").removeprefix("./").encode()
    if isinstance(locked, locks.FileLock):
        with store.open(Digest.parse(locked.sha256)) as pieces:
            return b"".join(pieces)
    strip = source.strip if isinstance(source, specs.ArchiveSource) else 0
    digest = locked.sha256 if isinstance(locked, locks.ArchiveLock) else locked.content
    found: bytes | None = None
    with store.open(Digest.parse(digest)) as pieces:
        for entry, content in sourcearchive.read(pieces, limits, where=path):
            name = b"/".join(entry.path.split(b"/")[strip:])
            if name == wanted and entry.kind == "file":
                if entry.size > limits.metadata_bytes * 16:
                    raise UsageError("the file is too large", where=path, why=f"{entry.size} bytes")
                found = b"".join(content)
        for _ in pieces:  # to the end, where the store's own check stands
            pass
    if found is None:
        raise UsageError("no such file in the source", where=path, remedy="check `file` in the spec")
    return found
