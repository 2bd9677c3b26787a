"""Debian, Ubuntu: licences, declared or concluded, from each package's copyright file (Debian Policy 12.5)."""

from functools import partial

import msgspec

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Note, Wanted
from assay.dependencies.copyrights import from_copyright
from assay.dependencies.licences import licence

_DOCS = "usr/share/doc/"


def catalogue(file: File) -> Fragment:
    """A note `licence` for the package whose documentation directory holds the file; its value is a JSON `Licence`."""
    directory, _, _ = file.path.rpartition("/")
    if "/" in directory.removeprefix(_DOCS):
        return Fragment()
    found = from_copyright(file.data(), file.path, file.limits.licence_text_bytes)
    return Fragment(notes=(Note(directory, "licence", msgspec.json.encode(found).decode()),))


ROW = Cataloguer(
    name="dpkg-copyright",
    version=5,
    ecosystem="deb",
    wants=Wanted(names=frozenset({"copyright"}), within=(_DOCS,), limit="metadata_bytes"),
    catalogue=catalogue,
    prepare=partial(licence, ("MIT",), "copyright"),  # whose first name loads all of SPDX's
)
