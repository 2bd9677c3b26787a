"""`oci-dir:PATH[:tag|@digest]`: an OCI image layout in a folder (image-spec 1.1, image-layout.md)."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from assay.adapters.blobs import open_regular, pieces, too_large, whole
from assay.artifact.reference import Target
from assay.artifact.selection import platforms_of, select
from assay.formats import oci, strictjson
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UsageError
from assay.model.image import Descriptor
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.ports.content import Platforms, Root

Fetch = Callable[[Descriptor, int], bytes]


class LayoutSource:
    """An `ImageSource` over a folder. Holds nothing open."""

    def __init__(self, target: Target, limits: Limits = DEFAULT_LIMITS) -> None:
        self._path, self._limits = Path(target.location), limits
        self._tag, self._digest = target.tag, target.digest
        self._name = self._path.resolve().name

    def root(self) -> Root:
        """The manifest or index that tag or digest mean, or the only image."""
        return root_of(self.index(), self._name, self._tag, self._digest, self._limits, self.fetch)

    def platforms(self) -> Platforms | None:
        """See `ports.content.ListsPlatforms`."""
        return platforms_in(self.index(), self._name, self._tag, self._digest, self._limits)

    def index(self) -> bytes:
        """The bytes of `index.json` now, after a look at the layout's marker."""
        self._check_marker()
        return self._file(self._path / "index.json", "the layout's index.json is missing", self._limits.manifest_bytes)

    def fetch(self, descriptor: Descriptor, limit: int) -> bytes:
        """A blob, whole."""
        if descriptor.size is not None and descriptor.size > limit:
            raise too_large(f"{self._name} {descriptor.digest}", limit)
        return self._file(self._blob(descriptor), "a blob is missing from the layout", limit)

    @contextmanager
    def stream(self, descriptor: Descriptor) -> Iterator[Iterator[bytes]]:
        """A blob's bytes as they lie there."""
        path = self._blob(descriptor)
        handle = open_regular(path, missing="a blob is missing from the layout")
        try:
            yield pieces(handle, 0, os.fstat(handle).st_size, where=path.name)
        finally:
            os.close(handle)

    def close(self) -> None:
        """Nothing to release."""

    def _check_marker(self) -> None:
        if not self._path.is_dir():
            raise UsageError("no such folder", where=str(self._path), remedy="check the path")
        marker = self._path / "oci-layout"
        if not marker.is_file():
            raise UsageError("not an OCI layout", where=self._name, why="no oci-layout file", remedy="check the path")
        check_marker(self._file(marker, "the layout's marker is missing", 4096), self._name)

    def _blob(self, descriptor: Descriptor) -> Path:
        if descriptor.digest is None:
            raise MalformedError("a descriptor without digest", where=self._name)
        return self._path / "blobs" / descriptor.digest.algorithm / descriptor.digest.hex

    def _file(self, path: Path, missing: str, limit: int) -> bytes:
        handle = open_regular(path, missing=missing)
        try:
            return whole(handle, limit, where=path.name)
        finally:
            os.close(handle)


def platforms_in(index: bytes, name: str, tag: str, digest: Digest | None, limits: Limits) -> Platforms | None:
    """The platforms of one image that a layout's `index.json` lists itself; shared with archives."""
    document = oci.parse(index, oci.OCI_INDEX, where=f"{name}/index.json", limits=limits)
    found = platforms_of(document, tag=tag, digest=digest) if isinstance(document, oci.Index) else ()
    return Platforms(name, found) if found else None


def check_marker(data: bytes, name: str) -> None:
    """`oci-layout` must say version 1.x (image-layout.md, "oci-layout file").

    Raises:
        MalformedError: it does not.
    """
    document = strictjson.loads(data, where=f"{name}/oci-layout", limit=4096)
    version = document.get("imageLayoutVersion") if isinstance(document, dict) else None
    if not isinstance(version, str) or not version.startswith("1."):
        raise MalformedError("not an OCI layout", where=name, why=f"imageLayoutVersion is {str(version)[:40]!r}")


def root_of(index: bytes, name: str, tag: str, digest: Digest | None, limits: Limits, fetch: Fetch) -> Root:
    """The root a layout's `index.json` leads to; shared with archives."""
    document = oci.parse(index, oci.OCI_INDEX, where=f"{name}/index.json", limits=limits)
    if not isinstance(document, oci.Index):
        raise MalformedError("not an OCI layout", where=name, why="index.json is no index")
    chosen = select(document, tag=tag, digest=digest, where=name)
    if chosen is None:  # a digest the index does not list: a manifest further down, if it is there
        wanted = Descriptor(media_type="", digest=digest, size=None)
        try:
            data = fetch(wanted, limits.manifest_bytes)
        except MalformedError as error:
            raise UsageError(
                "no such image", where=name, why=f"nothing has the digest {digest}", remedy="check it"
            ) from error
        chosen = Descriptor(media_type="", digest=digest, size=len(data))
    else:
        data = fetch(chosen, limits.manifest_bytes)
    return Root(name=name, descriptor=chosen, data=data, requested=digest)
