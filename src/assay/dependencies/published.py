"""Locks, workflows and Dockerfiles that packages were published with: in a source tree they are no wishes of its own.

npm obeys no lock inside `node_modules`, and GitHub no workflow there; what is installed speaks for itself.
"""

from collections.abc import Iterable

import msgspec

from assay.dependencies.cataloger import Sighting
from assay.model.patterns import lazy

_FOLDERS = frozenset({"node_modules", "bower_components", "site-packages", "dist-packages", "__pypackages__"})
_CACHES = lazy(r"/pkg/mod/(?:cache/(?:download|vcs)/|[^@]*+@v[0-9])|/registry/src/[^/]*+(?<=-[0-9a-f]{16})/")
"""Where Go and Cargo keep the sources of what they fetched; projects have folders of such names too."""


def without_published(sightings: Iterable[Sighting]) -> list[Sighting]:
    """The sightings of a source tree, without what such files would have asked for."""
    return [_emptied(one) if _wished(one) and _published(one.path) else one for one in sightings]


def _wished(sighting: Sighting) -> bool:
    packages = sighting.fragment.packages
    return bool(packages) and all(package.kind == "lock-file" for package in packages)


def _published(path: str) -> bool:
    rooted = f"/{path}"
    return not _FOLDERS.isdisjoint(path.split("/")[:-1]) or _CACHES.search(rooted) is not None


def _emptied(sighting: Sighting) -> Sighting:
    return msgspec.structs.replace(sighting, fragment=msgspec.structs.replace(sighting.fragment, packages=(), gaps=()))
