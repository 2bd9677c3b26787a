"""Haskell: libraries registered with GHC, `NAME-….conf` in a package database (`package.db`, `package.conf.d`).

GHC User's Guide, "InstalledPackageInfo: a package specification": fields as of a `.cabal` file. Cabal's store, Stack's
snapshots and GHC itself keep such folders. A library inside a package is registered under a name of its own; the
package's stands in `package-name`.
"""

import re
from collections.abc import Iterator

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Package, Wanted
from assay.dependencies.licences import licence
from assay.dependencies.lockfiles import malformed
from assay.model.inventory import Licence
from assay.model.patterns import lazy

_FIELD = lazy(r"([A-Za-z][A-Za-z0-9-]*):[ \t]*(.*)")
_NAME = lazy(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*", re.ASCII)
_VERSION = lazy(r"[0-9]+(?:\.[0-9]+)*", re.ASCII)
_OLD = {
    "AllRightsReserved": "",
    "Apache-2.0": "Apache-2.0",
    "BSD2": "BSD-2-Clause",
    "BSD3": "BSD-3-Clause",
    "BSD4": "BSD-4-Clause",
    "GPL-2": "GPL-2.0-only",
    "GPL-3": "GPL-3.0-only",
    "LGPL-2.1": "LGPL-2.1-only",
    "LGPL-3": "LGPL-3.0-only",
    "PublicDomain": "",
}
"""Cabal's own words for licences before its version 2.2."""


def catalogue(file: File) -> Fragment:
    """One registered library.

    Raises:
        MalformedError: without a usable name or version.
    """
    fields = dict(_fields(file.data().decode("utf-8", "replace")))
    unit, version = fields.get("name", ""), fields.get("version", "")
    name = fields.get("package-name", "") or unit
    if not (_NAME.fullmatch(name) and _VERSION.fullmatch(version)):
        raise malformed(file, "registered Haskell library", f"name {name[:80]!r}, version {version[:80]!r}")
    return Fragment(
        packages=(
            Package(
                ecosystem="hackage",
                name=name,
                version=version,
                licence=_licence(fields.get("license", "")),
                maintainer=fields.get("maintainer", "")[:500],
                kind="package-database",
                depends=tuple(sorted(set(_needs(fields.get("depends", ""))) - {name})),
                scope="runtime",
                provides=(unit,) if unit and unit != name else (),
            ),
        )
    )


def _fields(text: str) -> Iterator[tuple[str, str]]:
    """Fields in file order, names in lower case; lines that begin with a blank go on with the field above them."""
    name, lines = "", list[str]()
    for line in text.split("\n"):
        if line[:1] in (" ", "\t"):
            lines.append(line.strip())
        elif match := _FIELD.match(line):
            if name:
                yield name, " ".join(lines).strip()
            name, lines = match[1].lower(), [match[2].strip()]
    if name:
        yield name, " ".join(lines).strip()


def _needs(text: str) -> Iterator[str]:
    """Names of the libraries whose unit ids are listed: `aeson-2.1.2.1-HASH`, `base-4.15.1.0`."""
    for word in text.replace(",", " ").split():
        name: list[str] = []
        for part in word.split("-"):
            if name and _VERSION.fullmatch(part):
                if _NAME.fullmatch(found := "-".join(name)):
                    yield found
                break
            name.append(part)


def _licence(text: str) -> Licence:
    word = _OLD.get(text, text)
    return licence([word] if word else [], "GHC's registration")


CATALOGUER = Cataloguer(
    name="haskell",
    version=1,
    ecosystem="hackage",
    wants=Wanted(
        suffixes=frozenset([".conf"]), folders=frozenset(["package.conf.d", "package.db"]), limit="metadata_bytes"
    ),
    catalogue=catalogue,
)
