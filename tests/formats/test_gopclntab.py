"""The names of a Go program's functions, in the four layouts of its table."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.formats.chunks import ChunkView
from assay.formats.gopclntab import FunctionNames, read_functions
from assay.model.errors import MalformedError
from assay.model.limits import DEFAULT_LIMITS, Limits
from dependencies.gotables import table
from dependencies.programs import Order, elf, macho, pe

NAMES = ("main.main", "example.test/a.(*T).Put", "example.test/a.Walk.func1")
LAYOUTS = ["1.2", "1.16", "1.18", "1.20"]


def read(data: bytes, limits: Limits = DEFAULT_LIMITS) -> FunctionNames | None:
    return read_functions(ChunkView([data[:7], data[7:]], where="bin/app"), limits)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("width", [4, 8])
@pytest.mark.parametrize("order", ["little", "big"])
def test_every_layout_gives_its_names_inlined_ones_too(layout: str, width: int, order: Order) -> None:
    data = table(NAMES, ["example.test/a.Small"], layout=layout, width=width, order=order)
    found = read(elf(data, section=b".gopclntab", wide=width == 8, order=order))
    assert found is not None
    assert (found.layout, found.functions_count, found.exact) == (layout, 3, layout != "1.2")
    wanted = {name.encode() for name in (*NAMES, "example.test/a.Small")}
    if found.exact:
        assert set(found.names) == wanted
    else:
        assert all(any(name.endswith(one) for name in found.names) for one in wanted)


@pytest.mark.parametrize("section", [b".gopclntab", b".data.rel.ro.gopclntab"])
def test_a_section_names_the_table(section: bytes) -> None:
    assert read(elf(table(NAMES), section=section)) is not None


@pytest.mark.parametrize("wrap", [pe, lambda data: elf(data, section=None), lambda data: macho(data, section=b"__x")])
def test_without_a_section_the_table_is_found_by_its_first_bytes(wrap) -> None:
    data = wrap(bytes(64) + table(NAMES))
    found = read(data)
    assert found is not None
    assert set(found.names) == {name.encode() for name in NAMES}


def test_mach_o_names_its_section() -> None:
    assert read(macho(table(NAMES), section=b"__gopclntab")) is not None


def test_a_program_without_a_table_has_none() -> None:
    assert read(elf(b"nothing here" * 9, section=None)) is None
    assert read(b"no program") is None


def test_two_tables_and_no_section_say_nothing() -> None:
    one = table(NAMES)
    with pytest.raises(MalformedError, match="2 of them"):
        read(elf(one + bytes(-len(one) % 4) + table(NAMES), section=None))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_table_cut_anywhere_is_refused(layout: str) -> None:
    """Where functions, offsets or names are missing, nothing can be said to be absent."""
    data = table(NAMES, layout=layout)
    shortest = 8 if layout == "1.2" else 0
    for length in range(shortest, len(data) - 30, 3):
        with pytest.raises(MalformedError):
            read(elf(data[:length], section=b".gopclntab"))


def test_a_name_in_the_middle_of_another_is_no_name() -> None:
    data = bytearray(table(NAMES))
    at = data.rindex(len("main.main\0").to_bytes(4, "little"))
    data[at] += 2
    with pytest.raises(MalformedError, match="the name of a function is none"):
        read(elf(bytes(data), section=b".gopclntab"))


def test_a_table_past_the_limit_is_refused() -> None:
    with pytest.raises(MalformedError, match="limit 20"):
        read(elf(table(NAMES), section=b".gopclntab"), Limits(go_functions_bytes=20))


@given(st.data(), st.sampled_from(LAYOUTS))
def test_damaged_tables_give_names_or_one_error(data: st.DataObject, layout: str) -> None:
    whole = bytearray(table(NAMES, layout=layout))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with suppress(MalformedError):
        read(elf(bytes(whole), section=b".gopclntab"))
