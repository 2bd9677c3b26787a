"""SBOM documents as they stand: the bytes of one, and the one that would be written of an image."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from assay.bootstrap.machine import LIMITS, TOOL, document_time, read_file, target_of
from assay.bootstrap.stock import is_archive, take_stock

if TYPE_CHECKING:
    from assay.bootstrap.stock import Reading
    from assay.ports.world import Progress
    from assay.settings import Settings


def sbom_document(text: str, reading: Reading, *, settings: Settings, progress: Progress) -> tuple[bytes, str]:
    """The bytes of the SBOM a target names, and its name; of an image or a tree, the CycloneDX document of it."""
    target = target_of(text)
    if target.scheme == "sbom" or (target.scheme == "file" and not is_archive(target.location)):
        name = "standard input" if target.location == "-" else Path(target.location).name
        return read_file(target.location, LIMITS.sbom_bytes), name
    from assay.formats import cyclonedx

    (inventory,) = take_stock(text, reading, settings=settings, progress=progress)
    return cyclonedx.write(inventory, tool=TOOL, timestamp=document_time(inventory)), inventory.subject.name
