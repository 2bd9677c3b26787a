"""`oci-archive:` and `docker-archive:`: images in a tar, read by position; nothing is unpacked.

A compressed archive (gzip, zstd) is inflated once into a temporary file without a name, which vanishes with the
process however that ends; so is one that comes on standard input, which can be read from front to back only.
"""

import os
import posixpath
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from assay.adapters.archive_input import input_again, spooled
from assay.adapters.blobs import open_regular, pieces, too_large
from assay.adapters.layout import check_marker, platforms_in, root_of
from assay.artifact.image import CONFIG_PATH, LAYER_INDEX
from assay.artifact.names import clean
from assay.artifact.reference import STANDARD_INPUT, Target
from assay.artifact.selection import select_entry
from assay.artifact.tar import FILE, HARD_LINK, SYMLINK, entries
from assay.artifact.tarstream import BLOCK, truncated
from assay.formats import oci, strictjson
from assay.formats.codec import inflate, sniff
from assay.model.errors import MalformedError, UnsupportedError, UsageError
from assay.model.image import Descriptor
from assay.model.limits import Limits
from assay.ports.content import Platforms, Root

Place = tuple[int, int] | str
"""(offset, size) of a member's bytes, or the path it links to."""


def open_archive(target: Target, limits: Limits) -> "ArchiveSource":
    """The source for `oci-archive:`, `docker-archive:` or an archive named by its path alone.

    Raises:
        UsageError: no such file. MalformedError, UnsupportedError: neither form of archive, or a limit.
    """
    handle = input_again(limits) if _is_input(target) else open_regular(Path(target.location))
    try:
        handle = _inflated(handle, _name_of(target), limits)
        return ArchiveSource(handle, target, limits)
    except BaseException:
        os.close(handle)
        raise


class ArchiveSource:
    """An `ImageSource` over a tar. Owns the descriptor from the moment it is built without error."""

    def __init__(self, handle: int, target: Target, limits: Limits) -> None:
        self._handle, self._target, self._limits = handle, target, limits
        self._name = _name_of(target)
        self._members = _members(handle, limits, self._name)
        self._shape = self._find_shape()
        self._layers: tuple[str, ...] = ()

    def root(self) -> Root:
        """The manifest, index or old-style entry that tag or digest mean, or the only image."""
        tag, digest = self._target.tag, self._target.digest
        if self._shape == "oci":
            return root_of(self._index(), self._name, tag, digest, self._limits, self.fetch)
        data = self._read("manifest.json", self._limits.manifest_bytes)
        listed = oci.parse_docker_archive(data, where=f"{self._name}/manifest.json", limits=self._limits)
        entry = select_entry(listed, tag=tag, digest=digest, where=self._name)
        self._layers = entry.layers
        one = strictjson.canonical(oci.archive_entry_to_dict(entry))
        descriptor = Descriptor(media_type=oci.DOCKER_ARCHIVE, digest=None, size=len(one))
        return Root(name=self._name, descriptor=descriptor, data=one)

    def platforms(self) -> Platforms | None:
        """See `ports.content.ListsPlatforms`."""
        if self._shape != "oci":
            return None
        return platforms_in(self._index(), self._name, self._target.tag, self._target.digest, self._limits)

    def fetch(self, descriptor: Descriptor, limit: int) -> bytes:
        """A blob, whole."""
        if descriptor.size is not None and descriptor.size > limit:
            raise too_large(f"{self._name} {descriptor.digest}", limit)
        return self._read(self._path(descriptor), limit)

    @contextmanager
    def stream(self, descriptor: Descriptor) -> Iterator[Iterator[bytes]]:
        """A blob's bytes as they lie there."""
        path = self._path(descriptor)
        offset, size = self._find(path)
        yield pieces(self._handle, offset, size, where=f"{self._name} {path}")

    def close(self) -> None:
        """Close the file; a temporary one is gone with that."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def _find_shape(self) -> Literal["oci", "docker"]:
        """OCI wherever its files are (newer `docker save` writes both forms): only that one has blob digests."""
        if "oci-layout" in self._members and "index.json" in self._members:
            return "oci"
        if "manifest.json" in self._members and self._target.scheme != "oci-archive":
            return "docker"
        if "manifest.json" in self._members:
            raise UsageError(
                "not an OCI archive",
                where=self._name,
                why="it has the form that `docker save` writes",
                remedy="name it with docker-archive:",
            )
        raise MalformedError(
            "not an image archive",
            where=self._name,
            why="it holds neither oci-layout and index.json nor manifest.json",
            remedy="write it with `docker save`, `podman save` or `skopeo copy … oci-archive:FILE`",
        )

    def _index(self) -> bytes:
        """The bytes of `index.json`, after a look at the layout's marker."""
        check_marker(self._read("oci-layout", 4096), self._name)
        return self._read("index.json", self._limits.manifest_bytes)

    def _path(self, descriptor: Descriptor) -> str:
        if descriptor.digest is not None:
            return f"blobs/{descriptor.digest.algorithm}/{descriptor.digest.hex}"
        if CONFIG_PATH in descriptor.annotations:
            return descriptor.annotations[CONFIG_PATH]
        return self._layers[int(descriptor.annotations[LAYER_INDEX])]

    def _find(self, path: str) -> tuple[int, int]:
        """Where a member's bytes lie; links inside the archive are followed, old `docker save` writes some."""
        for _ in range(self._limits.link_hops_count):
            name = _clean_text(path)
            place = self._members.get(name) if name else None
            if place is None or name is None:
                why = f"no file {path[:200]!r} in the archive"
                raise MalformedError("incomplete image archive", where=self._name, why=why, remedy="save it again")
            if not isinstance(place, str):
                return place
            path = place
        raise MalformedError("links in a circle", where=f"{self._name} {path}", why="link_hops_count is passed")

    def _read(self, path: str, limit: int) -> bytes:
        offset, size = self._find(path)
        if size > limit:
            raise too_large(f"{self._name} {path}", limit)
        return b"".join(pieces(self._handle, offset, size, where=f"{self._name} {path}"))


class _FileReader:
    """A tar `Reader` over a descriptor: skipping costs nothing."""

    def __init__(self, handle: int, where: str) -> None:
        self._handle, self._where = handle, where
        self._size = os.fstat(handle).st_size
        self.offset, self.left = 0, 0
        self.chunk, self.at = b"", 0  # nothing ready: each block is asked for

    def block(self) -> bytes:
        """See `artifact.tar.Reader`."""
        data = os.pread(self._handle, BLOCK, self.offset)
        if data and len(data) < BLOCK:
            raise truncated(self._where, "ends in the middle of a block")
        self.offset += len(data)
        return data

    def read(self, size: int) -> bytes:
        """See `artifact.tar.Reader`."""
        data = b"".join(pieces(self._handle, self.offset, size, where=self._where))
        self.offset += size
        return data

    def skip(self, size: int, pad: int) -> None:
        """See `artifact.tar.Reader`."""
        self.offset += size
        if self.offset > self._size:
            raise truncated(self._where, "ends in the middle of a file")
        self.offset += pad


def _members(handle: int, limits: Limits, name: str) -> dict[str, Place]:
    reader = _FileReader(handle, name)
    members: dict[str, Place] = {}
    for count, entry in enumerate(entries(reader, limits, name)):
        if count >= limits.archive_entries_count:
            raise UnsupportedError("too many files in the archive", where=name, why="archive_entries_count is passed")
        raw = clean(entry.name)
        if not raw:
            continue
        path = raw.decode("utf-8", "surrogateescape")
        link = entry.link.decode("utf-8", "surrogateescape")
        if entry.kind == FILE and not entry.sparse:
            members[path] = (reader.offset, entry.size)
        elif entry.kind == HARD_LINK:
            members[path] = link
        elif entry.kind == SYMLINK:
            members[path] = posixpath.join(posixpath.dirname(path), link)
    return members


def _clean_text(path: str) -> str | None:
    """The member a path means; None if it climbs out of the archive."""
    normal = posixpath.normpath(path.lstrip("/"))
    return None if normal.startswith("../") or normal == ".." else normal


def _inflated(handle: int, name: str, limits: Limits) -> int:
    """The same descriptor if the archive is plain, else one of a nameless temporary file (the first is closed)."""
    if sniff(os.pread(handle, 6, 0), where=name) == "plain":
        return handle
    size = os.fstat(handle).st_size
    stored = pieces(handle, 0, size, where=name)
    inflated = inflate(stored, "", limits, name, limit=limits.image_archive_bytes)
    copy = spooled(inflated, "cannot inflate the archive", name, "inflate it first, or set TMPDIR elsewhere")
    os.close(handle)
    return copy


def _name_of(target: Target) -> str:
    if target.scheme in ("docker", "podman"):
        return target.location
    return "standard input" if _is_input(target) else Path(target.location).name


def _is_input(target: Target) -> bool:
    return target.scheme == "file" and target.location == STANDARD_INPUT  # after a scheme it is a file's name
