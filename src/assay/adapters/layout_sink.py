"""An OCI layout written in streams, shown only when it is whole.

A new layout grows under a hidden name beside its goal and is renamed. Into one that is there already, blobs are added
first, and its index is replaced last, in one step.
"""

import errno
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from assay.adapters.contentstore import FolderContentStore
from assay.adapters.layout import LayoutSource
from assay.adapters.layout_files import locked, make_layout, write_whole
from assay.artifact.reference import Target
from assay.formats import oci, strictjson
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UnavailableError, UsageError
from assay.model.image import Descriptor
from assay.model.limits import Limits
from assay.ports.content import ImageSource, Root
from assay.ports.stores import Blob


class LayoutSink:
    """A `BlobSink`: blobs in any order, then `publish`."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self._folder, self._limits = folder, limits
        self._store = FolderContentStore(folder)
        self.is_published = False
        """Whether anything was."""

    def put(self, chunks: Iterable[bytes], *, limit: int, expected: Digest | None = None) -> Blob:
        """Keep a blob."""
        return self._store.put(chunks, limit=limit, expected=expected)

    def publish(self, descriptor: Descriptor, tag: str) -> None:
        """Put the manifest into `index.json` under a tag, in the place of what had that tag."""
        with locked(self._folder, self._limits.lock_seconds):
            path = self._folder / "index.json"
            index = strictjson.loads(path.read_bytes(), where=path.name, limit=self._limits.manifest_bytes)
            write_whole(path, strictjson.canonical(_with(index, descriptor, tag, path.name)))
        self.is_published = True

    def source(self, descriptor: Descriptor, name: str) -> ImageSource:
        """What was put there as an image, before anybody else can see it."""
        return _Unpublished(self._folder, descriptor, name, self._limits)


class _Unpublished(LayoutSource):
    """An image of a layout whose index does not know it yet."""

    def __init__(self, folder: Path, descriptor: Descriptor, name: str, limits: Limits) -> None:
        super().__init__(Target(scheme="oci-dir", location=str(folder)), limits)
        self._root = Root(name=name, descriptor=descriptor, data=self.fetch(descriptor, limits.manifest_bytes))

    def root(self) -> Root:
        """That image."""
        return self._root


@contextmanager
def layout_sink(folder: Path, limits: Limits) -> Iterator[LayoutSink]:
    """A sink for a layout that is there, or for a new one that appears only when the block ends well and published.

    Raises:
        UsageError: something else lies at that place. UnavailableError: it cannot be written.
    """
    if folder.is_dir() and (folder / "oci-layout").is_file():
        yield LayoutSink(folder, limits)
        return
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(
            "not an OCI layout", where=folder.name, why="something else is there", remedy="name a new folder"
        )
    folder = folder.absolute()
    fresh = folder.with_name(f".{folder.name}.new-{os.urandom(8).hex()}")
    try:
        make_layout(fresh)
        sink = LayoutSink(fresh, limits)
        yield sink
        if sink.is_published:
            _show(fresh, folder)
    finally:
        with suppress(OSError):
            shutil.rmtree(fresh)


def _show(fresh: Path, folder: Path) -> None:
    """Give a whole layout its name."""
    try:
        fresh.rename(folder)  # over an empty folder too
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            raise UnavailableError(
                "the layout is there by now", where=folder.name, why="somebody made it while this one was made",
                remedy="run it again: the image is added to what is there",
            ) from error  # fmt: skip
        raise UnavailableError(
            "cannot write the layout", where=folder.name, why=error.strerror or type(error).__name__,
            remedy="check its permissions and the disk",
        ) from error  # fmt: skip


def _with(index: Any, descriptor: Descriptor, tag: str, where: str) -> dict[str, Any]:
    """The index with the manifest under the tag; entries in the order of their bytes."""
    entries = index.get("manifests") if isinstance(index, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise MalformedError("not an OCI layout", where=where, why="manifests is no list", remedy="copy it again")
    item = oci.descriptor_to_dict(descriptor)
    item["annotations"] = {**item.get("annotations", {}), oci.REF_NAME: tag}
    kept = [entry for entry in entries if (entry.get("annotations") or {}).get(oci.REF_NAME) != tag]
    return {**index, "manifests": sorted([*kept, item], key=strictjson.canonical)}
