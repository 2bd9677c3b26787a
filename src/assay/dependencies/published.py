"""Locks, workflows and Dockerfiles that packages were published with: in a source tree they are no wishes of its own.

npm obeys no lock inside `node_modules`, and GitHub no workflow there; what is installed speaks for itself.
"""

from collections.abc import Iterable

import msgspec

from assay.dependencies.cataloger import Sighting

_FOLDERS = frozenset({"node_modules", "bower_components", "site-packages", "dist-packages", "__pypackages__"})
_CACHES = ("/pkg/mod/", "/registry/src/")
"""Where Go and Cargo keep the sources of what they fetched."""


def without_published(sightings: Iterable[Sighting]) -> list[Sighting]:
    """The sightings of a source tree, without what such files would have asked for."""
    return [_emptied(one) if _wished(one) and _published(one.path) else one for one in sightings]


def _wished(sighting: Sighting) -> bool:
    packages = sighting.fragment.packages
    return bool(packages) and all(package.kind == "lock-file" for package in packages)


def _published(path: str) -> bool:
    rooted = f"/{path}"
    return not _FOLDERS.isdisjoint(path.split("/")[:-1]) or any(cache in rooted for cache in _CACHES)


def _emptied(sighting: Sighting) -> Sighting:
    return msgspec.structs.replace(sighting, fragment=msgspec.structs.replace(sighting.fragment, packages=(), gaps=()))
