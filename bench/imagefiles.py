"""The files of an image, read with the standard library alone: evidence that owes nothing to any contender.

Reads OCI layouts (folder or tar) and `docker save` archives, of one platform, layers gzip or plain. It is slow on
purpose: `tarfile` opens what our own walker would, so that a mistake of ours cannot hide itself.
"""

import io
import json
import posixpath
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

WANTED_BYTES = 1 << 28
"""Bytes a single wanted file may have."""
BLOBS = "blobs/sha256/"


@dataclass
class Files:
    """What the finished image holds: a path's layer, links, the content of wanted files; and what layers removed."""

    digest: str = ""
    created: str = ""
    layers: dict[str, int] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    content: dict[str, bytes] = field(default_factory=dict)
    removed: dict[str, int] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    repository: dict[str, list[str]] = field(default_factory=dict)

    def __contains__(self, path: str) -> bool:
        return path in self.layers

    def owner(self, path: str) -> str:
        """The Debian package whose list names the file ("" for none); `/usr` may have been merged."""
        for spelling in (path, path.removeprefix("usr/"), f"usr/{path}"):
            if spelling in self.owners:
                return self.owners[spelling]
        return ""

    def target(self, path: str) -> str:
        """Where a link leads in the end (itself if it is none)."""
        for _ in range(10):
            if path not in self.links:
                break
            path = posixpath.normpath(posixpath.join(posixpath.dirname(path), self.links[path])).lstrip("/")
        return path

    def jar(self, path: str) -> zipfile.ZipFile | None:
        """A wanted archive, opened; `a.jar:b.jar` and `a.jar!/b.jar` are nested ones."""
        outer, *inner = [p.strip("/") for p in path.replace("!/", ":").split(":")]
        data = self.content.get(self.target(outer))
        for name in (*inner, None):
            if data is None or not zipfile.is_zipfile(io.BytesIO(data)):
                return None
            archive = zipfile.ZipFile(io.BytesIO(data))
            if name is None or not name.endswith((".jar", ".war", ".ear")) or name not in archive.namelist():
                return archive
            data = archive.read(name)
        return None


def read(reference: str) -> Files:
    """The files of `oci-dir:`, `oci-archive:` or `docker-archive:` (or of a bare path to one of them).

    Raises:
        ValueError: nothing there that can be read so.
    """
    _, _, rest = reference.rpartition("dir:") if "dir:" in reference else reference.rpartition("archive:")
    place = Path(rest)
    if not place.exists() and ":" in rest:
        place = Path(rest.rpartition(":")[0])
    if not place.exists():
        raise ValueError(f"{reference} is no local image: differences are explained from the documents alone")
    if place.is_dir():
        return _merge(lambda name: (place / name).open("rb"))
    with tarfile.open(place) as archive:

        def member(name: str) -> IO[bytes]:
            found = archive.extractfile(name)
            if found is None:
                raise KeyError(name)
            return found

        return _merge(member)


def _json(opener: Callable[[str], IO[bytes]], name: str) -> Any:
    with opener(name) as file:
        return json.load(file)


def _layers(opener: Callable[[str], IO[bytes]], files: Files) -> Iterator[str]:
    """Names of the layers' files, lowest first."""
    try:
        index = _json(opener, "index.json")
    except (KeyError, FileNotFoundError):
        saved = _json(opener, "manifest.json")[0]
        files.created = str(_json(opener, saved["Config"]).get("created", ""))
        yield from saved["Layers"]
        return
    files.digest = index["manifests"][0]["digest"]
    manifest = _json(opener, BLOBS + files.digest.partition(":")[2])
    while "manifests" in manifest:
        files.digest = manifest["manifests"][0]["digest"]
        manifest = _json(opener, BLOBS + files.digest.partition(":")[2])
    config = _json(opener, BLOBS + manifest["config"]["digest"].partition(":")[2])
    files.created = str(config.get("created", ""))
    for layer in manifest["layers"]:
        yield BLOBS + layer["digest"].partition(":")[2]


def _merge(opener: Callable[[str], IO[bytes]]) -> Files:
    files = Files()
    for number, name in enumerate(_layers(opener, files)):
        with opener(name) as blob, tarfile.open(fileobj=blob, mode="r|*") as layer:
            _apply(files, layer, number)
    for path, data in files.content.items():
        if path.startswith("var/lib/dpkg/info/") and path.endswith(".list"):
            package = posixpath.basename(path).removesuffix(".list").partition(":")[0]
            files.owners.update(dict.fromkeys((p.strip("/") for p in data.decode().splitlines()), package))
    return files


def _apply(files: Files, layer: tarfile.TarFile, number: int) -> None:
    """One layer over those below. Whiteouts hide lower layers only, wherever in the layer they stand."""
    for entry in layer:
        path = entry.name.removeprefix("./").strip("/")
        folder, base = posixpath.split(path)
        if base == ".wh..wh..opq":
            _hide(files, folder + "/", number)
        elif base.startswith(".wh."):
            gone = posixpath.join(folder, base.removeprefix(".wh."))
            _hide(files, gone + "/", number)
            _hide_one(files, gone, number)
        elif entry.isfile() or entry.issym() or entry.islnk():
            files.layers[path] = number
            files.removed.pop(path, None)
            files.links.pop(path, None)
            if not entry.isfile():
                files.links[path] = entry.linkname if entry.issym() else "/" + entry.linkname
            elif _is_wanted(path) and entry.size <= WANTED_BYTES:
                content = layer.extractfile(entry)
                files.content[path] = content.read() if content else b""


def _is_wanted(path: str) -> bool:
    if path.startswith("var/lib/dpkg/info/"):
        return path.endswith(".list")
    return path.endswith((".jar", ".war", ".ear", "/DESCRIPTION", ".deps.json"))


def _hide(files: Files, prefix: str, number: int) -> None:
    for path in [p for p in files.layers if p.startswith(prefix)]:
        _hide_one(files, path, number)


def _hide_one(files: Files, path: str, number: int) -> None:
    if path in files.layers and files.layers[path] < number:
        del files.layers[path]
        files.links.pop(path, None)
        files.content.pop(path, None)
        files.removed[path] = number
