"""conda: the records of an environment, `conda-meta/NAME-VERSION-BUILD.json`.

conda documentation, "Managing environments" and "Package metadata"; package URL type `conda`. A record lists the
files of its package: the Python distributions among them (`…/site-packages/x.dist-info`) are owned by it. They stay
components of their own beside it, since advisories speak of the Python name.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Package, Wanted
from assay.dependencies.licences import licence
from assay.dependencies.lockfiles import hashes, malformed, text, texts
from assay.dependencies.paths import path_hashes
from assay.model.errors import UnsupportedError
from assay.model.patterns import lazy

_FOLDER = "conda-meta"
_NAME = lazy(r"[A-Za-z0-9_.-]+")
_FORMS = {".conda": "conda", ".tar.bz2": "tar.bz2"}
_SUMS = ("md5", "sha256")
_SECRET = lazy(r"/t/[^/]+(?=/)")


def catalogue(file: File) -> Fragment:
    """One record of an environment.

    Raises:
        MalformedError: no JSON object, or without a usable name or version.
        UnsupportedError: file names longer than `owned_paths_bytes` together.
    """
    directory = file.path.rpartition("/")[0]
    try:
        record = msgspec.json.decode(file.data(), type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise malformed(file, "record of conda", str(error)) from error
    name, version = text(record, "name"), text(record, "version")
    if not _NAME.fullmatch(name) or not version:
        raise malformed(file, "record of conda", f"name {name[:80]!r}, version {version[:80]!r}")
    prefix = directory.rpartition(_FOLDER)[0]
    return Fragment(packages=(_package(record, name, version, prefix, file),))


def _package(record: Mapping[str, Any], name: str, version: str, prefix: str, file: File) -> Package:
    declared = text(record, "license")
    return Package(
        ecosystem="conda",
        name=name,
        version=version,
        qualifiers=tuple(_qualifiers(record)),
        architecture=text(record, "subdir"),
        licence=licence([declared] if declared else [], "the record of conda"),
        hashes=hashes(f"{kind}:{text(record, kind)}" for kind in _SUMS),
        properties=tuple(_properties(record)),
        kind="package-database",
        depends=tuple(sorted(set(_depends(record)))),
        scope="runtime",
        files=_files(texts(record.get("files")), prefix, file),
    )


def _files(paths: tuple[str, ...], prefix: str, file: File) -> bytes:
    """Hashes of the package's files, whose names are relative to the environment."""
    if sum(map(len, paths)) + len(prefix) * len(paths) > file.limits.owned_paths_bytes:
        raise UnsupportedError(
            "the record lists too many files", where=file.path, why=f"limit {file.limits.owned_paths_bytes} bytes"
        )
    return path_hashes((prefix + path).encode("utf-8", "surrogatepass") for path in paths)


def _qualifiers(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """purl type conda: `build`, `channel`, `subdir`, `type`; sorted."""
    form = next((kind for ending, kind in _FORMS.items() if text(record, "fn").endswith(ending)), "")
    found = {
        "build": text(record, "build") or text(record, "build_string"),
        "channel": _channel(record),
        "subdir": text(record, "subdir"),
        "type": form,
    }
    return ((key, value) for key, value in found.items() if value)


def _channel(record: Mapping[str, Any]) -> str:
    """The channel's name: the last part of its address, or what stands there; never its token."""
    address = _SECRET.sub("", text(record, "channel")).rstrip("/")
    address = address.removesuffix("/" + (text(record, "subdir") or "noarch")).removesuffix("/noarch")
    return address.rpartition("/")[2].rpartition("@")[2]


def _properties(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """conda keeps what a person asked for; without it nobody knows whether a package was asked for."""
    requested = text(record, "requested_spec") or " ".join(texts(record.get("requested_specs")))
    if noarch := text(record, "noarch"):
        yield "conda:noarch", noarch[:50]
    if requested and requested != "None":
        yield "conda:requested", requested[:200]


def _depends(record: Mapping[str, Any]) -> Iterator[str]:
    """The names of match specifications; virtual packages (`__glibc`) are properties of the machine."""
    for wanted in texts(record.get("depends")):
        name = wanted.strip().partition(" ")[0].rpartition("::")[2]
        match = _NAME.match(name)
        if match and not match[0].startswith("__"):
            yield match[0]


CATALOGUER = Cataloguer(
    name="conda",
    version=2,
    ecosystem="conda",
    wants=Wanted(suffixes=frozenset([".json"]), folders=frozenset([_FOLDER]), limit="metadata_bytes"),
    catalogue=catalogue,
)
