"""PHP: packages that PEAR and PECL installed, `.registry/NAME.reg` and `.registry/.channel.CHANNEL/NAME.reg`.

PEAR manual, "The registry": the serialised content of the package's `package.xml`, version 1.0 or 2.0.
"""

from typing import Any

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Package, Wanted
from assay.dependencies.licences import licence
from assay.dependencies.lockfiles import malformed, table, text
from assay.formats import phpserialize
from assay.model.patterns import lazy

_PLACE = lazy(r"(?:.*/)?\.registry/(?:\.channel\.(?P<channel>[^/]+)/)?[^/.][^/]*\.reg")
_NAME = lazy(r"[A-Za-z][A-Za-z0-9_.]{0,200}")
_VERSION = lazy(r"[0-9][0-9A-Za-z.+-]{0,100}")
_CHANNEL = lazy(r"[A-Za-z0-9][A-Za-z0-9./_-]{0,200}")
_USUAL = "pear.php.net"


def catalogue(file: File) -> Fragment:
    """One package of the registry; nothing for a file elsewhere.

    Raises:
        MalformedError: not a serialised value, or without a usable name, channel or version.
    """
    place = _PLACE.fullmatch(file.path)
    if place is None:
        return Fragment()
    record = table(phpserialize.loads(file.data(), where=file.path))
    name, version = text(record, "name") or text(record, "package"), _version(record.get("version"))
    channel = text(record, "channel") or place["channel"] or _USUAL
    if not (_NAME.fullmatch(name) and _VERSION.fullmatch(version) and _CHANNEL.fullmatch(channel)):
        why = f"name {name[:80]!r}, version {version[:80]!r}, channel {channel[:80]!r}"
        raise malformed(file, "record of PEAR", why)
    said = record.get("license") or record.get("release_license")
    words = said if isinstance(said, str) else text(table(said), "_content")
    return Fragment(
        packages=(
            Package(
                ecosystem="pear",
                name=name,
                version=version,
                namespace=channel,
                licence=licence([words] if words else [], "the record of PEAR"),
                kind="package-database",
            ),
        )
    )


def _version(said: Any) -> str:
    """`package.xml` 2.0 parts the release's version from that of its interface."""
    return said if isinstance(said, str) else text(table(said), "release")


CATALOGUER = Cataloguer(
    name="pear",
    version=1,
    ecosystem="pear",
    wants=Wanted(suffixes=frozenset([".reg"]), limit="metadata_bytes"),
    catalogue=catalogue,
)
