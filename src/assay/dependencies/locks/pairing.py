"""Which lock belongs to which manifest: beside it, made from it, or above it for a member of a workspace."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from assay.dependencies.sheets import Sheet

_PYPROJECT = frozenset({"pyproject", "poetry", "setuptools"})
_TOOLS: Mapping[str, frozenset[str]] = {
    "uv": _PYPROJECT,
    "poetry": _PYPROJECT,
    "pdm": _PYPROJECT,
    "pylock": _PYPROJECT,
    "pipenv": frozenset({"pipenv"}),
    "pip": frozenset(),
    "gradle": frozenset({"gradle"}),
    "cabal": frozenset({"cabal"}),
    "stack": frozenset({"stack", "cabal"}),
}
"""Lock's tool → tools of the manifests it may lie beside; others: every manifest of the ecosystem."""
_ROOTED = frozenset({"cabal", "cargo", "stack", "yarn"})
"""Tools whose lock names no folders of members: the nearest one above counts."""
_SHRINKWRAP, _PACKAGE_LOCK = "npm-shrinkwrap.json", "package-lock.json"


class Placed(msgspec.Struct, frozen=True):
    """A sheet and the file it was read from."""

    path: str
    sheet: Sheet

    @property
    def directory(self) -> str:
        """The folder of the file, "" for the root."""
        return self.path.rpartition("/")[0]

    @property
    def base(self) -> str:
        """The file's own name."""
        return self.path.rpartition("/")[2]


class Pair(msgspec.Struct, frozen=True):
    """A manifest and its lock, of which one may be missing; `member` is the manifest's folder below the lock's."""

    manifest: Placed | None
    lock: Placed | None
    member: str = ""


def pairs(placed: Sequence[Placed]) -> Iterator[Pair]:
    """Every project once for each lock it has; a lock without a manifest, and a manifest without a lock, alone."""
    locks = [one for one in placed if one.sheet.role == "lock"]
    shrunk = {one.directory for one in locks if one.base == _SHRINKWRAP}
    locks = [one for one in locks if not (one.base == _PACKAGE_LOCK and one.directory in shrunk)]
    manifests = _speaking([one for one in placed if one.sheet.role == "manifest"], locks)
    beside = _by_directory(manifests)
    above = _by_directory(locks)
    locked: set[str] = set()
    alone: dict[str, Pair] = {}
    for lock in locks:
        found = [one for one in beside.get(lock.directory, ()) if _belongs(one, lock)]
        locked.update(one.path for one in found)
        yield from (Pair(one, lock) for one in found)
        if not found:
            alone[lock.path] = Pair(None, lock)
    for manifest in manifests:
        if manifest.path not in locked:
            pair = _member(manifest, above) or _pinned(manifest, above) or Pair(manifest, None)
            if pair.lock is not None and not pair.member:
                alone.pop(pair.lock.path, None)
            yield pair
    yield from alone.values()


def _by_directory(placed: Iterable[Placed]) -> dict[str, list[Placed]]:
    found: dict[str, list[Placed]] = {}
    for one in placed:
        found.setdefault(one.directory, []).append(one)
    return found


def _speaking(manifests: Sequence[Placed], locks: Sequence[Placed]) -> list[Placed]:
    """Without `setup.cfg` and `setup.py` where another file of the folder speaks for the Python project."""
    spoken = {one.directory for one in manifests if one.sheet.ecosystem == "pypi" and one.sheet.tool != "setuptools"}
    made = {(one.directory, name) for one in locks for name in one.sheet.made_from}
    first: dict[str, str] = {}
    for one in manifests:
        if one.sheet.tool == "setuptools" and one.sheet.wishes:
            first.setdefault(one.directory, one.path)
    return [
        one
        for one in manifests
        if one.sheet.tool != "setuptools"
        or (one.directory, one.base) in made
        or (one.directory not in spoken and first.get(one.directory, one.path) == one.path)
    ]


def _belongs(manifest: Placed, lock: Placed) -> bool:
    if manifest.sheet.ecosystem != lock.sheet.ecosystem:
        return False
    if lock.sheet.tool == "pip":
        return manifest.base in lock.sheet.made_from
    tools = _TOOLS.get(lock.sheet.tool)
    return manifest.sheet.tool in tools if tools is not None else manifest.sheet.tool != "gradle"


def _pinned(manifest: Placed, locks: Mapping[str, Sequence[Placed]]) -> Pair | None:
    """A requirements file that does not say what it was made from, and pins everything this project needs."""
    if manifest.sheet.ecosystem != "pypi":
        return None
    needs = {wish.name for wish in manifest.sheet.wishes if not wish.group and not wish.marker and not wish.source}
    folder = f"{manifest.directory}/requirements" if manifest.directory else "requirements"
    for lock in (*locks.get(manifest.directory, ()), *locks.get(folder, ())):
        if lock.sheet.tool == "pip" and needs and needs <= {entry.name for entry in lock.sheet.entries}:
            return Pair(manifest, lock)
    return None


def _member(manifest: Placed, locks: Mapping[str, Sequence[Placed]]) -> Pair | None:
    """The nearest lock in a folder above that locks this one too."""
    directory = manifest.directory
    while directory:
        directory = directory.rpartition("/")[0]
        inner = manifest.directory[len(directory) + 1 :] if directory else manifest.directory
        for lock in locks.get(directory, ()):
            sheet = lock.sheet
            if sheet.ecosystem != manifest.sheet.ecosystem or manifest.sheet.tool not in _TOOLS.get(
                sheet.tool, {manifest.sheet.tool}
            ):
                continue
            if inner in sheet.members or (sheet.tool in _ROOTED and not sheet.members):
                return Pair(manifest, lock, inner)
    return None
