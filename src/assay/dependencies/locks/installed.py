"""A lock against the packages that lie beside it: another version, one that is missing, one too many.

A group that is left out (development, optional packages) is no disagreement, and neither is a package whose condition
does not hold for the environment; where the condition cannot be judged, that is said.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from assay.dependencies.identity import Seen
from assay.dependencies.locks import markers, reading
from assay.dependencies.locks.pairing import Pair, Placed
from assay.dependencies.locks.wishes import Found, alias
from assay.dependencies.sheets import Entry
from assay.dependencies.versions import scheme_of_type
from assay.model.lock import LockDisagreement

_SITE = ("site-packages", "dist-packages")
_TOOLING = frozenset({"pip", "setuptools", "wheel", "uv", "distribute"})
"""Put into an environment by the tool that makes it."""


class Disk(msgspec.Struct, frozen=True):
    """The packages found beside one lock."""

    folder: str
    packages: tuple[tuple[str, str, str], ...]
    """Name, version, and the folder relative to the lock's ("" where it does not matter)."""
    own: bool = True
    """Whether the folder is this project's alone: then a package that is not locked is one too many."""


class Disks:
    """Finds the packages that lie beside a lock."""

    def __init__(
        self, seen: Sequence[Seen], sheets: Sequence[Placed], *, installed: bool, owned: Callable[[str], bool]
    ):
        """`owned` says whether a package of the system owns a path: what the system installed is no project's."""
        self._seen: dict[str, list[Seen]] = {}
        for one in seen:
            if one.visible and one.package.kind in ("package-metadata", "package-database"):
                self._seen.setdefault(one.package.ecosystem, []).append(one)
        self._sheets = [one for one in sheets if one.sheet.role == "installed"]
        self._installed, self._owned = installed, owned

    def beside(self, lock: Placed) -> Disk | str | None:
        """What lies beside a lock; None when nothing does, a text when it cannot be told which folder counts."""
        finder = _FINDERS.get(lock.sheet.ecosystem)
        return finder(self, lock) if finder is not None else None

    def _npm(self, lock: Placed) -> Disk | None:
        """`node_modules` beside the lock, and beside each member it locks."""
        roots = tuple(_below(lock.directory, _below(member, "node_modules/")) for member in ("", *lock.sheet.members))
        found = []
        for one in self._seen.get("npm", ()):
            if one.path.startswith(roots) and one.package.confidence == "certain":
                place = one.path[len(lock.directory) + 1 if lock.directory else 0 :].rpartition("/")[0]
                found.append((one.package.name, one.package.version, place))
        return Disk(roots[0].rstrip("/"), tuple(found)) if found else None

    def _pypi(self, lock: Placed) -> Disk | str | None:
        homes: dict[str, list[Seen]] = {}
        for one in self._seen.get("pypi", ()):
            home = _site(one.path)
            if home and not self._owned(one.path):
                homes.setdefault(home, []).append(one)
        inner = {home for home in homes if home.startswith(_below(lock.directory, "")) and lock.directory}
        own = bool(inner) or not self._installed
        if not self._installed:
            inner = {home for home in homes if home.startswith(_below(lock.directory, ""))}
        chosen = sorted(inner if own else homes)
        if not chosen:
            return None
        if len(chosen) > 1:
            return f"{len(chosen)} environments could be the one of {lock.path}: {', '.join(chosen[:3])}"
        found = ((reading.spelled("pypi", one.package.name), one.package.version, "") for one in homes[chosen[0]])
        return Disk(chosen[0], tuple(found), own=own)

    def _composer(self, lock: Placed) -> Disk | None:
        path = _below(lock.directory, "vendor/composer/installed.json")
        found = [one.package for one in self._seen.get("composer", ()) if one.path == path]
        rows = tuple((reading.spelled("composer", p.name), p.version, "") for p in found)
        return Disk(_below(lock.directory, "vendor"), rows) if rows else None

    def _gem(self, lock: Placed) -> Disk | None:
        """Bundler's own folder, or the gems of the whole image, of which several versions may lie side by side."""
        root = _below(lock.directory, "vendor/bundle/")
        gems = self._seen.get("gem", ())
        own = [one.package for one in gems if one.path.startswith(root)]
        found = own or ([one.package for one in gems] if self._installed else [])
        rows = tuple((package.name, package.version, "") for package in found)
        return Disk(root.rstrip("/") if own else "", rows, own=bool(own)) if rows else None

    def _vendored(self, lock: Placed) -> Disk | None:
        root = _below(lock.directory, "vendor/")
        found = [one for one in self._sheets if one.path.startswith(root)]
        rows = tuple((e.name, e.version, "") for one in found for e in one.sheet.entries)
        rows = rows if any(one.sheet.ecosystem == lock.sheet.ecosystem for one in found) else ()
        return Disk(root.rstrip("/"), rows) if rows else None


_FINDERS: dict[str, Callable[[Disks, Placed], Disk | str | None]] = {
    "npm": Disks._npm,
    "pypi": Disks._pypi,
    "composer": Disks._composer,
    "gem": Disks._gem,
    "golang": Disks._vendored,
    "cargo": Disks._vendored,
}


def _below(directory: str, name: str) -> str:
    return f"{directory}/{name}" if directory else name


def _site(path: str) -> str:
    """The folder of an installed distribution: what stands above its `dist-info`, if that is an environment's."""
    home = path.rpartition("/")[0].rpartition("/")[0]
    return home if home.rpartition("/")[2] in _SITE else ""


def compare(pair: Pair, disk: Disk, *, installed: bool) -> Iterator[Found]:
    """Everything in which a lock and the packages beside it differ, and what could not be decided.

    `installed`: the target is an image, which is Linux; a source tree may be of a Mac.
    """
    lock = pair.lock
    if lock is None:
        return
    if lock.sheet.damaged:
        yield f"{lock.path} could not be read: {lock.sheet.damaged}"
        return
    entries = [entry for entry in lock.sheet.entries if "[" not in entry.name]
    if lock.sheet.ecosystem == "golang":
        entries = _chosen(pair)
    if any(entry.place for entry in entries):
        yield from _by_place(entries, disk, lock)
    else:
        needed = _needed(lock, disk, installed=installed) if lock.sheet.ecosystem == "pypi" else _always
        if lock.sheet.tool in _GROUPLESS:
            needed = _asked(pair)
        yield from _by_name(entries, disk, lock, needed)


def _chosen(pair: Pair) -> list[Entry]:
    """`go.mod` chooses; `go.sum` only binds, and may hold more than is used (`go mod vendor` leaves the unused out)."""
    wishes = pair.manifest.sheet.wishes if pair.manifest is not None else ()
    return [Entry(w.name, w.wanted, grouped=w.group == "indirect", local=w.source == "local") for w in wishes]


def _by_place(entries: Iterable[Entry], disk: Disk, lock: Placed) -> Iterator[Found]:
    """npm: the folder of every package stands in the lock."""
    there = {place: (name, version) for name, version, place in disk.packages}
    locked = {entry.place: entry for entry in entries}
    for place, entry in locked.items():
        found = there.get(place)
        if found is None:
            if not entry.grouped and not entry.local:
                yield LockDisagreement("not-installed", entry.name, entry.version, "", place)
        elif entry.version and found[1] != entry.version and not entry.local:
            yield LockDisagreement("other-version", entry.name, entry.version, found[1], place)
    for place, (name, version) in there.items():
        if place not in locked:
            yield LockDisagreement("not-in-lock", name, "", version, place)


Needed = Callable[[str], bool | None]
"""Name → whether the project needs it here; None where nobody can tell."""
_GROUPLESS = frozenset({"yarn"})
"""Tools whose lock does not say which group wants a package."""


def _always(_name: str) -> bool | None:
    return True


def _asked(pair: Pair) -> Needed:
    """What the manifest itself names is known; what stands behind it may belong to any group."""
    groups: dict[str, bool] = {}
    for wish in pair.manifest.sheet.wishes if pair.manifest is not None else ():
        name = alias(wish)[0]
        groups[name] = groups.get(name, False) or not wish.group
    return groups.get


def _by_name(entries: Sequence[Entry], disk: Disk, lock: Placed, needed: Needed) -> Iterator[Found]:
    eco = lock.sheet.ecosystem
    there: dict[str, set[str]] = {}
    for name, version, _ in disk.packages:
        there.setdefault(reading.spelled(eco, name), set()).add(version)
    locked: dict[str, list[Entry]] = {}
    for entry in entries:
        locked.setdefault(entry.name, []).append(entry)
    for name, found in locked.items():
        if any(entry.local or not entry.version for entry in found):
            continue
        if name in there:
            yield from _versions(eco, name, {entry.version for entry in found}, there[name], disk)
        elif not all(entry.grouped for entry in found):
            answer = needed(name)
            versions = ", ".join(sorted(entry.version for entry in found))
            if answer:
                yield LockDisagreement("not-installed", name, versions, "", disk.folder)
            elif answer is None:
                yield f"{name} {versions} is not installed; whether it is needed here is not recorded"
    if disk.own:
        for name in sorted(there.keys() - locked.keys() - (_TOOLING if eco == "pypi" else frozenset())):
            yield LockDisagreement("not-in-lock", name, "", ", ".join(sorted(there[name])), disk.folder)


def _versions(eco: str, name: str, locked: set[str], there: set[str], disk: Disk) -> Iterator[Found]:
    compare = scheme_of_type(eco).compare
    matched = {a for a in there for b in locked if a == b or compare(a, b) == 0}
    if not matched:
        yield LockDisagreement("other-version", name, ", ".join(sorted(locked)), ", ".join(sorted(there)), disk.folder)
    elif disk.own and matched != there:
        extra = ", ".join(sorted(there - matched))
        yield LockDisagreement("not-in-lock", name, ", ".join(sorted(locked)), extra, disk.folder)


def _needed(lock: Placed, disk: Disk, *, installed: bool) -> Needed:
    """Whether the project needs a package in this environment: followed along the edges that lead to it."""
    python = markers.python_of(disk.folder + "/")
    systems = ("linux",) if installed else ("linux", "darwin")
    states: dict[str, bool | None] = {"": True}
    waiting: dict[str, list[tuple[str, bool | None]]] = {}
    for entry in lock.sheet.entries:
        if not entry.needed_by:
            states[entry.name] = True
        for parent, marker in entry.needed_by:
            holds = markers.holds(marker, python, systems)
            if holds is not False:
                waiting.setdefault(parent, []).append((entry.name, holds))
    stack = list(states)
    while stack:
        parent = stack.pop()
        for name, holds in waiting.get(parent, ()):
            answer = True if states[parent] and holds else None
            if name not in states or (answer and not states[name]):
                states[name] = answer
                stack.append(name)
    return lambda name: states.get(name, False)
