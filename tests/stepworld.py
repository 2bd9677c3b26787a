"""A project of one step: its spec, its lock, and a toolchain whose packages are a folder's files."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from assay.adapters.localinputs import FolderInputs
from assay.adapters.spool import FileSpool
from assay.build.debian.root import Tree
from assay.build.lock import Lock
from assay.build.spec_read import PlacedSpec, read_spec
from assay.flows.lock import Locking, make_lock
from assay.model.limits import DEFAULT_LIMITS
from assay.model.tree import OwnedEntry, Owner, TreeEntry
from assay.ports.stores import ContentStore
from buildroot import pinned


class Ticking:
    """A clock that is a second later each time."""

    def __init__(self, second: int = 0) -> None:
        self._second = second

    def now(self) -> str:
        self._second += 1
        return f"2024-01-01T00:00:{self._second:02}Z"


def project(folder: Path) -> None:
    """What the spec names beside itself."""
    (folder / "s").mkdir()
    (folder / "s" / "in").write_text("input")
    (folder / "k").write_text("keys")


def spec_of(script: str, **step: object) -> PlacedSpec:
    """One step `go`, whose output `o` is the image."""
    wanted = {"name": "go", "toolchain": "c", "inputs": ["sources.s"], "run": script, "outputs": {"o": "*"}, **step}
    document = {
        "apiVersion": "assay.build/v1", "kind": "Image", "metadata": {"name": "t", "version": "1"}, "epoch": "5",
        "sources": {"s": {"type": "directory", "path": "s"}},
        "debian": {"d": {"suites": ["bookworm"], "keys": "k"}},
        "toolchains": {"c": {"debian": "d", "packages": ["dash"]}},
        "steps": [wanted], "image": {"install": [{"from": "steps.go.o", "to": "/o"}]},
    }  # fmt: skip
    return read_spec(json.dumps(document).encode(), where="assay.yaml")


def lock_of(placed: PlacedSpec, folder: Path, store: ContentStore) -> Lock:
    """Its lock; one blob stands for every package."""
    inputs = FolderInputs(folder, DEFAULT_LIMITS)
    at = Locking(inputs=inputs, fetcher=None, store=store, limits=DEFAULT_LIMITS)  # type: ignore[arg-type]
    return pinned(placed.spec, make_lock(placed, at), store)


def toolchain_of(root: Path, package_of: Callable[[str], str]) -> Callable[..., Tree]:
    """What takes the place of `of_role`: reading real packages is another test's business.

    Args:
        root: the folder.
        package_of: the package that a file belongs to, by its name.
    """

    def of_role(*given: object, spool: FileSpool, **more: object) -> Tree:
        return Tree(entries=tuple(_entry(root, path, spool, package_of) for path in _paths(root)), skipped=())

    return of_role


def _paths(root: Path) -> list[Path]:
    return [Path(place, name) for place, folders, files in os.walk(root) for name in (*folders, *files)]


def _entry(root: Path, path: Path, spool: FileSpool, package_of: Callable[[str], str]) -> OwnedEntry:
    entry = TreeEntry(path=os.fsencode(str(path.relative_to(root))), kind="directory", mode=0o755)
    if path.is_dir():
        return OwnedEntry(entry, Owner("rule", "x"))
    span = spool.add([path.read_bytes()])
    owner = Owner("package", package_of(path.name))
    return OwnedEntry(msgspec.structs.replace(entry, kind="file", size=span.size), owner, span)
