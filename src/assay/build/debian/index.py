"""Packages: the binary packages of a suite, as its index lists them (Debian policy §5, RepositoryFormat)."""

import re
from collections.abc import Iterable, Mapping

import msgspec

from assay.formats import deb822
from assay.model.errors import MalformedError

_FIELDS = frozenset(
    {"package", "version", "architecture", "source", "filename", "size", "sha256", "essential", "depends",
     "pre-depends", "provides", "multi-arch", "replaces", "conflicts", "breaks", "priority"}
)  # fmt: skip
_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+", re.ASCII)
_VERSION = re.compile(r"[A-Za-z0-9.+~:-]{1,200}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_SIZE = re.compile(r"[0-9]{1,15}", re.ASCII)
_PATH = re.compile(r"(?!/)(?!(?:.*/)?\.\.?(?:/|$))[\x21-\x7e]{1,1000}", re.ASCII)
_SOURCE = re.compile(r"([a-z0-9][a-z0-9+.-]+)(?: \(([^()]{1,200})\))?", re.ASCII)
_PACKAGES_COUNT = 500_000


class Stanza(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One package of an index."""

    name: str
    version: str
    architecture: str
    source: str
    source_version: str
    path: str
    """`Filename`: in the pool, as written."""
    size: int
    sha256: str
    essential: bool = False
    replaces: str = ""


Index = Mapping[tuple[str, str], Stanza]
"""(name, version) → its stanza."""


def read(chunks: Iterable[str], where: str) -> dict[tuple[str, str], Stanza]:
    """The packages of one index.

    Args:
        chunks: the text, in pieces that end where a paragraph ends.
        where: named in errors.

    Raises:
        MalformedError: no such text, a package twice with two digests, or more packages than any archive has.
    """
    found: dict[tuple[str, str], Stanza] = {}
    for chunk in chunks:
        for record in deb822.paragraphs(chunk, _FIELDS):
            if record is None:
                raise _bad(where, "a line that is no field")
            stanza = _stanza(record, where)
            key = (stanza.name, stanza.version)
            if found.setdefault(key, stanza) != stanza:
                raise _bad(where, f"{stanza.name} {stanza.version} is listed twice, and differently")
            if len(found) > _PACKAGES_COUNT:
                raise _bad(where, f"more than {_PACKAGES_COUNT} packages")
    return found


def _stanza(record: dict[str, str], where: str) -> Stanza:
    name, version = record.get("package", ""), record.get("version", "")
    source = _SOURCE.fullmatch(record.get("source", "") or name)
    size, digest, path = record.get("size", ""), record.get("sha256", ""), record.get("filename", "")
    if not _NAME.fullmatch(name) or not _VERSION.fullmatch(version) or source is None:
        raise _bad(where, f"{name[:60]!r} {version[:60]!r} is no package and version")
    if not _SHA256.fullmatch(digest) or not _SIZE.fullmatch(size) or not _PATH.fullmatch(path):
        raise _bad(where, f"{name} {version}: no SHA-256, size or file name")
    return Stanza(
        name=name,
        version=version,
        architecture=record.get("architecture", "all"),
        source=source[1],
        source_version=source[2] or version,
        path=path,
        size=int(size),
        sha256=digest,
        essential=record.get("essential", "") == "yes",
        replaces=record.get("replaces", ""),
    )


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not an acceptable index of packages", where=where, why=why, remedy="ask another mirror")
