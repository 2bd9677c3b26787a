"""Specs of images on this machine: the spec itself, where its lock lies, and which maintainer scripts were reviewed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from assay.bootstrap.machine import LIMITS, read_file

if TYPE_CHECKING:
    from assay.build.lock import Lock
    from assay.build.spec_read import PlacedSpec


def read_placed(path: str) -> PlacedSpec:
    """A spec from its file.

    Raises:
        MalformedError: with file, line and column. UsageError: no such file.
    """
    from assay.build.spec_read import read_spec

    return read_spec(read_file(path, LIMITS.build_spec_bytes + 1), where=Path(path).name)


def lock_path(path: str, placed: PlacedSpec) -> Path:
    """Where a spec's lock lies: as it says, else its own name with `.lock.json`."""
    return Path(path).with_name(placed.spec.lock) if placed.spec.lock else Path(path).with_suffix(".lock.json")


def lock_if_there(path: Path) -> Lock | None:
    """A lock from its file; None where there is none.

    Raises:
        MalformedError: it cannot be read.
    """
    from assay.build import lock as locks

    if not path.exists():
        return None
    return locks.read(read_file(str(path), LIMITS.build_lock_bytes), where=path.name)


def beside(folder: Path, goal: Path) -> tuple[str, ...]:
    """The path of a lock below its spec's folder, which no source there holds; none where it lies elsewhere."""
    try:
        return (goal.absolute().relative_to(folder).as_posix(),)
    except ValueError:
        return ()


def reviewed_scripts() -> dict[str, str]:
    """Digest of each reviewed maintainer script → what stands in for it (package data)."""
    from importlib.resources import files

    data = msgspec.json.decode(files("assay.build.debian").joinpath("reviewed.json").read_bytes())
    return {digest: str(row["effect"]) for digest, row in data.items()}
