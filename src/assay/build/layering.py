"""A tree cut into layers by origin, so that a change in one origin leaves the layers of the others as they were."""

from collections.abc import Callable, Iterable
from itertools import pairwise

import msgspec

from assay.build.spec import Layers
from assay.model.tree import OwnedEntry, Owner

_FLOORS = ("package", "dependency", "step", "source", "rule")
"""From what changes least to what changes most."""


class PlannedLayer(msgspec.Struct, frozen=True):
    """One layer: what it is called, and its entries by path, the folders above them included."""

    name: str
    entries: tuple[OwnedEntry, ...]


def plan(tree: tuple[OwnedEntry, ...], wanted: Layers) -> tuple[PlannedLayer, ...]:
    """The layers, lowest first.

    All packages are one origin; each set of dependencies, step output and source is its own; what rules made up comes
    last. Over the budget, the two neighbours that are smallest together become one.
    """
    name_of = _ORIGINS[wanted.by]
    groups: dict[tuple[int, str], list[OwnedEntry]] = {}
    for item in tree:
        if item.entry.kind != "directory" or item.owner.kind != "rule":
            groups.setdefault((_FLOORS.index(item.owner.kind), name_of(item.owner)), []).append(item)
    if wanted.by == "single":
        groups = {(0, "everything"): list(tree)} if tree else {}
    parts = [([name], items) for (_, name), items in sorted(groups.items(), key=lambda group: group[0])]
    while len(parts) > wanted.budget:
        sizes = [_bytes(one) + _bytes(other) for (_, one), (_, other) in pairwise(parts)]
        at = sizes.index(min(sizes))
        (names, items), (more_names, more) = parts[at], parts[at + 1]
        parts[at : at + 2] = [(names + more_names, items + more)]
    folders = {item.entry.path: item for item in tree if item.entry.kind == "directory"}
    layers = [PlannedLayer(", ".join(names), _whole(items, folders)) for names, items in parts]
    return _with_lone_folders(layers, folders)


def _origin(owner: Owner) -> str:
    return "packages" if owner.kind == "package" else "rules" if owner.kind == "rule" else str(owner)


_ORIGINS: dict[str, Callable[[Owner], str]] = {"origin": _origin, "single": lambda _: "everything"}


def _bytes(items: Iterable[OwnedEntry]) -> int:
    return sum(item.entry.size for item in items)


def _whole(items: Iterable[OwnedEntry], folders: dict[bytes, OwnedEntry]) -> tuple[OwnedEntry, ...]:
    """The entries and every folder above one of them, sorted."""
    found = {item.entry.path: item for item in items}
    for path in list(found):
        while (path := path.rpartition(b"/")[0]) and path not in found:
            found[path] = folders[path]
    return tuple(found[path] for path in sorted(found))


def _with_lone_folders(layers: list[PlannedLayer], folders: dict[bytes, OwnedEntry]) -> tuple[PlannedLayer, ...]:
    """Folders that a rule made and that no layer needed as a parent go into the last layer."""
    there = {item.entry.path for layer in layers for item in layer.entries}
    lone = [item for path, item in folders.items() if path not in there]
    if not lone:
        return tuple(layers)
    if not layers:
        return (PlannedLayer("rules", _whole(lone, folders)),)
    last = layers[-1]
    return (*layers[:-1], PlannedLayer(last.name, _whole([*last.entries, *lone], folders)))
