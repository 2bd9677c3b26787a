"""Which layers correspond, which are new, which are gone."""

from collections.abc import Sequence
from typing import Literal

from assay.model.difference import LayerChange
from assay.model.image import Layer


def counterparts(old: Sequence[Layer], new: Sequence[Layer]) -> dict[int, int]:
    """Old layer index to new: same bytes first, then the k-th layer made by the same instruction."""
    pairs: dict[int, int] = {}
    for name in (_bytes, lambda layer: layer.created_by):
        left = [layer for layer in new if layer.index not in pairs.values()]
        queues: dict[str, list[int]] = {}
        for layer in reversed(left):
            queues.setdefault(name(layer), []).append(layer.index)
        for layer in old:
            if layer.index not in pairs and name(layer) and queues.get(name(layer)):
                pairs[layer.index] = queues[name(layer)].pop()
    return pairs


def _bytes(layer: Layer) -> str:
    return str(layer.diff_id or layer.digest or "")


def changes(old: Sequence[Layer], new: Sequence[Layer]) -> tuple[tuple[LayerChange, ...], int]:
    """Layers whose bytes only one side has, and the length of the common foundation."""
    shared = 0
    for a, b in zip(old, new, strict=False):
        if not _bytes(a) or _bytes(a) != _bytes(b):
            break
        shared += 1
    if not old or not new:
        return (), 0  # one side names no layers (an SBOM, a tree): nothing can be said about them
    changes: list[LayerChange] = []
    sides: tuple[tuple[Literal["removed", "added"], Sequence[Layer], Sequence[Layer]], ...] = (
        ("removed", old, new),
        ("added", new, old),
    )
    for kind, own, other in sides:
        known = [_bytes(layer) for layer in other]
        for layer in own:
            if _bytes(layer) in known:
                known.remove(_bytes(layer))
            else:
                changes.append(
                    LayerChange(kind=kind, index=layer.index, digest=_bytes(layer), created_by=layer.created_by)
                )
    return tuple(changes), shared
