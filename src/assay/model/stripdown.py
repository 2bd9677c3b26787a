"""Two images of one application side by side: what each carries, figure by figure."""

from typing import Literal

import msgspec

from assay.model.image import Subject

Unit = Literal["count", "bytes", "percent"]


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of one image."""

    value: float | None = None
    """None = nobody could tell."""
    items: tuple[str, ...] = ()
    """What it is made of, sorted: paths, packages, ids."""
    note: str = ""


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of both."""

    name: str
    unit: Unit
    before: Measure
    after: Measure


class Stripdown(msgspec.Struct, frozen=True, kw_only=True):
    """All figures."""

    before: Subject
    after: Subject
    figures: tuple[Figure, ...]
    gaps: tuple[str, ...] = ()
