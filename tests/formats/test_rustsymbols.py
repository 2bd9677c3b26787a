"""Names of functions in Rust programs: both manglings, and what is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.formats.chunks import ChunkView
from assay.formats.rustsymbols import demangle, read_rust_functions
from assay.model.errors import MalformedError
from assay.model.limits import DEFAULT_LIMITS, Limits
from dependencies.programs import elf, pe

HASH = "17h0123456789abcdefE"


@pytest.mark.parametrize(
    ("mangled", "path"),
    [
        (f"_ZN4core3fmt9Formatter9write_str{HASH}", "core::fmt::Formatter::write_str"),
        (f"_ZN8smallvec17SmallVec$LT$A$GT$11insert_many{HASH}", "smallvec::SmallVec::insert_many"),
        (f"_ZN51_$LT$mycrate..Foo$u20$as$u20$core..fmt..Display$GT$3fmt{HASH}", "mycrate::Foo::fmt"),
        (f"_ZN3foo3bar28_$u7b$$u7b$closure$u7d$$u7d${HASH}", "foo::bar::_{{closure}}"),
        ("_RNvCskwGfYPst2Cb_3foo16example_function", "foo::example_function"),
        ("_RNvNtCs1234_7mycrate3foo3bar", "mycrate::foo::bar"),
        ("_RNvMNtCs1234_7mycrate3fooNtB2_3Bar3baz", "mycrate::foo::Bar::baz"),
        ("_RNvMs_Cs1234_7mycrateINtB4_3VecpE4push", "mycrate::Vec::push"),
        ("_RINvNtC3std3mem8align_ofdE", "std::mem::align_of"),
        ("_RNCNvC3foo3bar0", "foo::bar"),
        ("_ZN3foo3barEv", ""),
        ("_ZN3foo99bar17h0123456789abcdefE", ""),
        ("_ZN", ""),
        ("_R", ""),
        ("_RB_", ""),
        ("_RNvNvNvNv", ""),
        ("main", ""),
    ],
)
def test_paths_without_hash_and_generics(mangled: str, path: str) -> None:
    assert demangle(mangled) == path


@given(st.text(st.sampled_from("_RZNCIMBvst0123456789aE$."), max_size=60))
def test_any_text_gives_a_path_or_nothing(text: str) -> None:
    for start in ("_ZN", "_R", ""):
        assert isinstance(demangle(start + text), str)


def test_deep_and_long_names_end_at_once() -> None:
    assert demangle("_R" + "Nv" * 2000 + "C1a1b") == ""
    assert demangle("_RNvB" + "0" * 3000 + "_1a") == ""
    assert demangle("_ZN" + "1a" * 100_000) == ""


def test_the_names_of_a_program() -> None:
    names = b"\0main\0_RNvNtCs1234_7mycrate3foo3bar\0" + f"_ZN3foo3bar{HASH}\0".encode() + b"\xff_ZN\0"
    view = ChunkView([elf(names, section=b".strtab")], where="app")
    assert read_rust_functions(view, DEFAULT_LIMITS) == ("foo::bar", "mycrate::foo::bar")
    with pytest.raises(MalformedError, match="limit 2"):
        read_rust_functions(view, Limits(go_functions_count=2))
    with pytest.raises(MalformedError, match="limit 9"):
        read_rust_functions(view, Limits(go_functions_bytes=9))


def test_stripped_and_other_programs_name_none() -> None:
    for data in (elf(b"x"), pe(b"x"), b"text"):
        assert read_rust_functions(ChunkView([data], where="app"), DEFAULT_LIMITS) == ()
