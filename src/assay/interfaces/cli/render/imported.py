"""What became of a Dockerfile, for a person: a line each instruction, the commands that need one, the score."""

from typing import Any

import click

from assay.interfaces.cli.render.text import cut, pad, safe, wrap

_WORDS = {
    "translated": "ok",
    "translated-needs-lock": "lock",
    "needs-human": "PERSON",
    "dropped": "dropped",
}
_COLOURS = {"ok": "blue", "lock": "cyan", "PERSON": "yellow", "dropped": "bright_black"}
"""Never colour alone: the word says it too."""
_SEVERITY_WIDTH = 8
_LEAST_WIDTH = 20


def table(found: Any, name: str, *, columns: int, colour: bool) -> str:
    """The report of `flows.import_dockerfile.Imported`."""
    lines = [safe(name)]
    for verdict in found.verdicts:
        lines += _verdict(verdict, columns, colour)
    if found.remarks:
        lines += ["", "Seen on the way:"]
        for remark in found.remarks:
            head = f"  {pad(remark.severity, _SEVERITY_WIDTH)} line {remark.line}: "
            lines += _after(head, f"{remark.code}: {safe(remark.why)}", columns)
    score = found.score
    counts = (
        f"{score.total} instructions: {score.translated} translated, {score.needs_lock} need a lock, "
        f"{score.needs_human} need a person, {score.dropped} dropped."
    )
    share = f"{score.automatic:.0%} without a person; " + ("buildable." if score.is_buildable else "not buildable yet.")
    lines += ["", *wrap(counts, columns), *wrap(share, columns)]
    return "\n".join(part for line in lines for part in ([line] if "\x1b" in line else [cut(line, columns)])) + "\n"


def _after(head: str, text: str, columns: int) -> list[str]:
    """A text behind its head, and as many lines under it as it takes: what a person is to do is never cut."""
    lines = wrap(text, max(columns, len(head) + _LEAST_WIDTH), " " * len(head))
    return [head + lines[0].lstrip(), *lines[1:]] if lines else [head]


def _verdict(verdict: Any, columns: int, colour: bool) -> list[str]:
    word = _WORDS[verdict.outcome]
    place = f"{verdict.start}" if verdict.start == verdict.end else f"{verdict.start}-{verdict.end}"
    why = safe(verdict.why)
    shown = pad(word, 8)
    head = f"{pad(place, 8)}{pad(verdict.instruction, 12)}{shown}"
    lines = _after(head, why, columns)
    if colour:
        lines[0] = lines[0].replace(shown, click.style(shown, fg=_COLOURS[word], bold=word == "PERSON"), 1)
    for command in verdict.commands:
        if command.outcome == "needs-human" and len(verdict.commands) > 1:
            lines.append(cut(f"{' ' * 20}{safe(command.text)}", columns))
            lines += wrap(safe(command.why), columns, " " * 22)
    return lines
