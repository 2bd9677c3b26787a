"""Function tables that were made to take time or memory, or to hide what is there."""

import time

import pytest

from assay.dependencies.go_program import Functions, GoProgram, read_program
from assay.formats.chunks import ChunkView
from assay.formats.gopclntab import read_functions
from assay.model.errors import MalformedError
from assay.model.limits import DEFAULT_LIMITS, Limits
from dependencies.gotables import go_program, table
from dependencies.programs import elf

SIZE = 1 << 18
SECONDS = 5.0
PATTERNS = [
    "A" * SIZE,
    "a.T[" * (SIZE // 4),
    "a.(*T[" * (SIZE // 6),
    "a.T." * (SIZE // 4),
    "\x01" * SIZE,
    "a.b\x00" * 999,
]


@pytest.mark.parametrize("layout", ["1.2", "1.20"])
@pytest.mark.parametrize("text", PATTERNS, ids=range(len(PATTERNS)))
def test_long_names_take_linear_time(layout: str, text: str) -> None:
    start = time.process_time()
    program = read_program(ChunkView([go_program([text], layout=layout)], where="app"), DEFAULT_LIMITS)
    assert program is not None
    functions = Functions(program, DEFAULT_LIMITS)
    assert not functions.has("a", "T.M")
    assert not functions.has("b", "F")
    assert not functions.has_package("c/d")
    assert time.process_time() - start < SECONDS


@pytest.mark.parametrize("layout", ["1.2", "1.20"])
def test_too_many_names_are_refused(layout: str) -> None:
    data = elf(table([f"a.F{n}" for n in range(50)], layout=layout), section=b".gopclntab")
    with pytest.raises(MalformedError, match="limit 40"):
        read_functions(ChunkView([data], where="app"), Limits(go_functions_count=40))


def test_a_program_that_hides_its_table_behind_another_proves_nothing() -> None:
    """An embedded program's clean table beside the real one: nobody knows which is whose."""
    data = go_program(["example.test/lib.Bad"]) + bytes(8) + table(["runtime.main", "example.test/lib.Good"])
    data += bytes(-len(data) % 4) + table(["runtime.main", "example.test/lib.Good"])
    program = read_program(ChunkView([data], where="app"), DEFAULT_LIMITS)
    assert program is not None
    assert "no section says which" in program.doubt


def test_bytes_that_are_not_utf8_lose_no_name() -> None:
    names = b"\n".join(b"\xff" * 50 for _ in range(3)) + b"\0a.F\0"
    data = elf(table(["runtime.main"], layout="1.2") + names, section=b".gopclntab")
    found = read_functions(ChunkView([data], where="app"), DEFAULT_LIMITS)
    assert found is not None
    assert b"a.F" in found.names
    assert Functions(GoProgram(), DEFAULT_LIMITS).has("a", "F") is False
