"""From a draft package to its package URL, with the distribution's part filled in (purl-spec, types deb, apk, rpm)."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from assay.dependencies.cataloger import Package, Sighting
from assay.formats.purl import to_string
from assay.model.errors import MalformedError
from assay.model.inventory import Distro
from assay.model.purl import Purl

DISTRIBUTED = frozenset({"alpm", "apk", "deb", "ebuild", "rpm"})
"""Ecosystems whose packages own files, and whose purls carry the distribution."""


_SHRINKWRAP, _LOCK = "npm-shrinkwrap.json", "package-lock.json"


class Seen(NamedTuple):
    """One package of one fragment, with its place and its purl."""

    package: Package
    sighting: Sighting
    position: int
    """Its position in the fragment."""
    path: str
    purl: str

    @property
    def layer(self) -> int:
        """The layer it lies in; 0 for a directory, which has one."""
        return self.sighting.layer or 0

    @property
    def visible(self) -> bool:
        """Whether the file that names it is in the final root."""
        return self.sighting.removed_by is None


def see(sightings: Sequence[Sighting], distro: Distro | None, *, installed: bool) -> list[Seen]:
    """Every package of every sighting, in the sightings' order.

    In an image a lock file gives no packages, and none gives any that gives way to another file beside it; a draft
    whose name makes no purl keeps an empty one.
    """
    write = purl_writer(distro)
    yielding = _yielding(sightings)
    seen = [
        Seen(package, sighting, position, package.path or sighting.path, write(package))
        for sighting in sightings
        for position, package in enumerate(sighting.fragment.packages)
        if not (installed and package.kind == "lock-file") and sighting.path not in yielding
    ]
    return _listed(seen, sightings) if any(one.package.unless for one in seen) else seen


def _listed(seen: Sequence[Seen], sightings: Sequence[Sighting]) -> list[Seen]:
    """Without the packages a complete list beside them does not name (`Package.unless`)."""
    complete = {(_directory(note.directory), note.name) for sighting in sightings for note in sighting.fragment.notes}
    named = {(_directory(one.path), one.purl) for one in seen if not one.package.unless}
    return [
        one
        for one in seen
        if (_directory(one.path), one.package.unless) not in complete or (_directory(one.path), one.purl) in named
    ]


def _directory(path: str) -> str:
    return path.rpartition("/")[0]


def _yielding(sightings: Sequence[Sighting]) -> set[str]:
    """npm documentation, "npm-shrinkwrap.json": beside one, `package-lock.json` is ignored."""
    shrunk = {
        one.path.removesuffix(_SHRINKWRAP)
        for one in sightings
        if one.path.rpartition("/")[2] == _SHRINKWRAP and one.removed_by is None
    }
    return {directory + _LOCK for directory in shrunk}


def purl_writer(distro: Distro | None) -> Callable[[Package], str]:
    """A function from draft to purl text, remembering what it wrote: databases repeat from layer to layer."""
    memory: dict[tuple[object, ...], str] = {}

    def write(package: Package) -> str:
        key = (
            package.ecosystem,
            package.namespace,
            package.purl_name or package.name,
            package.version,
            package.architecture,
            package.qualifiers,
            package.subpath,
        )
        text = memory.get(key)
        if text is None:
            try:
                text = to_string(purl_of(package, distro))
            except MalformedError:
                text = ""
            memory[key] = text
        return text

    return write


def purl_of(package: Package, distro: Distro | None) -> Purl:
    """The purl of a draft: `pkg:deb/debian/curl@7.88.1-10?arch=amd64&distro=debian-12`; rpm's epoch is a qualifier."""
    name = package.purl_name or package.name
    if package.ecosystem not in DISTRIBUTED:
        return Purl(package.ecosystem, package.namespace, name, package.version, package.qualifiers, package.subpath)
    qualifiers = dict(package.qualifiers)
    if package.architecture:
        qualifiers.setdefault("arch", package.architecture)
    if distro is not None and distro.id:
        qualifiers.setdefault("distro", "-".join(filter(None, (distro.id, distro.version_id or distro.codename))))
    version = package.version
    if package.ecosystem == "rpm" and ":" in version:
        epoch, _, version = version.partition(":")
        qualifiers.setdefault("epoch", epoch)
    namespace = package.namespace or (distro.id if distro is not None else "")
    return Purl(package.ecosystem, namespace, name, version, tuple(sorted(qualifiers.items())), package.subpath)
