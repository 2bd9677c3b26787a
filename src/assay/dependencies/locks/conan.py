"""Conan: `conanfile.txt` and `conan.lock` (Conan 2 documentation, "conanfile.txt", "Lockfiles"; Conan 1's graphs).

A recipe revision is a digest of the recipe, which names the digests of the sources: it binds the content.
"""

import msgspec

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Package, Wanted
from assay.dependencies.catalogers import conan
from assay.dependencies.locks import reading
from assay.dependencies.sheets import Entry, Sheet, Wish

_WITHOUT_REVISIONS = "0"
"""What Conan 1 writes for the revision where revisions are off."""


def catalogue(file: File) -> Fragment:
    """One manifest or lock; of `conanfile.py`, a program, only that it is there.

    Raises:
        MalformedError, UnsupportedError: as the cataloguer.
    """
    if reading.foreign(file.path):
        return Fragment()
    base = file.path.rpartition("/")[2]
    if base == "conanfile.py":
        said = ("what conanfile.py asks for is not read: it is a program",)
        return reading.fragment(Sheet(role="manifest", ecosystem="conan", tool="conan", undecided=said))
    found = conan.catalogue(msgspec.structs.replace(file, installed=False))
    damaged = tuple(gap.reason for gap in found.gaps)
    if base == "conan.lock":
        entries = tuple(map(_entry, found.packages))
        return reading.fragment(Sheet(role="lock", ecosystem="conan", tool="conan", entries=entries, undecided=damaged))
    wishes = reading.bounded(map(_wish, found.packages), file)
    if not wishes and not damaged:
        return Fragment()
    return reading.fragment(Sheet(role="manifest", ecosystem="conan", tool="conan", wishes=wishes, undecided=damaged))


def _entry(package: Package) -> Entry:
    revision = dict(package.qualifiers).get("rrev", _WITHOUT_REVISIONS)
    grouped = any(value == "true" for _, value in package.properties)
    return Entry(name=package.name, version=package.version, hashed=revision != _WITHOUT_REVISIONS, grouped=grouped)


def _wish(package: Package) -> Wish:
    facts = dict(package.properties)
    wanted = f"[{facts['conan:range']}]" if "conan:range" in facts else package.version
    return Wish(package.name, wanted, group=next((name for name in ("tool", "test") if f"conan:{name}" in facts), ""))


ROW = Cataloguer(
    name="locks-conan",
    version=1,
    ecosystem="conan",
    wants=Wanted(names=frozenset(["conan.lock", "conanfile.txt", "conanfile.py"]), limit="lock_file_bytes"),
    catalogue=catalogue,
)
