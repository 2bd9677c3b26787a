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


def table(found: Any, name: str, *, columns: int, colour: bool) -> str:
    """The report of `flows.import_dockerfile.Imported`."""
    lines = [safe(name)]
    for verdict in found.verdicts:
        lines += _verdict(verdict, columns, colour)
    if found.remarks:
        lines += ["", "Seen on the way:"]
        for remark in found.remarks:
            head = f"  {pad(remark.severity, _SEVERITY_WIDTH)} line {remark.line}: "
            text = wrap(f"{remark.code}: {safe(remark.why)}", columns - 4, "    ")
            lines += [cut(head + text[0].strip(), columns), *text[1:]]
    score = found.score
    lines += [
        "",
        f"{score.total} instructions: {score.translated} translated, {score.needs_lock} need a lock, "
        f"{score.needs_human} need a person, {score.dropped} dropped.",
        f"{score.automatic:.0%} without a person; " + ("buildable." if score.is_buildable else "not buildable yet."),
    ]
    return "\n".join(part for line in lines for part in ([line] if "\x1b" in line else [cut(line, columns)])) + "\n"


def _verdict(verdict: Any, columns: int, colour: bool) -> list[str]:
    word = _WORDS[verdict.outcome]
    place = f"{verdict.start}" if verdict.start == verdict.end else f"{verdict.start}-{verdict.end}"
    why = safe(verdict.why)
    shown = pad(word, 8)
    line = cut(f"{pad(place, 8)}{pad(verdict.instruction, 12)}{shown}{why}", columns)
    if colour:
        line = line.replace(shown, click.style(shown, fg=_COLOURS[word], bold=word == "PERSON"), 1)
    lines = [line]
    for command in verdict.commands:
        if command.outcome == "needs-human" and len(verdict.commands) > 1:
            lines.append(cut(f"{' ' * 20}{safe(command.text)}", columns))
            lines += wrap(safe(command.why), columns, " " * 22)
    return lines
