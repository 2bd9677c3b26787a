"""Base or application: whose a component is, by the layer that brought it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from assay.model.inventory import BaseImage, Component

if TYPE_CHECKING:
    from assay.model.report import Origins

Origin = Literal["base", "application", "unknown"]
_SYSTEM = frozenset({"alpm", "apk", "deb", "ebuild", "rpm"})
SURE = frozenset({"certain", "strong"})
"""Confidences on which something may be left out of account; a weaker one only informs."""


def origin(component: Component, base: BaseImage | None) -> Origin:
    """Whose it is. A package of the base that an upper layer upgraded is the application's: it is another version."""
    return layer_origin(component.introduced, base)


def layer_origin(layer: int | None, base: BaseImage | None) -> Origin:
    """Whose a layer is; unknown where there is no layer, or nobody knows where the base ends."""
    if layer is None or base is None or base.layers_count is None:
        return "unknown"
    return "base" if layer < base.layers_count else "application"


def system_layer(components: Iterable[Component]) -> int | None:
    """The lowest layer that brings packages of a distribution."""
    return min((c.introduced for c in components if c.ecosystem in _SYSTEM and c.introduced is not None), default=None)


def described(layer: int | None, base: BaseImage | None) -> str:
    """`base image debian:12 (certain: …)`, `application (…)`, or why it is unknown; empty where nobody looked."""
    if base is None or layer is None:
        return ""
    whose = layer_origin(layer, base)
    if whose == "unknown":
        return f"base or application unknown: {base.reason}"
    name = f"base image {base.name}".rstrip() if whose == "base" else "application"
    return f"{name} ({base.confidence}: {base.reason})"


def count(components: Iterable[Component], base: BaseImage | None) -> Origins:
    """The visible components that no other owns, by origin."""
    from assay.model.report import Origins  # eight modules that taking stock has no use for

    tally = Counter(origin(c, base) for c in components if c.removed_by is None and not c.owner)
    return Origins(base=tally["base"], application=tally["application"], unknown=tally["unknown"])


def is_surely_base(component: Component | None, base: BaseImage | None) -> bool:
    """Whether it is the base's, so surely that a caller may leave it out."""
    return component is not None and base is not None and base.confidence in SURE and origin(component, base) == "base"
