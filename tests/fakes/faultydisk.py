"""A disk that loses power: what was not synced is gone, kept, or torn, as the worst of file systems may have it."""

import random
from pathlib import Path

from assay.adapters.tilestore import Disk


class PowerCut(BaseException):
    """The machine stops here. Nobody may catch it."""


class _Node:
    """A file: what programs see, and what the platters hold (None: nothing yet). A folder has no bytes."""

    def __init__(self, folder: bool = False) -> None:
        self.folder = folder
        self.seen = b""
        self.kept: bytes | None = b"" if folder else None


class FaultyDisk(Disk):
    """`Disk` in memory. `cut_at` counts steps; `after` is called on every rename, as a reader would look then."""

    def __init__(self, root: Path) -> None:
        self.seen: dict[Path, _Node] = {root: _Node(folder=True)}
        self.kept: dict[Path, _Node] = dict(self.seen)
        self.changes: dict[Path, list[tuple[Path, _Node | None]]] = {}
        self.open: dict[int, _Node] = {}
        self.steps, self.cut_at = 0, -1
        self.after = lambda path: None

    def step(self) -> None:
        self.steps += 1
        if self.steps == self.cut_at:
            raise PowerCut

    def create(self, path, data):
        self.step()
        node = self.seen.get(path)
        if node is None:
            node = _Node()
            self._name(path, node)
        node.seen = data[: len(data) // 2]
        self.step()
        node.seen = data
        handle = 1000 + len(self.open)
        self.open[handle] = node
        return handle

    def sync(self, handle):
        self.step()
        node = self.open[handle]
        node.kept = node.seen

    def rename(self, source, target):
        self.step()
        node = self.seen[source]
        self._name(source, None)
        self._name(target, node)
        self.after(target)

    def make_folder(self, path):
        self.step()
        if path not in self.seen:
            self._name(path, _Node(folder=True))

    def sync_folder(self, path):
        self.step()
        for name, node in self.changes.pop(path, ()):
            _apply(self.kept, name, node)

    def read(self, path, limit):
        node = self.seen.get(path)
        return None if node is None or node.folder else node.seen[: limit + 1]

    def remove(self, path):
        self.step()
        for name in [n for n in self.seen if n == path or path in n.parents]:
            self._name(name, None)

    def lose(self, chance: random.Random, mode: str) -> None:
        """The power is gone; of what was not synced nothing, all, or anything at all is there afterwards."""
        for changes in self.changes.values():
            count = {"nothing": 0, "all": len(changes)}.get(mode, chance.randint(0, len(changes)))
            for name, node in changes[:count]:
                _apply(self.kept, name, node)
        self.changes.clear()
        self.open.clear()
        for node in {id(n): n for n in self.kept.values()}.values():
            if node.kept is None or (not node.folder and node.kept != node.seen):
                torn = {"nothing": 0, "all": len(node.seen)}.get(mode, chance.randint(0, len(node.seen)))
                node.kept = node.kept if node.kept is not None and mode == "nothing" else node.seen[:torn]
            node.seen = node.kept
        whole = {n for n, node in self.kept.items() if node.folder}
        self.kept = {n: node for n, node in self.kept.items() if n.parent in whole or n in self._roots()}
        self.seen = dict(self.kept)
        self.cut_at = -1

    def _roots(self) -> set[Path]:
        return {next(iter(self.seen))}

    def _name(self, path: Path, node: _Node | None) -> None:
        _apply(self.seen, path, node)
        self.changes.setdefault(path.parent, []).append((path, node))


def _apply(names: dict[Path, _Node], path: Path, node: _Node | None) -> None:
    if node is None:
        names.pop(path, None)
    else:
        names[path] = node
