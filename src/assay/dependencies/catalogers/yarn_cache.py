"""Yarn 2 and later with Plug'n'Play: packages that stay zipped, in `.yarn/cache/*.zip`.

Yarn documentation, "Plug'n'Play" and "Offline cache": each archive holds one `node_modules/NAME/package.json`; other
manifests inside (bundled copies, fixtures) are read only directly in a `node_modules` of theirs.
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Package, Wanted
from assay.dependencies.licences import licence
from assay.formats.chunks import ChunkView
from assay.formats.zipdirectory import inflate, read_directory
from assay.model.errors import MalformedError
from assay.model.inventory import Gap, Licence
from assay.model.patterns import lazy

_ARCHIVE = lazy(r"(?:.*/)?\.yarn/cache/[^/]+\.zip", re.IGNORECASE)
_MANIFEST = lazy(r"(?:.*/)?node_modules/((?:@[^/]+/)?[^/@.][^/]*)/package\.json")
_NAME = lazy(r"(?:@[^/@\s%]+/)?[^/@\s%][^/@\s%]*")
_DEPENDENCIES = ("dependencies", "optionalDependencies", "peerDependencies")


def catalogue(file: File) -> Fragment:
    """One archive of the cache, in a tree or an image: Plug'n'Play runs from it.

    Raises:
        MalformedError: no ZIP archive, or a manifest that is no JSON object.
    """
    if not _ARCHIVE.fullmatch(file.path):
        return Fragment()
    directory = read_directory(ChunkView(file.chunks, where=file.path), file.limits)
    packages: list[Package] = []
    gaps: list[Gap] = []
    for member in directory.members:
        if not _MANIFEST.fullmatch(member.name):
            continue
        place = f"{file.path}!/{member.name}"
        if member.encrypted:
            gaps.append(Gap("unreadable", place, None, "encrypted", "yarn-cache"))
            continue
        packages.extend(_packages(inflate(directory, member, file.limits.metadata_bytes), place))
    return Fragment(packages=tuple(packages), gaps=tuple(gaps))


def _packages(data: bytes, place: str) -> Iterator[Package]:
    try:
        manifest = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"), type=dict[str, Any])
    except (ValueError, RecursionError) as error:
        raise MalformedError("package.json is not a JSON object", where=place, why=str(error)[:200]) from error
    name, version = manifest.get("name"), manifest.get("version")
    if not (isinstance(name, str) and _NAME.fullmatch(name) and isinstance(version, str) and version):
        return
    scope, _, base = name.rpartition("/")
    yield Package(
        ecosystem="npm",
        name=name,
        version=version.strip(),
        namespace=scope,
        purl_name=base if scope else "",
        licence=_licence(manifest.get("license")),
        depends=tuple(sorted(_requirements(manifest))),
        path=place,
    )


def _licence(value: object) -> Licence:
    value = value.get("type") if isinstance(value, dict) else value
    return licence([value], "package.json") if isinstance(value, str) and value else licence([], "package.json")


def _requirements(manifest: dict[str, Any]) -> set[str]:
    optional = manifest.get("peerDependenciesMeta")
    left_out = {
        name for name, meta in (optional.items() if isinstance(optional, dict) else ())
        if isinstance(meta, dict) and meta.get("optional") is True
    }  # fmt: skip
    wanted = {
        name for field in _DEPENDENCIES if isinstance(listed := manifest.get(field), dict) for name in listed
    }  # fmt: skip
    return wanted - left_out


CATALOGUER = Cataloguer(
    name="yarn-cache",
    version=1,
    ecosystem="npm",
    wants=Wanted(suffixes=frozenset([".zip"]), folders=frozenset(["cache"]), limit="archive_bytes"),
    catalogue=catalogue,
)
