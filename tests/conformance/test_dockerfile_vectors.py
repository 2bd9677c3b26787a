"""BuildKit's own cases: the same instructions, flags and arguments as its parser's tree."""

import pytest

from assay.formats import dockerfile
from assay.formats.dockerfile import Instruction
from support import SHARED, needs_shared, shared

CASES = sorted(path.name for path in (SHARED / "vectors/dockerfile").glob("*") if path.is_dir()) if SHARED else []


def quoted(text: str) -> str:
    """A string as Go's %q writes it, as far as the cases need it."""
    escapes = {"\\": "\\\\", '"': '\\"', "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\x00"}
    return '"' + "".join(escapes.get(letter, letter) for letter in text) + '"'


def arguments(instruction: Instruction) -> list[str]:
    if instruction.name not in ("ENV", "LABEL"):
        return [quoted(word) for word in instruction.arguments]
    pairs = zip(instruction.arguments[::2], instruction.arguments[1::2], strict=True)
    rest = instruction.text.strip().split(None, 1)[1].lstrip()
    sign = quoted("=" if rest.startswith(f"{instruction.arguments[0]}=") else "")
    return [part for name, value in pairs for part in (quoted(name), quoted(value), sign)]


def tree(instruction: Instruction) -> str:
    """One line of a case's result."""
    flags = [f"[{' '.join(quoted(flag) for flag in instruction.flags)}]"] if instruction.flags else []
    inner = [tree(instruction.inner)] if instruction.inner else []
    return f"({' '.join([instruction.name.lower(), *flags, *arguments(instruction), *inner])})"


@needs_shared
@pytest.mark.parametrize("case", CASES)
def test_the_instructions_are_those_of_the_reference_parser(case: str) -> None:
    folder = shared("vectors", "dockerfile", case)
    read = dockerfile.read((folder / "Dockerfile").read_bytes(), where=case)
    expected = (folder / "result").read_text().splitlines()
    assert [tree(one) for one in read.instructions] == [line for line in expected if line]
