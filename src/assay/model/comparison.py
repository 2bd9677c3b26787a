"""What differs between two images, and why: causes by class, each with the place it was found at."""

from typing import Literal

import msgspec

from assay.model.image import Subject

CauseClass = Literal[
    "added", "removed", "mode", "owner", "time", "link", "xattr",
    "timestamp", "zip-time", "gzip-header", "ar-header", "pyc-header", "build-path", "temp-name", "build-id",
    "line-order", "archive-order", "hostname", "user", "kernel", "cpu-count", "random", "installer-record",
    "compressor", "unknown",
]  # fmt: skip
"""Public names; the first seven are about an entry, the others about its bytes."""

Verdict = Literal["identical", "same-content", "equivalent", "different", "unknown"]
"""Manifests equal; the same layers and config; only causes a policy lists; more than that; nobody could tell."""


class Conditions(msgspec.Struct, frozen=True, kw_only=True):
    """What one build ran under, as far as it was recorded. Empty and 0 are "not recorded"."""

    started: int = 0
    """Unix seconds."""
    finished: int = 0
    cpus_count: int = 0
    kernel: str = ""
    """Release, as `uname -r` gives it."""
    hostname: str = ""
    user: str = ""
    uid: int = -1
    clock_shift: int = 0
    """Seconds by which steps were shown a later wall clock than the build's own; not every program sees it."""
    paths: tuple[str, ...] = ()
    """Folders that this build used and another might not."""


class Cause(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One reason why two images differ."""

    path: str
    """Of the file in the image; `config` and `manifest` for the image's own documents."""
    kind: CauseClass
    inner: str = ""
    """Where in the file: archive members and sections, joined by ` > `."""
    comparator: str = ""
    before: str = ""
    """What A holds there, shortened and printable."""
    after: str = ""
    shown: bool = False
    """Whether A's bytes hold A's recorded value and B's hold B's: then it is no guess."""
    owner: str = ""
    """Whose file it is, where a build's own knowledge was handed in."""
    detail: str = ""


class LayerPair(msgspec.Struct, frozen=True, kw_only=True):
    """Two layers at one position."""

    index: int
    before: str
    """diffID in A, or empty where A has no such layer."""
    after: str
    same_content: bool
    same_blob: bool
    """Whether also the compressed bytes agree."""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two images, compared."""

    before: Subject
    after: Subject
    verdict: Verdict
    causes: tuple[Cause, ...] = ()
    """Sorted; at most `compare_causes_count`."""
    counts: dict[str, int] = {}
    """Cause class → how many, those not listed included."""
    layers: tuple[LayerPair, ...] = ()
    compared_entries_count: int = 0
    differing_files_count: int = 0
    gaps: tuple[str, ...] = ()
    """What could not be looked into; a verdict of `equivalent` needs none."""
    platforms: dict[str, Verdict] = {}
    """Of an index of several images: platform → verdict of its own; the rest of the comparison is of the worst."""
    allowed: tuple[str, ...] = ()
    """Causes a policy listed as harmless."""
    note: str = ""
