"""The manifest of a VEX repository (VEX Repository Specification 0.1, §2): where its archive lies, how often to ask."""

import re
from urllib.parse import urlsplit

import msgspec

from assay.formats import wire
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.limits import DEFAULT_LIMITS, Limits

FILE = "vex-repository.json"
_WHAT = "not the manifest of a VEX repository"
_SUPPORTED = frozenset({"0.1", "v0.1"})
_UNITS = {"h": 3_600, "m": 60, "s": 1}
_PART = re.compile(r"(\d{1,9})(?:\.\d{1,9})?(h|m|s)", re.ASCII)
_LEAST_SECONDS, _MOST_SECONDS = 3_600, 30 * 86_400
_LOCATIONS_COUNT = 16


class Location(msgspec.Struct, frozen=True):
    """An archive, and the folder in it where the repository begins (empty = its root)."""

    url: str
    folder: str = ""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a manifest says of the version this program reads."""

    name: str
    locations: tuple[Location, ...]
    """One after the other until one answers."""
    interval_seconds: int
    """At least an hour (§4.3, 2), at most thirty days."""


class _Url(msgspec.Struct):
    url: str


class _Version(msgspec.Struct):
    spec_version: str
    locations: list[_Url]
    update_interval: str = "24h"


class _Manifest(msgspec.Struct):
    name: str
    versions: dict[str, _Version]


def read(data: bytes, *, where: str, limits: Limits = DEFAULT_LIMITS) -> Manifest:
    """The manifest.

    Raises:
        MalformedError: no manifest, or one whose version of the specification has no location.
        UnsupportedError: it has no version of the specification that this program reads.
    """
    value = wire.decode(data, where=where, limit=limits.vex_trust_bytes)
    found = wire.convert(value, _Manifest, where=where, what=_WHAT)
    version = next((v for _, v in sorted(found.versions.items()) if v.spec_version in _SUPPORTED), None)
    if version is None:
        why = f"versions {', '.join(sorted(v.spec_version[:20] for v in found.versions.values())[:5]) or 'none'}"
        raise UnsupportedError(
            "a VEX repository of another specification", where=where, why=why, remedy="this program reads 0.1"
        )
    if not version.locations:
        raise MalformedError(_WHAT, where=where, why="it has no location", remedy="ask who publishes it")
    locations = tuple(location(one.url) for one in version.locations[:_LOCATIONS_COUNT])
    return Manifest(name=found.name, locations=locations, interval_seconds=seconds(version.update_interval))


def location(url: str) -> Location:
    """A location's address and, behind a second `//`, the folder inside the archive (§2.5).

    >>> location("https://example.com/a/main.tar.gz//repo-main")
    Location(url='https://example.com/a/main.tar.gz', folder='repo-main')
    """
    scheme, mark, rest = url.partition("://")
    address, _, folder = rest.partition("//")
    return Location(f"{scheme}{mark}{address}", folder.strip("/"))


def seconds(text: str) -> int:
    """A duration as Go writes it, within an hour and thirty days; a day for what is none.

    >>> seconds("24h"), seconds("1h30m"), seconds("5s"), seconds("soon")
    (86400, 5400, 3600, 86400)
    """
    parts = list(_PART.finditer(text[:60]))
    if not parts or "".join(part[0] for part in parts) != text:
        return 86_400
    total = sum(int(part[1]) * _UNITS[part[2]] for part in parts)
    return max(_LEAST_SECONDS, min(_MOST_SECONDS, total))


def address(url: str) -> str:
    """Where the manifest of a repository lies (§2.2): the file itself, GitHub's main branch, or the well-known place.

    >>> address("https://example.com")
    'https://example.com/.well-known/vex-repository.json'
    >>> address("https://github.com/owner/hub")
    'https://raw.githubusercontent.com/owner/hub/main/vex-repository.json'
    """
    parts = urlsplit(url)
    names = [part for part in parts.path.split("/") if part]
    if names and names[-1] == FILE:
        return url
    if parts.netloc.lower() == "github.com" and len(names) == 2:
        return f"https://raw.githubusercontent.com/{names[0]}/{names[1].removesuffix('.git')}/main/{FILE}"
    return f"{url.rstrip('/')}/.well-known/{FILE}"
