"""Lua: rocks that LuaRocks installed, `rocks-5.1/NAME/VERSION/NAME-VERSION.rockspec` (or `rocks/…`).

LuaRocks documentation, "Rockspec format" and "Rock tree": a rockspec is a program and is never run; the folders name
rock and version, and plain texts give the rest.
"""

import re

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Package, Wanted
from assay.dependencies.licences import licence
from assay.model.patterns import lazy

_PLACE = lazy(
    r"(?:.*/)?rocks(?:-5\.[0-9])?/(?P<name>[A-Za-z0-9_.-]{1,200})/(?P<version>[A-Za-z0-9_.-]{1,100}-[0-9]{1,9})"
    r"/(?P=name)-(?P=version)\.rockspec",
    re.ASCII,
)
_LICENCE = lazy(r"\blicense[ \t]*=[ \t]*(?:\"([^\"\n]{1,200})\"|'([^'\n]{1,200})')")
_NEEDS = lazy(r"^dependencies[ \t]*=[ \t]*\{([^{}]{0,20000}+)\}", re.MULTILINE)
_TEXT = lazy(r"[\"']([A-Za-z0-9][A-Za-z0-9_.-]{0,200})")


def catalogue(file: File) -> Fragment:
    """One installed rock; nothing for a rockspec elsewhere, such as that of a rock's sources."""
    place = _PLACE.fullmatch(file.path)
    if place is None:
        return Fragment()
    spec = file.data().decode("utf-8", "replace")
    said, needs = _LICENCE.search(spec), _NEEDS.search(spec)
    words = (said[1] or said[2]) if said else ""
    names = set(_TEXT.findall(needs[1])) if needs else set()
    return Fragment(
        packages=(
            Package(
                ecosystem="luarocks",
                name=place["name"],
                version=place["version"],
                licence=licence([words] if words else [], "the rockspec"),
                kind="package-database",
                depends=tuple(sorted(names - {"lua"})),
                scope="runtime",
            ),
        )
    )


CATALOGUER = Cataloguer(
    name="luarocks",
    version=1,
    ecosystem="luarocks",
    wants=Wanted(suffixes=frozenset([".rockspec"]), limit="metadata_bytes"),
    catalogue=catalogue,
)
