"""The index of a VEX repository (aquasecurity/vex-repo-spec 0.1, `index.json`): which package has which document."""

import msgspec

from assay.formats import purl as purls
from assay.formats import wire
from assay.model.errors import MalformedError
from assay.model.limits import DEFAULT_LIMITS, Limits

_WHAT = "not the index of a VEX repository"
_FORMATS = frozenset({"openvex", "csaf"})
_REMEDY = "fetch the repository again"


class RepositoryEntry(msgspec.Struct, frozen=True, order=True):
    """One package and the place of its document."""

    package: str
    """Canonical package URL without version, qualifiers and subpath."""
    location: str
    """Relative path, with `/`, that leads nowhere else."""


class _Package(msgspec.Struct):
    id: str
    location: str
    format: str = "openvex"


class _Index(msgspec.Struct):
    packages: list[_Package]


def read(data: bytes, *, where: str, limits: Limits = DEFAULT_LIMITS) -> tuple[tuple[RepositoryEntry, ...], int]:
    """The entries, sorted, each once; and how many were left out (no package URL, a path that leads out).

    Raises:
        MalformedError: not an index, or too many entries.
    """
    value = wire.decode(data, where=where, limit=limits.vex_bytes)
    index = wire.convert(value, _Index, where=where, what=_WHAT)
    if len(index.packages) > limits.vex_repository_files_count:
        why = f"{len(index.packages)} packages, limit {limits.vex_repository_files_count}"
        raise MalformedError(_WHAT, where=where, why=why, remedy=_REMEDY)
    found = {entry for package in index.packages if (entry := _entry(package)) is not None}
    return tuple(sorted(found)), sum(_entry(package) is None for package in index.packages)


def package_of(purl: str) -> str:
    """The name of a package, whatever its version; empty for what is no package URL.

    >>> package_of("pkg:npm/%40scope/name@1.0?x=y")
    'pkg:npm/%40scope/name'
    """
    try:
        parsed = purls.parse(purl)
    except MalformedError:
        return ""
    return purls.to_string(msgspec.structs.replace(parsed, version="", qualifiers=(), subpath=""))


def _entry(package: _Package) -> RepositoryEntry | None:
    name, parts = package_of(package.id), package.location.split("/")
    safe = bool(parts) and not any(part in ("", ".", "..") or "\\" in part or "\0" in part for part in parts)
    return RepositoryEntry(name, package.location) if name and safe and package.format in _FORMATS else None
