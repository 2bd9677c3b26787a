"""All sheets of a target become one `LockState` for each pair of manifest and lock."""

from collections.abc import Callable, Iterable, Sequence

from assay.dependencies.cataloger import Sighting
from assay.dependencies.identity import Seen
from assay.dependencies.locks import installed as on_disk
from assay.dependencies.locks import names, neighbours, wishes
from assay.dependencies.locks.pairing import Pair, Placed, pairs
from assay.dependencies.locks.wishes import Found
from assay.dependencies.sheets import Sheet
from assay.model.inventory import Gap
from assay.model.limits import Limits
from assay.model.lock import HashState, LockDisagreement, LockState, Step

_REASONS_COUNT = 20
_BY = "locks"
_ROWS = "locks-"


def speaking(sightings: Iterable[Sighting]) -> list[Sighting]:
    """The few of the final root that say something of locks."""
    return [one for one in sightings if one.removed_by is None and _sheets(one)]


def judge(
    sightings: Iterable[Sighting],
    seen: Sequence[Seen],
    owned: Callable[[str], bool],
    *,
    installed: bool,
    limits: Limits,
) -> tuple[tuple[LockState, ...], tuple[Gap, ...]]:
    """Judge every project.

    Args:
        sightings: those that are `speaking`.
        seen: the packages on disk.
        owned: whether a package of the operating system owns a path: its manifests are no projects.
        installed: an image or an unpacked root, not a source tree.
        limits: `locks_count`, `lock_disagreements_count`.

    Returns:
        The states, sorted, and a gap if there are more projects than are judged.
    """
    placed = [
        Placed(one.path, sheet) for one in sightings if not (installed and owned(one.path)) for sheet in _sheets(one)
    ]
    placed = neighbours.explained(placed)
    if not placed:
        return (), ()
    disks = on_disk.Disks(seen, placed, installed=installed, owned=owned)
    found = sorted(pairs(placed), key=_order)
    states = tuple(_state(pair, disks, installed=installed, limits=limits) for pair in found[: limits.locks_count])
    if len(found) <= limits.locks_count:
        return states, ()
    why = f"{len(found)} projects with manifests or locks, limit {limits.locks_count}"
    return states, (Gap("limit", "", None, why, _BY),)


def _sheets(sighting: Sighting) -> tuple[Sheet, ...]:
    """What a file says; one that was too large to be read says that it is there."""
    fragment = sighting.fragment
    if fragment.sheets or not sighting.cataloguer.startswith(_ROWS) or not fragment.gaps:
        return fragment.sheets
    return names.damaged(sighting.path, fragment.gaps[0].reason)


def _order(pair: Pair) -> tuple[str, str]:
    return pair.manifest.path if pair.manifest else "", pair.lock.path if pair.lock else ""


def _state(pair: Pair, disks: on_disk.Disks, *, installed: bool, limits: Limits) -> LockState:
    manifest, lock = pair.manifest, pair.lock
    sheet = lock.sheet if lock is not None else manifest.sheet if manifest is not None else None
    if sheet is None:
        raise ValueError("a pair of nothing")
    found: list[Found] = []
    asked = list(wishes.compare(pair))
    disk = disks.beside(lock) if lock is not None else None
    laid: list[Found] = []
    if isinstance(disk, str):
        laid.append(disk)
    elif disk is not None:
        laid.extend(on_disk.compare(pair, disk, installed=installed))
    if lock is None and manifest is not None:
        found.append(_missing(manifest))
    hashed, unhashed, count = _hashes(lock)
    if hashed == "some" and lock is not None:
        found += [LockDisagreement("unhashed", name, "a digest", "", lock.path) for name in unhashed]
    if hashed == "unknown" and lock is not None:
        found.append(f"{lock.path}: its entries could not be read")
    every = [*found, *asked, *laid]
    differences = sorted({one for one in every if isinstance(one, LockDisagreement)})
    most = limits.lock_disagreements_count
    return LockState(
        ecosystem=sheet.ecosystem,
        tool=sheet.tool,
        manifest=manifest.path if manifest is not None else "",
        lock=lock.path if lock is not None else "",
        present="yes" if lock is not None else "no",
        hashed=hashed,
        entries_count=count,
        unhashed_count=len(unhashed),
        with_manifest=_step(asked, compared=manifest is not None and lock is not None),
        with_installed=_step(laid, compared=disk is not None),
        installed=disk.folder if isinstance(disk, on_disk.Disk) else "",
        disagreements=tuple(differences[:most]),
        more_count=max(0, len(differences) - most),
        reasons=_reasons({one for one in every if isinstance(one, str)}),
    )


def _missing(manifest: Placed) -> Found:
    if manifest.sheet.damaged:
        return f"{manifest.path} could not be read: {manifest.sheet.damaged}"
    count = len(manifest.sheet.wishes)
    asked = f"a lock of {count} direct dependencies" if count else "a lock"
    return LockDisagreement("missing-lock", "", asked, "", manifest.path)


def _hashes(lock: Placed | None) -> tuple[HashState, list[str], int]:
    """The state, the names without a digest, and how many entries there are."""
    if lock is None:
        return "none", [], 0
    sheet = lock.sheet
    entries = [entry for entry in sheet.entries if "[" not in entry.name]
    if sheet.damaged or (sheet.undecided and not entries):
        return "unknown", [], 0
    asked = [entry for entry in entries if not entry.local]
    bare = [f"{entry.name} {entry.version}".strip() for entry in asked if not entry.hashed]
    if not sheet.hashable and bare:
        return "impossible", bare, len(entries)
    if not bare:
        return "all", bare, len(entries)
    return ("none" if len(bare) == len(asked) else "some"), bare, len(entries)


def _step(found: Sequence[Found], *, compared: bool) -> Step:
    if not compared:
        return "absent"
    if any(isinstance(one, LockDisagreement) for one in found):
        return "no"
    return "unknown" if found else "yes"


def _reasons(said: set[str]) -> tuple[str, ...]:
    ordered = sorted(text[:500] for text in said)
    if len(ordered) <= _REASONS_COUNT:
        return tuple(ordered)
    return (*ordered[:_REASONS_COUNT], f"{len(ordered) - _REASONS_COUNT} more reasons")
