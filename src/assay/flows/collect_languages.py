"""Language dependencies as entries with owners, relative to the folder they are installed into."""

from collections.abc import Iterator

from assay.build import gomodules, npmtree, wheel
from assay.build import lock as locks
from assay.build.content import whole
from assay.model.digest import Digest
from assay.model.limits import Limits
from assay.model.tree import OwnedEntry, Owner, TreeEntry
from assay.ports.stores import ContentStore, Spool


def trees(lock: locks.Lock, store: ContentStore, spool: Spool, limits: Limits) -> dict[str, tuple[OwnedEntry, ...]]:
    """The tree of every set of dependencies, by its name.

    Wheels as an installer lays them; npm packages as `node_modules` holds them; Go modules as a proxy serves them from
    a folder (`GOPROXY=file://…`).

    Raises:
        MalformedError, UntrustedError: a package that is not what its own record says.
    """
    found: dict[str, list[OwnedEntry]] = {}
    for file in lock.python:
        data = whole(store, Digest.parse(file.sha256), limit=limits.build_input_bytes)
        owner = Owner("dependency", file.dependencies)
        found.setdefault(file.dependencies, []).extend(
            wheel.lay(data, file.file, owner=owner, spool=spool.add, limits=limits)
        )
    programs: set[tuple[str, bytes]] = set()
    for tarball in lock.npm:
        for item in _npm(tarball, store, spool, limits):
            key = (tarball.dependencies, item.entry.path)
            # Two packages may name one program: the first in the lock's order has it, every time.
            if item.entry.kind != "symlink" or key not in programs:
                found.setdefault(tarball.dependencies, []).append(item)
            programs.add(key)
    for module in lock.go:
        found.setdefault(module.dependencies, []).extend(_go(module, store, spool, limits))
    return {name: tuple(entries) for name, entries in found.items()}


def _npm(one: locks.NpmTarball, store: ContentStore, spool: Spool, limits: Limits) -> Iterator[OwnedEntry]:
    owner = Owner("dependency", one.dependencies)
    with store.open(Digest.parse(one.sha256)) as pieces:
        where = f"{one.name} {one.version}"
        yield from npmtree.lay(pieces, one.path, owner=owner, spool=spool.add, limits=limits, where=where)
        for _ in pieces:
            pass


def _go(one: locks.GoModule, store: ContentStore, spool: Spool, limits: Limits) -> Iterator[OwnedEntry]:
    owner = Owner("dependency", one.dependencies)
    module = gomodules.Module(path=one.module, version=one.version, hash=one.hash if one.info_sha256 else "")
    digests = {"zip": one.sha256, "info": one.info_sha256, "mod": one.mod_sha256}
    for kind, place in gomodules.places(module):
        digest = digests[kind]
        if digest is not None:
            data = whole(store, Digest.parse(digest), limit=limits.build_input_bytes)
            yield OwnedEntry(TreeEntry(path=place.encode(), size=len(data)), owner, spool.add([data]))
