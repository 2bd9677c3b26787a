"""A lock against its manifest: the digest it remembers, the copy it remembers, and each wish against what is locked."""

from collections.abc import Iterator, Mapping

from assay.dependencies.locks.constraints import satisfies
from assay.dependencies.locks.pairing import Pair, Placed
from assay.dependencies.sheets import Entry, Sheet, Wish
from assay.model.lock import LockDisagreement

_PEER = "peer"
_PARTLY = frozenset({"pip", "pylock", "pdm", "cabal", "stack"})
"""Tools that lock for one choice of groups."""
_EVERYWHERE = frozenset({"npm", "pnpm", "yarn", "bun", "go", "bundler", "composer"})
"""Tools without conditions: a wish with one is locked all the same."""
_UNSURE_DIGESTS = frozenset({"pdm"})
"""Tools whose digest is made differently from version to version: another one proves nothing."""

Found = LockDisagreement | str
"""A disagreement, or the reason why something could not be decided."""


def compare(pair: Pair) -> Iterator[Found]:
    """Everything in which a manifest and its lock differ, and what could not be decided."""
    if pair.manifest is None or pair.lock is None:
        return
    manifest, lock = pair.manifest, pair.lock
    for one in (manifest, lock):
        if one.sheet.damaged:
            yield f"{one.path} could not be read: {one.sheet.damaged}"
    if manifest.sheet.damaged or lock.sheet.damaged:
        return
    yield from (f"{one.path}: {said}" for one in (manifest, lock) for said in one.sheet.undecided)
    yield from _contents(manifest, lock)
    yield from _copies(manifest, lock, pair.member)
    names = _by_name(lock.sheet)
    for wish in manifest.sheet.wishes:
        if wish.group != _PEER and wish.source != "local":
            yield from _wish(wish, names, manifest, lock, pair.member)


def _contents(manifest: Placed, lock: Placed) -> Iterator[Found]:
    for tool, remembered in lock.sheet.contents:
        made = [value for name, value in manifest.sheet.contents if name == tool]
        if not made or remembered in made:
            continue
        if tool in _UNSURE_DIGESTS:
            yield f"{lock.path}: the digest of the manifest is made in a way not known here"
        else:
            yield LockDisagreement("content-hash", "", made[0], remembered, lock.path)


def _copies(manifest: Placed, lock: Placed, member: str) -> Iterator[Found]:
    copy = next((wishes for place, wishes in lock.sheet.recorded if place == member), None)
    if copy is None or (lock.sheet.tool == "stack" and manifest.sheet.tool != "stack"):
        return
    eco = lock.sheet.ecosystem
    asked: dict[str, set[str]] = {}
    kept: dict[str, set[str]] = {}
    for table, wishes in ((asked, manifest.sheet.wishes), (kept, copy)):
        for wish in wishes:
            table.setdefault(wish.name, set()).add("" if wish.source and eco != "npm" else _plain(eco, wish.wanted))
    known = {wish.name for wish in manifest.sheet.wishes if wish.group != _PEER and wish.source != "local"}
    whole = not manifest.sheet.undecided
    for name in sorted(known | kept.keys()):
        if name not in kept:
            yield LockDisagreement("not-recorded", name, _all(asked[name]), "", lock.path)
        elif name not in asked:
            if whole:
                yield LockDisagreement("not-wanted", name, "", _all(kept[name]), lock.path)
        elif name in known and kept[name] != asked[name] and _sourced(name, manifest.sheet.wishes, copy):
            yield LockDisagreement("other-constraint", name, _all(asked[name]), _all(kept[name]), lock.path)


def _sourced(name: str, wishes: tuple[Wish, ...], copy: tuple[Wish, ...]) -> bool:
    """Whether both sides speak of a constraint: where it comes from a place, each tool writes that in its own way."""
    return not any(wish.source in ("git", "url", "workspace") for wish in (*wishes, *copy) if wish.name == name)


def _all(values: set[str]) -> str:
    return " or ".join(sorted(value or "any" for value in values))


def _plain(ecosystem: str, wanted: str) -> str:
    """A constraint as written, without what the tools spell differently: order and blanks."""
    if ecosystem == "npm":
        return wanted
    parts = sorted(part.replace(" ", "") for part in wanted.split(",") if part.strip())
    return ",".join(part for part in parts if part not in (">=0", "*"))


def _by_name(sheet: Sheet) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for entry in sheet.entries:
        found.setdefault(entry.name, []).append(entry)
    return found


def _wish(wish: Wish, names: Mapping[str, list[Entry]], manifest: Placed, lock: Placed, member: str) -> Iterator[Found]:
    sheet = lock.sheet
    real, wanted = alias(wish)
    entries = _resolved(names.get(wish.name) or names.get(real, []), member)
    if not entries:
        if wish.group and sheet.tool in _PARTLY:
            return
        if member and sheet.tool == "yarn" and not sheet.recorded:
            yield f"{wish.name} is not locked; it may be a member of the workspace, which this lock does not list"
        elif sheet.groups and wish.group and wish.group not in sheet.groups:
            yield f"{wish.name} is not locked; this lock does not speak of {wish.group[:100]}"
        elif sheet.tool == "stack" and manifest.sheet.tool != "stack":
            yield f"{wish.name} is not locked here; the snapshot may hold it, of which this lock has only the digest"
        elif wish.marker and sheet.tool not in _EVERYWHERE:
            yield f"{wish.name} is not locked; whether it is needed depends on {wish.marker[:200]}"
        else:
            yield LockDisagreement("not-locked", wish.name, wanted or "any", "", lock.path)
        return
    if wish.source == "workspace":
        yield f"the constraint of {wish.name} stands in another manifest"
        return
    if wish.source or not wanted or any(entry.local or not entry.version for entry in entries):
        return
    answers = [satisfies(sheet.ecosystem, wanted, entry.version) for entry in entries]
    if True in answers:
        return
    if None in answers:
        yield f"{manifest.path}: whether {wish.name} {entries[0].version} satisfies {wanted[:200]!r} cannot be decided"
    else:
        versions = ", ".join(sorted({entry.version for entry in entries})[:5])
        yield LockDisagreement("constraint", wish.name, wanted, versions, lock.path)


def alias(wish: Wish) -> tuple[str, str]:
    """npm's `npm:real@range`: the package behind an alias, and what is wanted of it."""
    if not wish.wanted.startswith("npm:"):
        return wish.name, wish.wanted
    real, at, wanted = wish.wanted[4:].rpartition("@")
    if (not at and wish.wanted[4:5].isdigit()) or (not real and wish.wanted[4:5] in "^~<>=*"):
        return wish.name, wish.wanted[4:]
    return (real, wanted) if real else (wish.wanted[4:], "")


def _resolved(entries: list[Entry], member: str) -> list[Entry]:
    """Where entries have places, the one Node would find from the member's folder (npm documentation, "folders")."""
    if not any(entry.place for entry in entries):
        return entries
    places = {entry.place: entry for entry in entries}
    folder = member
    while True:
        prefix = f"{folder}/" if folder else ""
        for entry in entries:
            if entry.place == f"{prefix}node_modules/{entry.name}":
                return [places[entry.place]]
        if not folder:
            return []
        folder = folder.rpartition("/")[0]
