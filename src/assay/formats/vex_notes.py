"""What a VEX statement of ours knows and a form has no field for, kept as lines of its notes.

OpenVEX 0.2 allows no fields of one's own, and has no expiry. The lines stand at the end of `status_notes` (OpenVEX), of
a property `assay:vex:notes` (CycloneDX) or of a note (CSAF), one fact a line, for people and programs alike:

    assay:expires: 2026-12-01T00:00:00Z
    assay:scope: image
"""

from typing import Any, get_args

from assay.formats import wire
from assay.model.vex import VexConfidence, VexScope, VexStatement

_PREFIX = "assay:"
_SINGLE = ("expires", "scope", "confidence", "reason")
_CLOSED = {"scope": frozenset(get_args(VexScope)), "confidence": frozenset(get_args(VexConfidence))}


def pack(said: VexStatement) -> str:
    """Notes and facts as one text; empty where there are none."""
    lines = [f"{_PREFIX}{name}: {wire.escape_line(getattr(said, name))}" for name in _SINGLE if getattr(said, name)]
    lines += [f"{_PREFIX}evidence: {wire.escape_line(text)}" for text in said.evidence]
    lines += [f"{_PREFIX}word: {name} {wire.escape_line(text)}" for name, text in said.words]
    return "\n".join([said.notes] * bool(said.notes) + lines)


def unpack(text: str) -> dict[str, Any]:
    """The fields of a `VexStatement` a text holds: `notes`, and every fact of the lines at its end.

    A scope or a confidence of unknown spelling stays in the notes: it must not pass for one we know.
    """
    lines = text.split("\n") if text else []
    facts: dict[str, Any] = {}
    evidence: list[str] = []
    words: list[tuple[str, str]] = []
    while lines:
        name, colon, value = lines[-1].removeprefix(_PREFIX).partition(": ")
        value = wire.unescape_line(value)
        if not lines[-1].startswith(_PREFIX) or not colon or not value:
            break
        if name in _SINGLE and name not in facts and value in _CLOSED.get(name, {value}):
            facts[name] = value
        elif name == "evidence":
            evidence.append(value)
        elif name == "word":
            key, _, word = value.partition(" ")
            words.append((key, word))
        else:
            break
        lines.pop()
    facts |= {"evidence": tuple(reversed(evidence)), "words": tuple(sorted(words)), "notes": "\n".join(lines)}
    return {name: value for name, value in facts.items() if value}
