"""What a shifted wall clock reached: asked of a program of the locked root, and told by the headers of the others.

The shift is a library that the loader is told to load first. A static program has no loader, and Go's programs read
the clock from the kernel's own page (`vdso(7)`), not through the C library: neither sees anything of it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from assay.formats.chunks import ChunkView
from assay.formats.elfnotes import read_elf
from assay.model.errors import MalformedError
from assay.model.rebuilding import ClockSeen, Variation
from assay.model.tree import OwnedEntry, Span

QUESTION = (
    "/bin/sh", "-c",
    "date '+date %s' || python3 -S -c 'import time; print(\"python3\", int(time.time()))'"
    " || perl -e 'print \"perl \", time'",
)  # fmt: skip
"""Asks the first program of the root that can tell the time; it answers with its name and Unix seconds."""
_SLACK_SECONDS = 2
_LISTED_COUNT = 3
_ELF = b"\x7fELF"


def answered(log: bytes, before: int, after: int, shift: int, *, step: str) -> ClockSeen:
    """What became of the question.

    Args:
        log: what was printed; the answer is a line of its own, among complaints perhaps.
        before: Unix seconds of the machine before it was asked.
        after: and afterwards.
        shift: seconds the program should be ahead.
        step: whose root it was.
    """
    for line in reversed(log.decode("utf-8", "replace").splitlines()):
        program, _, seconds = line.partition(" ")
        if program not in ("date", "python3", "perl") or not (seconds.isascii() and seconds.isdigit()):
            continue
        told = int(seconds[:15])
        if before + shift - _SLACK_SECONDS <= told <= after + shift + _SLACK_SECONDS:
            return ClockSeen(step=step, program=program, ahead=shift)
        return ClockSeen(step=step, program=program, why=f"{program} was shown the machine's clock, or another yet")
    said = " | ".join(log.decode("utf-8", "replace").strip().splitlines()[-2:])[:200]
    return ClockSeen(step=step, why=f"no program of its root told the time: {said or 'nothing was said'}")


def unreached(
    root: Iterable[OwnedEntry], read: Callable[[Span], Iterator[bytes]], most: int, ran: frozenset[str] | None
) -> tuple[str, ...]:
    """Programs of a root that see nothing of the shift; sorted paths.

    Args:
        root: its entries.
        read: gives the bytes of a span.
        most: greatest file looked into; a greater program counts as not reached.
        ran: only these; None for all.
    """
    found = set()
    for item in root:
        path = "/" + item.entry.path.decode("utf-8", "backslashreplace")
        if item.span is None or not item.entry.mode & 0o111 or (ran is not None and path not in ran):
            continue
        chunks = read(item.span)
        first = next(chunks, b"")
        if first.startswith(_ELF) and (item.span.size > most or _is_deaf([first, *chunks], path)):
            found.add(path)
    return tuple(sorted(found))


def _is_deaf(chunks: Sequence[bytes], path: str) -> bool:
    try:
        facts = read_elf(ChunkView(chunks, where=path))
    except MalformedError:
        return True
    return facts is not None and facts.program and (facts.from_go or not facts.dynamic)


def explained(line: str) -> str:
    """A line about two traces, with why where the shift itself is the reason: its library wants another one."""
    wanted = "only in the second" in line and line.endswith("/libm.so.6")
    return f"{line} (wanted by what shifts the clock)" if wanted else line


def settled(planned: Variation, seen: Iterable[ClockSeen]) -> Variation:
    """What was planned of the clock, with what was seen of it.

    Args:
        planned: state `varied`, or what cannot be varied, which stays.
        seen: of every step of every rebuild that was to be shifted.
    """
    if planned.state != "varied":
        return planned
    found = sorted({(one.step, one.program, one.ahead, one.why, one.unreached, one.ran) for one in seen})
    steps = [ClockSeen(step=s, program=p, ahead=a, why=w, unreached=u, ran=r) for s, p, a, w, u, r in found]
    reach = tuple(_line(one) for one in steps)
    if not any(one.ahead for one in steps):
        why = "; ".join(reach) or "no step ran, and nothing else of a build asks for the time"
        return Variation(name=planned.name, state="not varied", before=planned.before, why=why)
    whole = all(one.ahead and not (one.ran == "traced" and one.unreached) for one in steps)
    return msgspec.structs.replace(planned, state="varied" if whole else "partly varied", reach=reach)


def _line(one: ClockSeen) -> str:
    if not one.ahead:
        return f"step {one.step}: {one.why}"
    names = ", ".join(one.unreached[:_LISTED_COUNT])
    more = f" and {len(one.unreached) - _LISTED_COUNT} more" if len(one.unreached) > _LISTED_COUNT else ""
    kind = {
        ("traced", True): f"; of what ran it did not reach {names}{more}",
        ("traced", False): "; nothing that ran of its root was static or made by Go",
        ("unknown", True): f"; not traced: where these ran it did not reach them: {names}{more}",
        ("unknown", False): "; nothing in its root is static or made by Go",
    }[one.ran, bool(one.unreached)]
    return f"step {one.step}: {one.program} saw it, as programs do that the C library tells the time{kind}"
