"""What became of each instruction and command, and what was seen on the way."""

from collections.abc import Iterable
from typing import Literal

import msgspec

Outcome = Literal["dropped", "translated", "translated-needs-lock", "needs-human"]
_ORDER: tuple[Outcome, ...] = ("dropped", "translated", "translated-needs-lock", "needs-human")
"""From the best to the worst; an instruction has that of its worst command."""


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """One command of a RUN, or a whole instruction that has none."""

    outcome: Outcome
    text: str
    """As written, on one line, cut short where it is long."""
    line: int
    why: str = ""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """One instruction: as many verdicts as instructions, always."""

    instruction: str
    start: int
    end: int
    outcome: Outcome
    why: str = ""
    commands: tuple[Judgement, ...] = ()


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """Something an image should not have: a finding of the importer."""

    code: Literal[
        "secret", "pipe-to-shell", "world-writable", "set-id", "no-digest", "unverified-download", "root", "ignore-file"
    ]
    severity: Literal["critical", "high", "medium", "low"]
    line: int
    why: str


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """How many instructions had which outcome."""

    translated: int = 0
    needs_lock: int = 0
    needs_human: int = 0
    dropped: int = 0

    @property
    def total(self) -> int:
        """All instructions."""
        return self.translated + self.needs_lock + self.needs_human + self.dropped

    @property
    def automatic(self) -> float:
        """The share that nobody has to look at, 0 to 1."""
        return (self.total - self.needs_human) / self.total if self.total else 0.0

    @property
    def is_buildable(self) -> bool:
        """One open question, and the spec is refused until a person has answered it."""
        return self.needs_human == 0


def score(verdicts: Iterable[Verdict]) -> Score:
    """Count the outcomes."""
    counts = dict.fromkeys(_ORDER, 0)
    for verdict in verdicts:
        counts[verdict.outcome] += 1
    return Score(
        translated=counts["translated"],
        needs_lock=counts["translated-needs-lock"],
        needs_human=counts["needs-human"],
        dropped=counts["dropped"],
    )


def worst(judgements: Iterable[Judgement]) -> tuple[Outcome, str]:
    """The worst outcome and its first reason; without any command there is nothing to build, so it is dropped."""
    found: tuple[Outcome, str] = ("dropped", "it does nothing")
    rank = -1
    for judgement in judgements:
        place = _ORDER.index(judgement.outcome)
        if place > rank:
            found, rank = (judgement.outcome, judgement.why), place
    return found
