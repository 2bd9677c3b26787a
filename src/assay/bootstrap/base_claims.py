"""The base image that provenance beside an image names, wherever the image lies; a registry is asked briefly."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from assay.bootstrap.machine import LIMITS

if TYPE_CHECKING:
    from assay.artifact.reference import Target
    from assay.flows.attached import Place
    from assay.model.image import Image
    from assay.model.inventory import Inventory
    from assay.ports.content import ImageSource
    from assay.settings import Settings

_REGISTRY_SECONDS = 10
"""What a registry may take, all answers together; then nobody has named a base."""
_ARCHIVES = frozenset({"oci-archive", "file"})


def claimed(inventory: Inventory, image: Image, target: Target, source: ImageSource, settings: Settings) -> Inventory:
    """The inventory with that base; unchanged where a given base fits, where nothing lies, and where nobody answers."""
    if inventory.base is None or inventory.base.method == "given":
        return inventory
    if target.scheme == "registry":
        from assay.adapters.registry import RegistryStore
        from assay.flows.attached import Place
        from assay.flows.base_provenance import with_provenance

        store = RegistryStore(
            target, limits=LIMITS, insecure=settings.insecure, env=os.environ, overall=_REGISTRY_SECONDS
        )
        try:
            return with_provenance(inventory, image, Place(store), LIMITS)
        finally:
            store.close()
    place = _place(image, target, source)
    if place is None:
        return inventory
    from assay.flows.base_provenance import with_provenance  # twenty modules, which a layout of one image need not load

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
