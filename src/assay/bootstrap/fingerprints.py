"""Fingerprints of Java libraries: made from a folder of archives."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from assay.bootstrap.machine import LIMITS

if TYPE_CHECKING:
    from collections.abc import Collection

    from assay.flows.fingerprints import Made
    from assay.ports.world import Progress


def make_fingerprints(folder: str, names: Collection[str], progress: Progress) -> Made:
    """The fingerprints of a Maven repository's libraries."""
    from assay.adapters.filesystem import DirectoryTree
    from assay.flows import fingerprints

    return fingerprints.make_fingerprints(DirectoryTree(Path(folder)), names, limits=LIMITS, progress=progress)
