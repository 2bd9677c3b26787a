"""R: installed packages by their `DESCRIPTION` (Writing R Extensions, 1.1.1; Debian control format).

Only an installed package has the field `Built`; a `DESCRIPTION` without it is somebody's source, or no R at all.
"""

import re
from collections.abc import Iterator

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Package, Wanted
from assay.dependencies.licences import licence
from assay.dependencies.lockfiles import commit
from assay.model.errors import MalformedError
from assay.model.inventory import Licence
from assay.model.patterns import lazy

_FIELD = lazy(r"([A-Za-z][A-Za-z0-9@/_-]*):[ \t]*(.*)")
_NAME = lazy(r"[A-Za-z][A-Za-z0-9.]*", re.ASCII)
_VERSION = lazy(r"[0-9]+(?:[.-][0-9]+)*", re.ASCII)
_FILE = lazy(r"\s*[+|]?\s*file\s+LICEN[SC]E\s*", re.IGNORECASE)
_SPEC = lazy(r"([A-Za-z]+)(?:-| *\( *>= *)([0-9.]+) *\)?")
_FAMILIES = frozenset(["AGPL", "GPL", "LGPL"])
_PLAIN = {
    "gpl": "GPL-1.0-or-later",
    "lgpl": "LGPL-2.0-or-later",
    "mit": "MIT",
    "apache license 2.0": "Apache-2.0",
    "apache license (== 2.0)": "Apache-2.0",
    "apache license (>= 2.0)": "Apache-2.0",
    "apache license (>= 2)": "Apache-2.0",
    "apache license version 2.0": "Apache-2.0",
    "bsd_2_clause": "BSD-2-Clause",
    "bsd_3_clause": "BSD-3-Clause",
    "artistic-2.0": "Artistic-2.0",
    "cc0": "CC0-1.0",
    "mpl-2.0": "MPL-2.0",
    "bsl-1.0": "BSL-1.0",
    "eupl": "EUPL-1.1",
}
"""R's own licence words (`share/licenses/license.db`)."""


def catalogue(file: File) -> Fragment:
    """One installed package; nothing for a file that is not of one.

    Raises:
        MalformedError: an installed package without a usable name or version.
    """
    fields = _fields(file.data().decode("utf-8", "replace"))
    if "Built" not in fields or "Package" not in fields:
        return Fragment()
    name, version = fields["Package"], fields.get("Version", "")
    if not (_NAME.fullmatch(name) and _VERSION.fullmatch(version)):
        raise MalformedError(
            "an R package without a usable name or version",
            where=file.path,
            why=f"Package {name[:80]!r}, Version {version[:80]!r}",
            remedy="install the package again",
        )
    facts = {
        "cran:built": fields["Built"].partition(";")[0][:100],
        "cran:commit": commit(fields.get("RemoteSha", "")),
        "cran:priority": fields.get("Priority", "")[:40],
        "cran:repository": fields.get("Repository", "")[:200],
    }
    return Fragment(
        packages=(
            Package(
                ecosystem="cran",
                name=name,
                version=version,
                licence=_licence(fields.get("License", "")),
                maintainer=fields.get("Maintainer", "")[:500],
                properties=tuple((key, value) for key, value in sorted(facts.items()) if value),
                depends=tuple(sorted(set(_needs(fields)))),
            ),
        )
    )


def _fields(text: str) -> dict[str, str]:
    """The first record; a line that begins with a blank goes on with the field above it."""
    lines: list[str] = []
    found: dict[str, list[str]] = {}
    for line in text.split("\n"):
        if line[:1] in (" ", "\t"):
            lines.append(line.strip())
        elif match := _FIELD.match(line):
            lines = found.setdefault(match[1], [match[2].strip()])
        elif not line.strip() and found:
            break
    return {name: " ".join(values).strip() for name, values in found.items()}


def _needs(fields: dict[str, str]) -> Iterator[str]:
    for key in ("Depends", "Imports", "LinkingTo"):
        for item in fields.get(key, "").split(","):
            name = item.partition("(")[0].strip()
            if name != "R" and _NAME.fullmatch(name):
                yield name


def _licence(text: str) -> Licence:
    """R's words joined by `|` are a choice; `+ file LICENSE` only adds the holder's name or an exception."""
    alternatives = [_FILE.sub("", part).strip() for part in text.split("|")]
    spoken = [part for part in alternatives if part]
    if text.startswith("Part of R "):  # R's own licence: GPL-2 | GPL-3
        return licence(["GPL-2.0-only OR GPL-3.0-only"], "DESCRIPTION")
    words = [_spdx(part) for part in spoken]
    return licence([" OR ".join(words) if all(words) else text] if text else [], "DESCRIPTION")


def _spdx(part: str) -> str:
    plain = _PLAIN.get(part.lower())
    if plain:
        return plain
    match = _SPEC.fullmatch(part)
    if match is None or match[1] not in _FAMILIES:
        return part if " " not in part else ""
    number = match[2] if "." in match[2] else f"{match[2]}.0"
    return f"{match[1]}-{number}-{'or-later' if '>=' in part else 'only'}"


CATALOGUER = Cataloguer(
    name="r",
    version=1,
    ecosystem="cran",
    wants=Wanted(names=frozenset(["DESCRIPTION"]), limit="description_bytes"),
    catalogue=catalogue,
)
