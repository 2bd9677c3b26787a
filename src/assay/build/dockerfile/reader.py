"""From instructions to stages: each instruction is judged by its row, in order, in the stage it stands in."""

from assay.build.dockerfile.instructions import ROWS
from assay.build.dockerfile.stage import Stage, Work
from assay.build.dockerfile.verdicts import Remark, Verdict
from assay.formats.dockerfile import Dockerfile, Instruction

_GLOBAL = frozenset({"ARG"})
"""What may stand before the first FROM."""
_PREDEFINED = {
    "TARGETPLATFORM": "linux/amd64",
    "TARGETOS": "linux",
    "TARGETARCH": "amd64",
    "BUILDPLATFORM": "linux/amd64",
}


def read(file: Dockerfile) -> tuple[Work, tuple[Verdict, ...]]:
    """Judge every instruction.

    Returns:
        What the stages say, and one verdict for each instruction, in order.
    """
    work = Work()
    last = max((n for n, one in enumerate(file.instructions) if one.name == "FROM"), default=-1)
    before = Stage(name="", line=0)
    verdicts = []
    for number, instruction in enumerate(file.instructions):
        if instruction.name == "FROM":
            work.stages.append(_begun(instruction, before, is_last=number == last))
        stage = work.stages[-1] if work.stages else before
        verdicts.append(_verdict(work, stage, instruction))
    if work.stages and work.stages[-1].user in ("", "root", "0", "0:0", "root:root"):
        why = "the image runs as root: name a user"
        work.warnings.append(Remark(code="root", severity="medium", line=work.stages[-1].line, why=why))
    return work, tuple(verdicts)


def _begun(instruction: Instruction, before: Stage, *, is_last: bool) -> Stage:
    words = instruction.arguments
    name = words[2].casefold() if len(words) == 3 and words[1].casefold() == "as" else ""
    # Arguments from before the first FROM hold in FROM alone, but an ARG without a value takes them up again.
    arguments = {**_PREDEFINED, **before.arguments}
    return Stage(
        name=name, line=instruction.start, base=words[0] if words else "", is_last=is_last, arguments=arguments
    )


def _verdict(work: Work, stage: Stage, instruction: Instruction) -> Verdict:
    if not work.stages and instruction.name not in _GLOBAL:
        return Verdict(
            instruction=instruction.name,
            start=instruction.start,
            end=instruction.end,
            outcome="needs-human",
            why="it stands before the first FROM",
        )
    outcome, why, commands = ROWS[instruction.name](work, stage, instruction)
    return Verdict(
        instruction=instruction.name,
        start=instruction.start,
        end=instruction.end,
        outcome=outcome,
        why=why,
        commands=commands,
    )
