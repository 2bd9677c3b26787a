"""Licence files beside a package's own metadata: what their text lets one conclude where nothing is declared.

PyPI: `*.dist-info` and its `licenses` (PEP 639) or `license_files` folder; npm: a package of `node_modules`; RubyGems:
a folder of `gems` (RubyGems keeps the specification elsewhere, so the note is left at the specification's place).
"""

import msgspec

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Note, Wanted
from assay.dependencies.copyrights import with_conclusion
from assay.model.inventory import Licence

_NAMES = frozenset(
    stem + ending
    for stem in ("LICENSE", "LICENCE", "COPYING", "License", "license", "LICENSE-MIT", "LICENSE-APACHE", "MIT-LICENSE")
    for ending in ("", ".txt", ".md", ".rst")
)
_KEPT_BYTES = 8_192
"""Up to this size the text itself is noted and read only if its package declares nothing, as few do."""
_DIST_INFO = (".dist-info", ".egg-info")
_FOLDERS = ("/licenses", "/license_files")


def catalogue(file: File) -> Fragment:
    """A note in the directory of the package's metadata.

    `licence:NAME` with a JSON `Licence`, or, of a small file, `licence-text:NAME` with its path, a NUL and its text in
    Latin-1.
    """
    directory, _, name = file.path.rpartition("/")
    place = _metadata(directory)
    if not place or file.size > file.limits.licence_text_bytes:
        return Fragment()
    if file.size <= _KEPT_BYTES:
        text = f"{file.path}\0{file.data().decode('latin-1')}"
        return Fragment(notes=(Note(place, f"licence-text:{name}", text),))
    found = with_conclusion(Licence(), file.data(), file.path)
    if not found.concluded:
        return Fragment()
    return Fragment(notes=(Note(place, f"licence:{name}", msgspec.json.encode(found).decode()),))


def _metadata(directory: str) -> str:
    """The directory that holds the metadata of the package a licence file belongs to, "" for any other file."""
    for folder in _FOLDERS:
        directory = directory.removesuffix(folder)
    if directory.endswith(_DIST_INFO):
        return directory
    above, _, name = directory.rpartition("/")
    parent = above.rpartition("/")[2]
    if parent == "node_modules" or (parent.startswith("@") and above.endswith(f"/node_modules/{parent}")):
        return directory
    if parent == "gems" and name:
        return f"{above.removesuffix('gems')}specifications/{name}.gemspec"
    return ""


ROW = Cataloguer(
    name="licence-files",
    version=4,
    ecosystem="",
    wants=Wanted(names=_NAMES, limit="metadata_bytes"),
    catalogue=catalogue,
)
