"""deb822 paragraphs."""

from hypothesis import given
from hypothesis import strategies as st

from assay.formats.deb822 import paragraphs

WANTED = frozenset({"package", "version", "description"})


def test_fields_are_kept_by_lower_case_name_and_folded_lines_joined() -> None:
    text = "PACKAGE: a\nOther: x\n more of other\nDescription: short\n long\n .\n\tend\n\n\n\nPackage: b\nVersion:1\n"
    assert list(paragraphs(text, WANTED)) == [
        {"package": "a", "description": "short\nlong\n.\nend"},
        {"package": "b", "version": "1"},
    ]


def test_the_first_of_two_equal_fields_counts() -> None:
    assert list(paragraphs("Package: a\nPackage: b\n folded\n", WANTED)) == [{"package": "a"}]


def test_a_line_that_is_no_field_spoils_its_paragraph_only() -> None:
    assert list(paragraphs("Package: a\n\nnoise\n\n: x\n\nPackage: b\n", WANTED)) == [
        {"package": "a"},
        None,
        None,
        {"package": "b"},
    ]


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(sorted(WANTED)), st.from_regex(r"[!-~]([ -~]{0,20}[!-~])?", fullmatch=True), min_size=1
        ),
        min_size=1,
    )
)
def test_what_is_written_is_read(records: list[dict[str, str]]) -> None:
    text = "\n".join("".join(f"{name}: {value}\n" for name, value in record.items()) for record in records)
    assert list(paragraphs(text, WANTED)) == records
