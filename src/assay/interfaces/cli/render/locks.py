"""The state of locks for a person: one line in every report, a table with each disagreement in `assay locks`."""

from collections.abc import Iterator, Sequence

import click

from assay.interfaces.cli.render.text import cut, cut_start, pad, safe, width, wrap
from assay.model.lock import LockDisagreement, LockState, counts

_HEAD = ("MANIFEST", "LOCK", "TOOL", "ENTRIES", "HASHED", "IN STEP WITH MANIFEST", "INSTALLED")
_NARROW = ("MANIFEST", "LOCK", "TOOL", "ENTRIES", "HASHED", "IN STEP", "INSTALLED")
_PLACE = 12
"""Columns a path has at least."""
_SHOWN = 10
_WORDS = {
    "missing-lock": "no lock",
    "unhashed": "without a digest",
    "not-locked": "asked for and not locked",
    "constraint": "locked outside of what is asked for",
    "not-recorded": "unknown to the lock",
    "other-constraint": "asked for differently",
    "not-wanted": "no longer asked for",
    "content-hash": "the lock was made from another manifest",
    "not-installed": "locked and not installed",
    "other-version": "installed in another version",
    "not-in-lock": "installed and not locked",
}


def line(locks: Sequence[LockState]) -> str:
    """`Locks: 3 projects, 1 without a lock, 1 not hashed, 2 out of step`; empty where there are none."""
    if not locks:
        return ""
    found = counts(locks)
    parts = [f"{found['total']} project{'s' * (found['total'] != 1)}"]
    words = {
        "missing": "without a lock",
        "unhashed": "not hashed throughout",
        "drifted": "out of step",
        "undecided": "undecided",
    }
    told = [f"{found[name]} {word}" for name, word in words.items() if found[name]]
    return "Locks: " + ", ".join(parts + (told or ["all hashed and in step"]))


def render(locks: Sequence[LockState], name: str, *, columns: int, colour: bool, everything: bool) -> str:
    """A table of the locks, then what each disagrees about; at most ten of each lock unless `everything`."""
    if not locks:
        return cut(f"{safe(name)}: no manifests and no locks", columns) + "\n"
    titles, rows = _HEAD, [_row(one) for one in locks]
    widths = _widths(titles, rows)
    if sum(widths) > columns:
        titles, rows = _NARROW, [(row[0], _beside(row[0], row[1]), *row[2:]) for row in rows]
        widths = _fitted(_widths(titles, rows), columns)
    head = _cells(titles, widths)
    lines = [safe(name), click.style(head, bold=True) if colour else head]
    for one, row in zip(locks, rows, strict=True):
        lines.append(_cells(row, widths))
        for text in _details(one, everything=everything):
            lines.extend(_laid(text, columns))
    lines += ["", line(locks)]
    return "\n".join(cut(text, columns) if "\x1b" not in text else text for text in lines) + "\n"


def _laid(text: str, columns: int) -> list[str]:
    """A disagreement or a reason over as many lines as it needs: one that is cut helps nobody."""
    first, *others = wrap(text.strip(), columns - 4) or [""]
    return [f"  {first}", *(f"    {line}" for line in others)]


def _row(one: LockState) -> tuple[str, ...]:
    hashed = f"{one.hashed} (-{one.unhashed_count})" if one.hashed == "some" else one.hashed
    texts = (one.manifest or "-", one.lock or "-", one.tool, str(one.entries_count), hashed)
    return tuple(safe(text) for text in (*texts, one.with_manifest, one.with_installed))


def _widths(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    """What each column takes, the two blanks behind it with it."""
    every = [max(width(row[i]) for row in (titles, *rows)) + 2 for i in range(len(titles))]
    return [*every[:-1], every[-1] - 2]


def _fitted(widths: Sequence[int], columns: int) -> list[int]:
    """The lock gives way first: which project it is, the manifest tells."""
    manifest, lock, *others = widths
    room, least = columns - sum(others), _PLACE + 2
    lock = min(lock, max(room - manifest, least))
    return [min(manifest, max(room - lock, least)), lock, *others]


def _beside(manifest: str, lock: str) -> str:
    """A lock in its manifest's folder by its own name: the folder already stands before it."""
    folder, slash, name = lock.rpartition("/")
    return f"…/{name}" if slash and folder == manifest.rpartition("/")[0] else lock


def _cells(row: Sequence[str], widths: Sequence[int]) -> str:
    paths = [cut_start(cell, most - 2) for cell, most in zip(row[:2], widths[:2], strict=True)]
    return "".join(pad(cell, most) for cell, most in zip((*paths, *row[2:]), widths, strict=True)).rstrip()


def _details(one: LockState, *, everything: bool) -> Iterator[str]:
    shown = one.disagreements if everything else one.disagreements[:_SHOWN]
    for found in shown:
        yield f"  ✗ {safe(said(found))}"
    more = one.more_count + len(one.disagreements) - len(shown)
    if more:
        yield f"  … {more} more" + ("" if everything else " with -v or -o json")
    for reason in one.reasons:
        yield f"  ? {safe(reason)}"


def said(found: LockDisagreement) -> str:
    """One disagreement in words: `left-pad: locked outside of what is asked for (expected ^2, found 1.3.0)`."""
    sides = [f"{word} {text}" for word, text in (("expected", found.expected), ("found", found.found)) if text]
    place = f" in {found.where}" if found.where else ""
    subject = f"{found.package}: " if found.package else ""
    both = f" ({', '.join(sides)})" if sides else ""
    return f"{subject}{_WORDS[found.kind]}{both}{place}"
