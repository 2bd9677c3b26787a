"""What a run has at hand: this machine's clock, files and name; limits; who we are."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from assay import __version__
from assay.artifact.reference import STANDARD_INPUT, Target, parse_target
from assay.model.limits import DEFAULT_LIMITS
from assay.model.tool import Tool

if TYPE_CHECKING:
    from assay.model.image import Platform
    from assay.model.inventory import Inventory
    from assay.ports.world import Clock

TOOL = Tool("assay", __version__)
LIMITS = DEFAULT_LIMITS


def clock() -> Clock:
    """The machine's clock, or `SOURCE_DATE_EPOCH`."""
    from assay.adapters.clock import SystemClock

    return SystemClock()


def document_time(inventory: Inventory) -> str:
    """Time a document is dated with: `SOURCE_DATE_EPOCH`, else the image's own creation, else the epoch's start.

    Never the wall clock: the same image gives the same bytes on any day.
    """
    if os.environ.get("SOURCE_DATE_EPOCH"):
        return clock().now()
    return inventory.created or "1970-01-01T00:00:00Z"


def host() -> Platform:
    """linux on this machine's architecture, in OCI's words."""
    import platform

    from assay.model.image import Platform

    machine = platform.machine()
    return Platform("linux", {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine))


def target_of(text: str) -> Target:
    """Read a target; paths are looked up on this machine, and on standard input whether an archive lies there."""
    target = parse_target(text, os.path.exists)
    if (target.scheme, target.location) != ("sbom", STANDARD_INPUT):
        return target
    import msgspec

    from assay.adapters.archive_input import is_archive

    return msgspec.structs.replace(target, scheme="file") if is_archive(STANDARD_INPUT) else target


def read_file(path: str, limit: int) -> bytes:
    """A bounded file, or standard input for `-`."""
    from assay.adapters.files import read_file as read

    return read(path, limit)


def write_file(path: str, data: bytes) -> None:
    """Write a file whole or not at all."""
    from assay.adapters.files import write_file as write

    write(path, data)
