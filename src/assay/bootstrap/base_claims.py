"""The base image that provenance beside an image names, where that costs no connection: layouts and archives."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from assay.bootstrap.machine import LIMITS

if TYPE_CHECKING:
    from assay.artifact.reference import Target
    from assay.flows.attached import Place
    from assay.model.image import Image
    from assay.model.inventory import Inventory
    from assay.ports.content import ImageSource

_ARCHIVES = frozenset({"oci-archive", "file"})


def claimed(inventory: Inventory, image: Image, target: Target, source: ImageSource) -> Inventory:
    """The inventory with that base; unchanged for a registry, which would have to be asked, and where nothing lies."""
    place = _place(image, target, source)
    if place is None:
        return inventory
    from assay.flows.base_provenance import with_provenance

    return with_provenance(inventory, image, place, LIMITS)


def _place(image: Image, target: Target, source: ImageSource) -> Place | None:
    if target.scheme == "oci-dir":
        from assay.adapters.layout import LayoutSource

        alone = isinstance(source, LayoutSource) and source.index().count(b'"digest"') < 2
        if image.subject.index is None and alone:
            return None
        from assay.adapters.layout_store import LayoutStore
        from assay.flows.attached import Place

        store = LayoutStore(Path(target.location), tag=target.tag, digest=target.digest, limits=LIMITS)
        return Place(store, store)
    if target.scheme in _ARCHIVES and image.subject.index is not None:
        from assay.adapters.archive_referrers import ArchiveReferrers
        from assay.flows.attached import Place

        return Place(ArchiveReferrers(source))
    return None
